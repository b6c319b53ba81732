package org.quantalang.core.internal.classgraph;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The class files of the JDK that runs this program, as its {@code jrt:} file system shows them.
 * Thread-safe.
 */
final class ModuleImage {
    /** Big enough to make a task worth its spawn, small enough that 64 modules spread evenly. */
    private static final int CLASSES_PER_BATCH = 200;

    private final Path modules;

    private ModuleImage(Path modules) {
        this.modules = modules;
    }

    static ModuleImage ofThisJdk() {
        FileSystem image = FileSystems.getFileSystem(URI.create("jrt:/"));
        return new ModuleImage(image.getPath("/modules"));
    }

    /** Class files of one module, for one task. */
    record Batch(String module, List<Path> files) {}

    /** Lists all class files, module by module in the order of names; the order is reproducible. */
    List<Batch> batches() throws IOException {
        var batches = new ArrayList<Batch>();
        for (Path module : sortedChildren(modules)) {
            List<Path> files;
            try (Stream<Path> tree = Files.walk(module)) {
                files =
                        tree.filter(file -> file.toString().endsWith(".class"))
                                .filter(file -> !file.endsWith("module-info.class"))
                                .sorted()
                                .toList();
            }
            String name = module.getFileName().toString();
            for (int from = 0; from < files.size(); from += CLASSES_PER_BATCH) {
                int to = Math.min(files.size(), from + CLASSES_PER_BATCH);
                batches.add(new Batch(name, files.subList(from, to)));
            }
        }
        return batches;
    }

    /** Parses one batch; any thread. */
    static List<ClassRecord> read(Batch batch) throws IOException {
        var reader = new ClassFileReader();
        var records = new ArrayList<ClassRecord>(batch.files().size());
        for (Path file : batch.files()) {
            records.add(reader.read(batch.module(), Files.readAllBytes(file)));
        }
        return records;
    }

    private static List<Path> sortedChildren(Path folder) throws IOException {
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(Files::isDirectory).sorted().toList();
        }
    }
}
