package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;

import java.util.Set;

/** The words in front of a declarator: storage, qualifiers, and the words that make a base type. */
final class Specifiers {
    private static final Set<String> STORAGE =
            Set.of(
                    "extern",
                    "static",
                    "auto",
                    "register",
                    "_Thread_local",
                    "__thread",
                    "thread_local");
    private static final Set<String> IGNORED =
            Set.of(
                    "inline",
                    "__inline",
                    "__inline__",
                    "__forceinline",
                    "_Noreturn",
                    "__extension__",
                    "_Nonnull",
                    "_Nullable",
                    "__unaligned",
                    "__ptr32",
                    "__ptr64",
                    "__sptr",
                    "__uptr",
                    "__w64",
                    "constexpr");
    private static final Set<String> KEYWORDS =
            Set.of("void", "char", "short", "int", "long", "float", "double", "signed", "unsigned");
    private static final Set<String> TYPE_WORDS =
            Set.of(
                    "void",
                    "char",
                    "short",
                    "int",
                    "long",
                    "float",
                    "double",
                    "signed",
                    "__signed__",
                    "__signed",
                    "unsigned",
                    "_Bool",
                    "_Complex",
                    "__complex__",
                    "__int128",
                    "__int128_t",
                    "__uint128_t",
                    "__int8",
                    "_int8",
                    "__int16",
                    "_int16",
                    "__int32",
                    "_int32",
                    "__int64",
                    "_int64",
                    "_Float16",
                    "__float128",
                    "_Float128",
                    "_Float64x",
                    "_Float32",
                    "_Float64",
                    "_Float32x");

    final Attributes attributes = new Attributes();
    final Qualifiers qualifiers = new Qualifiers();
    boolean isTypedef;
    @Nullable Token storage; // typedef included
    @Nullable CType named; // a record, an enum, a typedef

    private @Nullable String base; // one of the type words
    private int longs;
    private boolean isShort;
    private boolean isSigned;
    private boolean isUnsigned;
    private boolean isComplex;

    Specifiers() {}

    static boolean isSpecifierWord(String word) {
        return STORAGE.contains(word)
                || IGNORED.contains(word)
                || TYPE_WORDS.contains(word)
                || Qualifiers.has(word)
                || word.equals("typedef");
    }

    static boolean isIgnored(String word) {
        return IGNORED.contains(word);
    }

    boolean hasType() {
        return named != null
                || base != null
                || longs > 0
                || isShort
                || isSigned
                || isUnsigned
                || isComplex;
    }

    static boolean isStorage(String word) {
        return STORAGE.contains(word) || word.equals("typedef");
    }

    /** Whether a word can only be part of a type, never a declared name. */
    static boolean isKeywordOfType(String word) {
        return KEYWORDS.contains(word);
    }

    /**
     * Notes a storage class; two go together only if one is about threads, or both are the same.
     */
    boolean mayHaveStorage(Token token) {
        Token before = storage;
        storage = token;
        return before == null
                || before.text().equals(token.text())
                || isOfThread(before) != isOfThread(token);
    }

    private static boolean isOfThread(Token token) {
        return token.is("_Thread_local") || token.is("thread_local") || token.is("__thread");
    }

    /** Takes a word that is no type; returns whether it was one of those. */
    boolean takeStorage(String word) {
        if (word.equals("typedef")) {
            isTypedef = true;
            return true;
        }
        return qualifiers.take(word) || STORAGE.contains(word);
    }

    /** Takes a word of a basic type; returns whether it was one. */
    boolean takeTypeWord(String word) {
        if (!TYPE_WORDS.contains(word)) {
            return false;
        }
        switch (word) {
            case "long" -> longs++;
            case "short", "__int16", "_int16" -> {
                if (isShort) {
                    return false;
                }
                isShort = true;
            }
            case "signed", "__signed__", "__signed" -> {
                if (isSigned) {
                    return false;
                }
                isSigned = true;
            }
            case "unsigned" -> {
                if (isUnsigned) {
                    return false;
                }
                isUnsigned = true;
            }
            case "_Complex", "__complex__" -> isComplex = true;
            default -> {
                if (base != null) {
                    return false;
                }
                base =
                        switch (word) {
                            case "__int8", "_int8" -> "char";
                            case "__int32", "_int32" -> "int";
                            case "_int64" -> "__int64";
                            default -> word;
                        };
            }
        }
        return true;
    }

    /** Returns the type without qualifiers, or null if the words make none. */
    @Nullable CType type() {
        CType type = named != null ? onlyNamed() : arithmetic();
        if (type == null || !isComplex) {
            return type;
        }
        return type.isFloat() || type.isInteger() ? new CType.Complex(type) : null;
    }

    private @Nullable CType onlyNamed() {
        boolean more = base != null || longs > 0 || isShort || isSigned || isUnsigned || isComplex;
        return more ? null : named;
    }

    private @Nullable CType arithmetic() {
        if ((isSigned && isUnsigned) || longs > 2 || (isShort && longs > 0)) {
            return null;
        }
        boolean sized = isShort || longs > 0;
        String word = base != null ? base : isComplex && !sized ? "double" : "int";
        boolean plain = !sized && !isSigned && !isUnsigned;
        return switch (word) {
            case "int" -> integer();
            case "char" -> sized ? null : character();
            case "__int128" -> sized ? null : isUnsigned ? CPrimitive.UINT128 : CPrimitive.INT128;
            case "__int64" ->
                    sized ? null : isUnsigned ? CPrimitive.ULONG_LONG : CPrimitive.LONG_LONG;
            case "double" -> {
                boolean longDouble = longs == 1 && !isShort && !isSigned && !isUnsigned;
                yield longDouble ? CPrimitive.LONG_DOUBLE : plain ? CPrimitive.DOUBLE : null;
            }
            default -> plain ? word(word) : null;
        };
    }

    private CType character() {
        return isUnsigned ? CPrimitive.UCHAR : isSigned ? CPrimitive.SCHAR : CPrimitive.CHAR;
    }

    private static CType word(String word) {
        return switch (word) {
            case "void" -> CPrimitive.VOID;
            case "_Bool" -> CPrimitive.BOOL;
            case "float", "_Float32" -> CPrimitive.FLOAT;
            case "_Float16" -> CPrimitive.FLOAT16;
            case "_Float64", "_Float32x" -> CPrimitive.DOUBLE;
            case "_Float64x" -> CPrimitive.LONG_DOUBLE;
            case "__int128_t" -> CPrimitive.INT128;
            case "__uint128_t" -> CPrimitive.UINT128;
            default -> CPrimitive.FLOAT128;
        };
    }

    private CType integer() {
        if (isShort) {
            return isUnsigned ? CPrimitive.USHORT : CPrimitive.SHORT;
        }
        return switch (longs) {
            case 0 -> isUnsigned ? CPrimitive.UINT : CPrimitive.INT;
            case 1 -> isUnsigned ? CPrimitive.ULONG : CPrimitive.LONG;
            default -> isUnsigned ? CPrimitive.ULONG_LONG : CPrimitive.LONG_LONG;
        };
    }
}
