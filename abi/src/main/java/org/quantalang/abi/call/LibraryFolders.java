package org.quantalang.abi.call;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The folders where the loader of Linux looks for shared libraries. Those that cannot be read are
 * as good as empty: the loader has the last word.
 */
final class LibraryFolders {
    private static final List<String> USUAL = List.of("/lib64", "/usr/lib64", "/lib", "/usr/lib");
    private static final Path CONFIGURATION = Path.of("/etc/ld.so.conf");
    private static final int MAX_DEPTH = 8; // files that include files
    private static final Pattern VERSION = Pattern.compile("[0-9]{1,9}(\\.[0-9]{1,9}){0,7}");

    private final List<Path> folders;

    LibraryFolders(List<Path> folders) {
        this.folders = folders;
    }

    static LibraryFolders system() {
        List<Path> folders = new ArrayList<>();
        String path = System.getenv("LD_LIBRARY_PATH");
        if (path != null) {
            for (String folder : path.split("[:;]", -1)) {
                add(folder, folders);
            }
        }
        readConfiguration(CONFIGURATION, folders, 0);
        for (String folder : USUAL) {
            add(folder, folders);
        }
        return new LibraryFolders(folders);
    }

    private static void add(String folder, List<Path> into) {
        try {
            if (!folder.isEmpty()) {
                into.add(Path.of(folder));
            }
        } catch (InvalidPathException _) {
            // no folder of this name can exist
        }
    }

    /** Reads lines that are folders, or {@code include} with a pattern of more such files. */
    static void readConfiguration(Path file, List<Path> into, int depth) {
        if (depth > MAX_DEPTH) {
            return;
        }
        for (String line : lines(file)) {
            String text = line.replaceAll("#.*", "").strip();
            if (text.startsWith("include ")) {
                for (Path included : included(file, text.substring("include ".length()).strip())) {
                    readConfiguration(included, into, depth + 1);
                }
            } else {
                add(text, into);
            }
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        } catch (IOException _) {
            return List.of();
        }
    }

    private static List<Path> included(Path file, String pattern) {
        try {
            Path whole = file.resolveSibling(pattern);
            Path folder = whole.getParent();
            PathMatcher matcher = whole.getFileSystem().getPathMatcher("glob:" + whole);
            return folder == null ? List.of() : files(folder, matcher::matches);
        } catch (IllegalArgumentException _) { // no path, or no pattern
            return List.of();
        }
    }

    private static List<Path> files(Path folder, DirectoryStream.Filter<Path> wanted) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, wanted)) {
            files.forEach(found::add);
        } catch (IOException | DirectoryIteratorException _) {
            return List.of();
        }
        found.sort(null);
        return found;
    }

    /**
     * Returns the file name of the highest version, such as {@code libm.so.6} for {@code libm.so};
     * of two that begin alike the shorter, which is what programs are linked to.
     */
    Optional<String> newest(String fileName) {
        String prefix = fileName + ".";
        Optional<String> best = Optional.empty();
        for (Path folder : folders) {
            for (Path file : files(folder, file -> name(folder, file).startsWith(prefix))) {
                String version = name(folder, file).substring(prefix.length());
                if (VERSION.matcher(version).matches()
                        && (best.isEmpty() || isNewer(version, best.get()))) {
                    best = Optional.of(version);
                }
            }
        }
        return best.map(version -> prefix + version);
    }

    private static String name(Path folder, Path file) {
        return folder.relativize(file).toString();
    }

    private static boolean isNewer(String version, String than) {
        int[] a = numbers(version);
        int[] b = numbers(than);
        int different = Arrays.mismatch(a, b);
        if (different < 0) {
            return false;
        }
        return different == a.length || (different < b.length && a[different] > b[different]);
    }

    private static int[] numbers(String version) {
        return Arrays.stream(version.split("\\.", -1)).mapToInt(Integer::parseInt).toArray();
    }
}
