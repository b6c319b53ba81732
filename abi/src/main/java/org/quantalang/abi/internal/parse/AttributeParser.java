package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.Target;

import java.util.Optional;

/** Reads {@code __attribute__}, {@code __declspec}, {@code _Alignas} and convention keywords. */
final class AttributeParser {
    private static final long MAX_ALIGNMENT = 1 << 28;

    private final TokenStream in;
    private final Target target;
    private final Types types;

    AttributeParser(TokenStream in, Target target, Types types) {
        this.in = in;
        this.target = target;
        this.types = types;
    }

    /** Reads attributes as long as there are any. */
    void readAll(Attributes into) {
        while (readOne(into)) {
            // each call takes one specifier
        }
    }

    @SuppressWarnings("RefactorSwitch") // each case reads on and returns
    private boolean readOne(Attributes into) {
        Token token = in.peek();
        if (token.kind() != Token.Kind.WORD) {
            return doubleBracket();
        }
        switch (token.text()) {
            case "__attribute__", "__attribute" -> {
                in.next();
                in.expect("(", "after '__attribute__'");
                in.expect("(", "after '__attribute__('");
                list(into);
                in.expect(")", "at the end of '__attribute__'");
                return true;
            }
            case "__declspec", "_declspec" -> {
                in.next();
                in.expect("(", "after '__declspec'");
                list(into);
                return true;
            }
            case "_Alignas", "alignas" -> {
                in.next();
                in.expect("(", "after '_Alignas'");
                if (types.startsType(in.peek())) {
                    into.align(types.constants().alignment(token, types.typeName()));
                } else {
                    into.align(alignmentConstant(token));
                }
                in.expect(")", "at the end of '_Alignas'");
                return true;
            }
            default -> {
                return convention(token, into);
            }
        }
    }

    private boolean convention(Token token, Attributes into) {
        Optional<CallingConvention> convention = keyword(token.text());
        convention.ifPresent(
                each -> {
                    in.next();
                    into.convention = each;
                });
        return convention.isPresent();
    }

    /** Standard attributes say nothing about layout or calls. */
    private boolean doubleBracket() {
        if (in.is("[") && in.peek(1).is("[")) {
            in.skipGroup();
            return true;
        }
        return false;
    }

    private static Optional<CallingConvention> keyword(String word) {
        return switch (word) {
            case "__cdecl", "_cdecl" -> Optional.of(CallingConvention.C);
            case "__stdcall", "_stdcall" -> Optional.of(CallingConvention.STDCALL);
            case "__fastcall", "_fastcall" -> Optional.of(CallingConvention.FASTCALL);
            case "__thiscall", "_thiscall" -> Optional.of(CallingConvention.THISCALL);
            case "__vectorcall", "_vectorcall" -> Optional.of(CallingConvention.VECTORCALL);
            default -> Optional.empty();
        };
    }

    /** Reads up to and over the closing parenthesis. */
    private void list(Attributes into) {
        while (!in.take(")")) {
            if (in.take(",")) {
                continue;
            }
            Token name = in.expectWord("an attribute's name or ')'");
            attribute(name, strip(name.text()), into);
        }
    }

    private static String strip(String name) {
        boolean wrapped = name.length() > 4 && name.startsWith("__") && name.endsWith("__");
        return wrapped ? name.substring(2, name.length() - 2) : name;
    }

    private void attribute(Token token, String name, Attributes into) {
        switch (name) {
            case "packed" -> into.packed = true;
            case "weak" -> into.weak = true;
            case "aligned", "align" -> {
                if (in.take("(")) {
                    if (types.startsType(in.peek())) {
                        into.align(types.constants().alignment(token, types.typeName()));
                    } else {
                        into.align(alignmentConstant(token));
                    }
                    in.expect(")", "at the end of '%s'".formatted(name));
                } else {
                    into.align(largestAlignment());
                }
            }
            case "mode" -> {
                in.expect("(", "after 'mode'");
                into.mode = strip(in.expectWord("a machine mode").text());
                in.expect(")", "at the end of 'mode'");
            }
            case "vector_size",
                    "ext_vector_type",
                    "neon_vector_type",
                    "ms_struct",
                    "scalar_storage_order" ->
                    throw in.fault(
                            token,
                            "attribute '%s' changes the layout and is not supported"
                                    .formatted(name));
            case "cdecl" -> into.convention = CallingConvention.C;
            case "stdcall" -> into.convention = CallingConvention.STDCALL;
            case "fastcall" -> into.convention = CallingConvention.FASTCALL;
            case "thiscall" -> into.convention = CallingConvention.THISCALL;
            case "vectorcall" -> into.convention = CallingConvention.VECTORCALL;
            case "ms_abi" -> into.convention = CallingConvention.WIN64;
            case "sysv_abi" -> into.convention = CallingConvention.SYSV64;
            default -> {
                if (in.is("(")) {
                    in.skipGroup();
                }
            }
        }
    }

    /** What a bare {@code aligned} asks for. */
    private long largestAlignment() {
        return target.architecture() == Target.Architecture.ARM ? 8 : 16;
    }

    private long alignmentConstant(Token where) {
        long bytes = types.constants().evaluate("alignment");
        if (bytes == 0) {
            return 0;
        }
        if (bytes < 0 || bytes > MAX_ALIGNMENT || Long.bitCount(bytes) != 1) {
            throw in.fault(where, "alignment is no power of two: alignment=%d".formatted(bytes));
        }
        return bytes;
    }

    /** Applies {@code mode(XX)} to a type. */
    CType withMode(Token where, CType type, String mode) {
        boolean signed = type.isSigned(target);
        return switch (mode) {
            case "QI", "byte" -> signed ? CPrimitive.SCHAR : CPrimitive.UCHAR;
            case "HI" -> signed ? CPrimitive.SHORT : CPrimitive.USHORT;
            case "SI" -> signed ? CPrimitive.INT : CPrimitive.UINT;
            case "DI" -> signed ? CPrimitive.LONG_LONG : CPrimitive.ULONG_LONG;
            case "TI" -> signed ? CPrimitive.INT128 : CPrimitive.UINT128;
            case "word", "pointer", "unwind_word" ->
                    signed ? CPrimitive.INTPTR_T : CPrimitive.UINTPTR_T;
            case "HF" -> CPrimitive.FLOAT16;
            case "SF" -> CPrimitive.FLOAT;
            case "DF" -> CPrimitive.DOUBLE;
            case "XF" -> CPrimitive.LONG_DOUBLE;
            case "TF" -> CPrimitive.FLOAT128;
            case "SC" -> new CType.Complex(CPrimitive.FLOAT);
            case "DC" -> new CType.Complex(CPrimitive.DOUBLE);
            case "XC" -> new CType.Complex(CPrimitive.LONG_DOUBLE);
            case "TC" -> new CType.Complex(CPrimitive.FLOAT128);
            default -> throw in.fault(where, "unknown machine mode '%s'".formatted(mode));
        };
    }
}
