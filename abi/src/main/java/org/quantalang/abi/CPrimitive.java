package org.quantalang.abi;

import org.quantalang.abi.Target.Architecture;
import org.quantalang.abi.Target.Os;

/** The scalar C types that have a name of their own, {@code void}, and {@code va_list}. */
public enum CPrimitive implements CType {
    /** {@code void}. */
    VOID("void", Kind.VOID),
    /** {@code _Bool}. */
    BOOL("_Bool", Kind.UNSIGNED),
    /** Plain {@code char}: signed or not, as the target says. */
    CHAR("char", Kind.SIGNED),
    /** {@code signed char}. */
    SCHAR("signed char", Kind.SIGNED),
    /** {@code unsigned char}. */
    UCHAR("unsigned char", Kind.UNSIGNED),
    /** {@code short}. */
    SHORT("short", Kind.SIGNED),
    /** {@code unsigned short}. */
    USHORT("unsigned short", Kind.UNSIGNED),
    /** {@code int}. */
    INT("int", Kind.SIGNED),
    /** {@code unsigned int}. */
    UINT("unsigned int", Kind.UNSIGNED),
    /** {@code long}. */
    LONG("long", Kind.SIGNED),
    /** {@code unsigned long}. */
    ULONG("unsigned long", Kind.UNSIGNED),
    /** {@code long long}. */
    LONG_LONG("long long", Kind.SIGNED),
    /** {@code unsigned long long}. */
    ULONG_LONG("unsigned long long", Kind.UNSIGNED),
    /** {@code __int128}. */
    INT128("__int128", Kind.SIGNED),
    /** {@code unsigned __int128}. */
    UINT128("unsigned __int128", Kind.UNSIGNED),
    /** {@code int8_t}. */
    INT8("int8_t", Kind.SIGNED),
    /** {@code uint8_t}. */
    UINT8("uint8_t", Kind.UNSIGNED),
    /** {@code int16_t}. */
    INT16("int16_t", Kind.SIGNED),
    /** {@code uint16_t}. */
    UINT16("uint16_t", Kind.UNSIGNED),
    /** {@code int32_t}. */
    INT32("int32_t", Kind.SIGNED),
    /** {@code uint32_t}. */
    UINT32("uint32_t", Kind.UNSIGNED),
    /** {@code int64_t}. */
    INT64("int64_t", Kind.SIGNED),
    /** {@code uint64_t}. */
    UINT64("uint64_t", Kind.UNSIGNED),
    /** {@code size_t}. */
    SIZE_T("size_t", Kind.UNSIGNED),
    /** {@code ssize_t}. */
    SSIZE_T("ssize_t", Kind.SIGNED),
    /** {@code intptr_t}. */
    INTPTR_T("intptr_t", Kind.SIGNED),
    /** {@code uintptr_t}. */
    UINTPTR_T("uintptr_t", Kind.UNSIGNED),
    /** {@code ptrdiff_t}. */
    PTRDIFF_T("ptrdiff_t", Kind.SIGNED),
    /** {@code wchar_t}: width and signedness are the target's. */
    WCHAR_T("wchar_t", Kind.SIGNED),
    /** {@code char16_t}. */
    CHAR16_T("char16_t", Kind.UNSIGNED),
    /** {@code char32_t}. */
    CHAR32_T("char32_t", Kind.UNSIGNED),
    /** {@code _Float16}. */
    FLOAT16("_Float16", Kind.FLOAT),
    /** {@code float}. */
    FLOAT("float", Kind.FLOAT),
    /** {@code double}. */
    DOUBLE("double", Kind.FLOAT),
    /** {@code long double}: its format is the target's. */
    LONG_DOUBLE("long double", Kind.FLOAT),
    /** {@code __float128}. */
    FLOAT128("__float128", Kind.FLOAT),
    /** {@code va_list}: a pointer, a struct or an array, as the target says. */
    VA_LIST("va_list", Kind.OTHER);

    private enum Kind {
        VOID,
        SIGNED,
        UNSIGNED,
        FLOAT,
        OTHER
    }

    private final String cName;
    private final Kind kind;

    CPrimitive(String cName, Kind kind) {
        this.cName = cName;
        this.kind = kind;
    }

    /**
     * Returns the name in C.
     *
     * @return for example {@code unsigned int}
     */
    public String cName() {
        return cName;
    }

    @Override
    public long size(Target target) {
        DataModel model = target.dataModel();
        return switch (this) {
            case VOID ->
                    throw new IllegalArgumentException("void has no size; only pointers to it do");
            case BOOL, CHAR, SCHAR, UCHAR, INT8, UINT8 -> 1;
            case SHORT, USHORT, INT16, UINT16, CHAR16_T, FLOAT16 -> 2;
            case INT, UINT, INT32, UINT32, CHAR32_T, FLOAT -> 4;
            case LONG, ULONG -> model.longBytes();
            case LONG_LONG, ULONG_LONG, INT64, UINT64, DOUBLE -> 8;
            case INT128, UINT128 -> requireInt128(target);
            case SIZE_T, SSIZE_T, INTPTR_T, UINTPTR_T, PTRDIFF_T -> model.pointerBytes();
            case WCHAR_T -> model.wcharBytes();
            case LONG_DOUBLE -> model.longDoubleBytes();
            case FLOAT128 -> 16;
            case VA_LIST -> model.vaListBytes();
        };
    }

    private int requireInt128(Target target) {
        if (!target.dataModel().hasInt128()) {
            throw new IllegalArgumentException(
                    "%s does not exist on target=%s".formatted(cName, target));
        }
        return 16;
    }

    @Override
    public long alignment(Target target) {
        return switch (this) {
            case LONG_LONG, ULONG_LONG, INT64, UINT64, DOUBLE -> target.dataModel().wideAlignment();
            case LONG_DOUBLE -> target.dataModel().longDoubleAlignment();
            case VA_LIST -> target.dataModel().vaListAlignment();
            default -> size(target);
        };
    }

    @Override
    public boolean isInteger() {
        return kind == Kind.SIGNED || kind == Kind.UNSIGNED;
    }

    @Override
    public boolean isFloat() {
        return kind == Kind.FLOAT;
    }

    @Override
    public boolean isSigned(Target target) {
        return switch (this) {
            case CHAR -> target.dataModel().charSigned();
            case WCHAR_T -> target.dataModel().wcharSigned();
            default -> kind == Kind.SIGNED || kind == Kind.FLOAT;
        };
    }

    /** Returns what {@code va_list} is on the target, as the conventions treat it. */
    static boolean vaListIsPointer(Target target) {
        boolean struct =
                target.os() == Os.LINUX
                        && (target.architecture() == Architecture.AARCH64
                                || target.architecture() == Architecture.ARM);
        boolean array =
                target.architecture() == Architecture.X86_64
                        && (target.os() == Os.LINUX || target.os() == Os.DARWIN);
        return !struct && !array;
    }

    @Override
    public String declare(String name) {
        return name.isEmpty() ? cName : cName + " " + name;
    }

    @Override
    public String toString() {
        return cName;
    }
}
