package org.quantalang.abi;

/** The C types that most signatures are made of. */
public final class CTypes {
    /** {@code void}. */
    public static final CType VOID = CPrimitive.VOID;

    /** {@code _Bool}. */
    public static final CType BOOL = CPrimitive.BOOL;

    /** {@code char}. */
    public static final CType CHAR = CPrimitive.CHAR;

    /** {@code short}. */
    public static final CType SHORT = CPrimitive.SHORT;

    /** {@code int}. */
    public static final CType INT = CPrimitive.INT;

    /** {@code unsigned int}. */
    public static final CType UINT = CPrimitive.UINT;

    /** {@code long}. */
    public static final CType LONG = CPrimitive.LONG;

    /** {@code unsigned long}. */
    public static final CType ULONG = CPrimitive.ULONG;

    /** {@code long long}. */
    public static final CType LONG_LONG = CPrimitive.LONG_LONG;

    /** {@code float}. */
    public static final CType FLOAT = CPrimitive.FLOAT;

    /** {@code double}. */
    public static final CType DOUBLE = CPrimitive.DOUBLE;

    /** {@code long double}. */
    public static final CType LONG_DOUBLE = CPrimitive.LONG_DOUBLE;

    /** {@code size_t}. */
    public static final CType SIZE_T = CPrimitive.SIZE_T;

    /** {@code void *}. */
    public static final CType VOID_POINTER = new CType.Pointer(CPrimitive.VOID);

    /** {@code const void *}. */
    public static final CType CONST_VOID_POINTER = CType.constPointer(CPrimitive.VOID);

    /** {@code char *}. */
    public static final CType CHAR_POINTER = new CType.Pointer(CPrimitive.CHAR);

    /** {@code const char *}. */
    public static final CType CONST_CHAR_POINTER = CType.constPointer(CPrimitive.CHAR);

    private CTypes() {}
}
