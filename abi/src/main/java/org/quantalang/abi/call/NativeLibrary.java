package org.quantalang.abi.call;

import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CType;
import org.quantalang.abi.CTypes;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * A C library whose functions can be looked up by name. Immutable; any thread. Symbols of an opened
 * library are valid until its arena closes.
 */
public final class NativeLibrary {
    private static final int RTLD_LAZY = 1;

    private final String name;
    private final SymbolLookup lookup;

    private NativeLibrary(String name, SymbolLookup lookup) {
        this.name = name;
        this.lookup = lookup;
    }

    /**
     * Returns the C library that this virtual machine runs on, with the functions the platform
     * always offers.
     *
     * @return the C library
     */
    public static NativeLibrary libc() {
        return new NativeLibrary("the C library", Linker.nativeLinker().defaultLookup());
    }

    /**
     * Opens a library. For a bare name such as {@code z} these are tried in order:
     *
     * <ol>
     *   <li>the name itself;
     *   <li>the platform's spelling of it, such as {@code libz.so}. Development packages install
     *       such a file, and some are scripts for the linker that no loader opens ({@code
     *       libm.so});
     *   <li>on Linux {@code libz.so.N}, N being the highest version in the loader's folders: those
     *       of {@code LD_LIBRARY_PATH}, of {@code /etc/ld.so.conf} and the usual ones.
     * </ol>
     *
     * @param library a path, a file name that the system's loader finds ({@code libz.so.1}), or a
     *     bare name
     * @param arena the library stays loaded until it closes
     * @return the library
     * @throws IllegalArgumentException if it cannot be opened; the message lists what was tried and
     *     what the system's loader said
     */
    @SuppressWarnings("restricted") // runs the library's initializers, which the caller asked for
    public static NativeLibrary open(String library, Arena arena) {
        if (library.isBlank() || library.indexOf(0) >= 0) {
            throw new IllegalArgumentException(
                    "not the name of a library: name='%s'".formatted(library.replace('\0', '?')));
        }
        boolean isPath = library.contains("/") || library.contains("\\");
        StringJoiner reasons = new StringJoiner("; ");
        for (String candidate : isPath ? List.of(library) : spellings(library)) {
            try {
                SymbolLookup lookup =
                        isPath
                                ? SymbolLookup.libraryLookup(Path.of(candidate), arena)
                                : SymbolLookup.libraryLookup(candidate, arena);
                return new NativeLibrary(candidate, lookup);
            } catch (IllegalArgumentException e) {
                reasons.add("tried %s: %s".formatted(candidate, reason(candidate, isPath)));
            }
        }
        throw new IllegalArgumentException(
                "cannot open library: name=%s; %s".formatted(library, reasons));
    }

    private static List<String> spellings(String library) {
        List<String> spellings = new ArrayList<>(List.of(library));
        String mapped = System.mapLibraryName(library);
        if (!library.contains(".") && !mapped.equals(library)) {
            spellings.add(mapped);
            if (mapped.endsWith(".so")) {
                LibraryFolders.system().newest(mapped).ifPresent(spellings::add);
            }
        }
        return spellings;
    }

    private static String reason(String candidate, boolean isPath) {
        if (isPath && !Files.exists(Path.of(candidate))) {
            return "no such file";
        }
        return loaderMessage(candidate).orElse("the system's loader refused it");
    }

    /** Asks the loader again, itself, since the JDK drops its message. */
    private static Optional<String> loaderMessage(String candidate) {
        NativeLibrary libc = libc();
        if (libc.find("dlopen").isEmpty() || libc.find("dlerror").isEmpty()) {
            return Optional.empty();
        }
        // void *dlopen(const char *filename, int flags); char *dlerror(void)
        MethodHandle open =
                libc.downcall(
                                "dlopen",
                                CFunctionSignature.of(
                                        CTypes.VOID_POINTER, CTypes.CONST_CHAR_POINTER, CTypes.INT))
                        .handle();
        MethodHandle error =
                libc.downcall("dlerror", CFunctionSignature.of(CTypes.CHAR_POINTER)).handle();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment _ =
                    (MemorySegment) open.invokeExact(CString.allocate(arena, candidate), RTLD_LAZY);
            String text = CString.read((MemorySegment) error.invokeExact());
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (Throwable e) {
            throw new AssertionError("a downcall handle declares Throwable but throws nothing", e);
        }
    }

    /**
     * Returns where the library was found.
     *
     * @return its name or path
     */
    public String name() {
        return name;
    }

    /**
     * Looks for a function or variable.
     *
     * @param symbol its name
     * @return its address, or empty
     */
    public Optional<MemorySegment> find(String symbol) {
        return lookup.find(symbol);
    }

    /**
     * Returns a function or variable.
     *
     * @param symbol its name
     * @return its address
     * @throws IllegalArgumentException if the library has none of that name; the message names the
     *     library
     */
    public MemorySegment symbol(String symbol) {
        return find(symbol)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "symbol not found: name=%s; searched: %s"
                                                .formatted(symbol, name)));
    }

    /**
     * Looks a function up and binds it.
     *
     * @param symbol its name
     * @param signature its signature
     * @return the bound function
     * @throws IllegalArgumentException if there is no such symbol, or the host's linker cannot make
     *     such calls
     */
    public Downcall downcall(String symbol, CFunctionSignature signature) {
        return Downcall.bind(symbol(symbol), signature);
    }

    /**
     * Looks a variadic function up and binds it for one list of further arguments.
     *
     * @param symbol its name
     * @param signature its signature, variadic
     * @param arguments types of the arguments after the fixed ones
     * @return the bound function
     */
    public Downcall downcall(String symbol, CFunctionSignature signature, List<CType> arguments) {
        return Downcall.bindVariadic(symbol(symbol), signature, arguments);
    }
}
