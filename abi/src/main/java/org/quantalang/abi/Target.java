package org.quantalang.abi;

import static org.quantalang.abi.DataModel.FloatFormat.BINARY128;
import static org.quantalang.abi.DataModel.FloatFormat.BINARY64;
import static org.quantalang.abi.DataModel.FloatFormat.X87;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A platform that C code is compiled for: gives the data model, the rules for records, and the
 * calling conventions. The numbers are what clang 19 uses for each triple.
 */
public enum Target {
    /** Linux and the like on x86-64, glibc. */
    X86_64_LINUX_GNU("x86_64-pc-linux-gnu", Architecture.X86_64, Os.LINUX, lp64X86()),
    /** macOS on x86-64. */
    X86_64_DARWIN("x86_64-apple-darwin", Architecture.X86_64, Os.DARWIN, lp64X86()),
    /** Windows on x86-64 with Microsoft's compiler. */
    X86_64_WINDOWS_MSVC("x86_64-pc-windows-msvc", Architecture.X86_64, Os.WINDOWS_MSVC, msvc(8)),
    /** Windows on x86-64 with MinGW. */
    X86_64_WINDOWS_GNU(
            "x86_64-w64-windows-gnu",
            Architecture.X86_64,
            Os.WINDOWS_GNU,
            new DataModel(8, 4, 8, 16, 16, X87, 2, false, true, 16, 8, 8, true, false, 0)),
    /** Linux on 32-bit x86. */
    I686_LINUX_GNU(
            "i686-pc-linux-gnu",
            Architecture.X86,
            Os.LINUX,
            new DataModel(4, 4, 4, 12, 4, X87, 4, true, true, 16, 4, 4, false, false, 0)),
    /** Windows on 32-bit x86 with Microsoft's compiler. */
    I686_WINDOWS_MSVC("i686-pc-windows-msvc", Architecture.X86, Os.WINDOWS_MSVC, msvc(4)),
    /** Windows on 32-bit x86 with MinGW. */
    I686_WINDOWS_GNU(
            "i686-w64-windows-gnu",
            Architecture.X86,
            Os.WINDOWS_GNU,
            new DataModel(4, 4, 8, 12, 4, X87, 2, false, true, 16, 4, 4, false, false, 0)),
    /** Linux on 64-bit Arm. */
    AARCH64_LINUX_GNU(
            "aarch64-linux-gnu",
            Architecture.AARCH64,
            Os.LINUX,
            new DataModel(8, 8, 8, 16, 16, BINARY128, 4, false, false, 16, 32, 8, true, false, 0)),
    /** macOS on 64-bit Arm. */
    ARM64_DARWIN(
            "arm64-apple-darwin",
            Architecture.AARCH64,
            Os.DARWIN,
            new DataModel(8, 8, 8, 8, 8, BINARY64, 4, true, true, 8, 8, 8, true, false, 0)),
    /** Windows on 64-bit Arm. */
    AARCH64_WINDOWS_MSVC("aarch64-pc-windows-msvc", Architecture.AARCH64, Os.WINDOWS_MSVC, msvc(8)),
    /** Linux on 32-bit Arm, floating point in VFP registers. */
    ARMV7_LINUX_GNUEABIHF("armv7-linux-gnueabihf", Architecture.ARM, Os.LINUX, arm()),
    /** Linux on 32-bit Arm, floating point in core registers. */
    ARMV7_LINUX_GNUEABI("armv7-linux-gnueabi", Architecture.ARM, Os.LINUX, arm()),
    /** Linux on 64-bit RISC-V with double-precision registers (LP64D). */
    RISCV64_LINUX_GNU(
            "riscv64-linux-gnu",
            Architecture.RISCV64,
            Os.LINUX,
            new DataModel(8, 8, 8, 16, 16, BINARY128, 4, true, false, 16, 8, 8, true, false, 0)),
    /** WebAssembly, 32-bit addresses. */
    WASM32(
            "wasm32",
            Architecture.WASM32,
            Os.NONE,
            new DataModel(4, 4, 8, 16, 16, BINARY128, 4, true, true, 16, 4, 4, true, false, 0));

    /** The instruction set. */
    public enum Architecture {
        /** x86 with 64-bit registers. */
        X86_64,
        /** x86 with 32-bit registers. */
        X86,
        /** Arm with 64-bit registers. */
        AARCH64,
        /** Arm with 32-bit registers. */
        ARM,
        /** RISC-V with 64-bit registers. */
        RISCV64,
        /** WebAssembly. */
        WASM32
    }

    /** The operating system together with its compiler's family. */
    public enum Os {
        /** Linux, gcc and clang. */
        LINUX,
        /** Apple's systems, clang. */
        DARWIN,
        /** Windows, Microsoft's compiler. */
        WINDOWS_MSVC,
        /** Windows, gcc and clang for MinGW. */
        WINDOWS_GNU,
        /** No operating system. */
        NONE
    }

    /** How the fields of a record are placed. */
    public enum RecordRules {
        /** The System V rules as gcc and clang have them. */
        GNU,
        /** Microsoft's rules. */
        MSVC,
        /** The GNU rules with Microsoft's bit-fields. */
        MINGW
    }

    private static final String VENDOR =
            "(-(?!linux|darwin|mac|windows|win32|mingw|cygwin|wasi|emscripten)[a-z0-9_]+)?";
    private static final Pattern LINUX_GNU = Pattern.compile(VENDOR + "-linux(-gnu)?");
    private static final Pattern LINUX_EABI = Pattern.compile(VENDOR + "-linux(-gnueabi(hf)?)?");
    private static final Pattern DARWIN = Pattern.compile(VENDOR + "-(darwin|macosx?)[0-9.]*");
    private static final Pattern WINDOWS_MSVC =
            Pattern.compile(VENDOR + "-(windows|win32)[0-9.]*(-msvc[0-9.]*)?");
    private static final Pattern WINDOWS_GNU =
            Pattern.compile(VENDOR + "-(mingw(32|64)?|(windows|win32)-gnu(llvm)?)");
    private static final Pattern WASM =
            Pattern.compile(VENDOR + "-(unknown|none|wasi(p[12])?(-threads)?)");

    private final String triple;
    private final Architecture architecture;
    private final Os os;

    @SuppressWarnings("ImmutableEnumChecker") // a record of numbers and enums
    private final DataModel dataModel;

    Target(String triple, Architecture architecture, Os os, DataModel dataModel) {
        this.triple = triple;
        this.architecture = architecture;
        this.os = os;
        this.dataModel = dataModel;
    }

    private static DataModel lp64X86() {
        return new DataModel(8, 8, 8, 16, 16, X87, 4, true, true, 16, 24, 8, true, false, 0);
    }

    private static DataModel msvc(int pointer) {
        return new DataModel(
                pointer,
                4,
                8,
                8,
                8,
                BINARY64,
                2,
                false,
                true,
                8,
                pointer,
                pointer,
                pointer == 8,
                true,
                4);
    }

    private static DataModel arm() {
        return new DataModel(4, 4, 8, 8, 8, BINARY64, 4, false, false, 8, 4, 4, false, false, 0);
    }

    /**
     * Returns the platform that this virtual machine runs on.
     *
     * @return the host
     * @throws UnsupportedOperationException if it is none of the known targets
     */
    public static Target host() {
        return ofSystem(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    static Target ofSystem(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        boolean windows = os.startsWith("windows");
        boolean mac = os.startsWith("mac");
        return switch (osArch) {
            case "amd64", "x86_64" ->
                    windows ? X86_64_WINDOWS_MSVC : mac ? X86_64_DARWIN : X86_64_LINUX_GNU;
            case "aarch64" ->
                    windows ? AARCH64_WINDOWS_MSVC : mac ? ARM64_DARWIN : AARCH64_LINUX_GNU;
            case "riscv64" -> RISCV64_LINUX_GNU;
            case "x86", "i386", "i686" -> windows ? I686_WINDOWS_MSVC : I686_LINUX_GNU;
            case "arm" -> ARMV7_LINUX_GNUEABIHF;
            default ->
                    throw new UnsupportedOperationException(
                            "no target for this machine: os.name=%s os.arch=%s; known: %s"
                                    .formatted(osName, osArch, triples()));
        };
    }

    /**
     * Finds a target by its triple, in any of the usual spellings ({@code x86_64-linux-gnu}, {@code
     * amd64-unknown-linux-gnu}, {@code x86_64-w64-mingw32}, {@code aarch64-apple-macos14}, ...).
     *
     * @param triple what compilers call the platform
     * @return the target
     * @throws IllegalArgumentException if it is unknown; the message lists the known ones
     */
    public static Target parse(String triple) {
        String wanted = triple.strip().toLowerCase(Locale.ROOT);
        if (wanted.isEmpty()) {
            throw new IllegalArgumentException("no target given; known: " + triples());
        }
        for (Target target : values()) {
            if (target.triple.equals(wanted)) {
                return target;
            }
        }
        String name = wanted.split("-", -1)[0];
        String rest = wanted.substring(name.length());
        Architecture architecture = parseArchitecture(name);
        boolean softFloat = architecture == Architecture.ARM && !rest.endsWith("hf");
        for (Target target : values()) {
            if (target.architecture == architecture
                    && target.systems().matcher(rest).matches()
                    && softFloat == (target == ARMV7_LINUX_GNUEABI)) {
                return target;
            }
        }
        throw new IllegalArgumentException(
                "unknown target: triple=%s; known: %s".formatted(triple, triples()));
    }

    /** The spellings behind the architecture; what else there is has an ABI of its own. */
    private Pattern systems() {
        return switch (os) {
            case LINUX -> architecture == Architecture.ARM ? LINUX_EABI : LINUX_GNU;
            case DARWIN -> DARWIN;
            case WINDOWS_MSVC -> WINDOWS_MSVC;
            case WINDOWS_GNU -> WINDOWS_GNU;
            case NONE -> WASM;
        };
    }

    private static Architecture parseArchitecture(String name) {
        return switch (name) {
            case "x86_64", "amd64", "x64" -> Architecture.X86_64;
            case "i386", "i486", "i586", "i686", "x86" -> Architecture.X86;
            case "aarch64", "arm64" -> Architecture.AARCH64;
            case "arm", "armv7", "armv7a", "armv7l" -> Architecture.ARM;
            case "riscv64", "riscv64gc" -> Architecture.RISCV64;
            case "wasm32" -> Architecture.WASM32;
            default ->
                    throw new IllegalArgumentException(
                            "unknown target: architecture=%s; known: %s"
                                    .formatted(name, triples()));
        };
    }

    private static String triples() {
        return Arrays.stream(values()).map(Target::triple).collect(Collectors.joining(" "));
    }

    /**
     * Returns the triple in the project's spelling.
     *
     * @return for example {@code x86_64-pc-linux-gnu}
     */
    public String triple() {
        return triple;
    }

    /**
     * Returns the instruction set.
     *
     * @return the instruction set
     */
    public Architecture architecture() {
        return architecture;
    }

    /**
     * Returns the operating system.
     *
     * @return the operating system with its compiler family
     */
    public Os os() {
        return os;
    }

    /**
     * Returns the sizes and alignments of the scalar types.
     *
     * @return the data model
     */
    public DataModel dataModel() {
        return dataModel;
    }

    /**
     * Returns how records are laid out.
     *
     * @return the rules
     */
    public RecordRules recordRules() {
        return switch (os) {
            case WINDOWS_MSVC -> RecordRules.MSVC;
            case WINDOWS_GNU -> RecordRules.MINGW;
            default -> RecordRules.GNU;
        };
    }

    /**
     * Returns whether this is Windows, with either compiler family.
     *
     * @return whether it is Windows
     */
    public boolean isWindows() {
        return os == Os.WINDOWS_MSVC || os == Os.WINDOWS_GNU;
    }

    /**
     * Returns up to which size {@code _Atomic} pads and aligns a type for atomic accesses.
     *
     * @return the size in bytes
     */
    public long widestAtomicBytes() {
        return switch (architecture) {
            case X86_64, AARCH64, RISCV64 -> 16;
            case X86, ARM, WASM32 -> 8;
        };
    }

    /**
     * Returns whether a bit-field without a name raises the alignment of its record: so says the
     * procedure call standard of Arm, but not Apple's.
     *
     * @return whether it does
     */
    public boolean unnamedBitFieldsAlign() {
        return os == Os.LINUX
                && (architecture == Architecture.AARCH64 || architecture == Architecture.ARM);
    }

    @Override
    public String toString() {
        return triple;
    }
}
