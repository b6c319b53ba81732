package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CParseException;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.Target;

import java.util.Optional;

/**
 * Reads {@code __attribute__}, {@code __declspec}, {@code [[...]]}, {@code _Alignas} and convention
 * keywords. What changes layouts or calls is obeyed or refused; the rest says nothing here.
 */
final class AttributeParser {
    private static final long MAX_ALIGNMENT = 1 << 28;

    /** Where an attribute list stands. */
    private enum Place {
        /** It is about what is being declared: before a declaration, behind a name or keyword. */
        DECLARED,
        /** It is about the type before it, where C23's form can say less. */
        TYPE
    }

    private final TokenStream in;
    private final Target target;
    private final Types types;

    AttributeParser(TokenStream in, Target target, Types types) {
        this.in = in;
        this.target = target;
        this.types = types;
    }

    /** Reads attributes before a declaration, behind the name or behind {@code struct}. */
    void readDeclared(Attributes into) {
        while (readOne(into, Place.DECLARED)) {
            // each call takes one specifier
        }
    }

    /** Reads attributes anywhere else. */
    void readAll(Attributes into) {
        while (readOne(into, Place.TYPE)) {
            // each call takes one specifier
        }
    }

    @SuppressWarnings("RefactorSwitch") // each case reads on and returns
    private boolean readOne(Attributes into, Place place) {
        Token token = in.peek();
        if (token.kind() != Token.Kind.WORD) {
            return doubleBracket(into, place);
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
                Attributes found = new Attributes();
                list(found);
                found.declspecAligned = found.aligned;
                into.add(found);
                return true;
            }
            case "_Alignas", "alignas" -> {
                in.next();
                in.expect("(", "after '_Alignas'");
                into.alignas(token, alignment(token));
                in.expect(")", "at the end of '_Alignas'");
                return true;
            }
            case "__regcall", "_regcall", "__pascal", "_pascal" ->
                    throw unsupported(token, token.text(), "call");
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

    /** C23's form. The standard's own attributes and unknown makers' say nothing here. */
    private boolean doubleBracket(Attributes into, Place place) {
        if (!in.is("[") || !in.peek(1).is("[")) {
            return false;
        }
        in.next();
        in.next();
        while (!in.take("]")) {
            if (in.take(",")) {
                continue;
            }
            Token first = in.expectWord("an attribute's name or ']]'");
            if (in.take("::")) {
                bracketed(first, in.expectWord("an attribute's name after '::'"), into, place);
            } else if (in.is("(")) {
                in.skipGroup();
            }
        }
        in.expect("]", "after ']'");
        return true;
    }

    private void bracketed(Token prefix, Token token, Attributes into, Place place) {
        String maker = strip(prefix.text());
        if (!maker.equals("gnu") && !maker.equals("clang") && !maker.equals("_Clang")) {
            if (in.is("(")) {
                in.skipGroup();
            }
            return;
        }
        Attributes found = new Attributes();
        attribute(token, strip(token.text()), found);
        if (found.changesLayout() && !maker.equals("gnu")) {
            throw in.fault(token, "compilers know '%s' as 'gnu::' only".formatted(token.text()));
        }
        if (found.changesLayout() && place == Place.TYPE) {
            throw in.fault(
                    token,
                    "compilers differ on '%s' in this place; write it before the declaration,"
                                    .formatted(token.text())
                            + " behind the declared name, or behind 'struct', 'union' or 'enum'");
        }
        into.add(found);
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
                    into.align(alignment(token));
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
                    "neon_polyvector_type",
                    "arm_sve_vector_bits",
                    "riscv_rvv_vector_bits",
                    "address_space",
                    "ms_struct",
                    "scalar_storage_order" ->
                    throw unsupported(token, name, "layout");
            case "gcc_struct" -> {
                if (target.isWindows()) {
                    throw unsupported(token, name, "layout");
                }
            }
            case "sseregparm",
                    "regcall",
                    "pascal",
                    "preserve_most",
                    "preserve_all",
                    "preserve_none",
                    "aarch64_vector_pcs",
                    "aarch64_sve_pcs",
                    "riscv_vector_cc",
                    "riscv_vls_cc",
                    "swiftcall",
                    "swiftasynccall",
                    "intel_ocl_bicc",
                    "callee_pop_aggregate_return",
                    "interrupt",
                    "interrupt_handler",
                    "signal" ->
                    throw unsupported(token, name, "call");
            case "regparm" -> {
                in.expect("(", "after 'regparm'");
                if (types.constants().evaluate("number of registers") != 0) {
                    throw unsupported(token, name, "call");
                }
                in.expect(")", "at the end of 'regparm'");
            }
            case "pcs" -> procedureCallStandard(token, into);
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

    private CParseException unsupported(Token token, String name, String what) {
        return in.fault(
                token, "attribute '%s' changes the %s and is not supported".formatted(name, what));
    }

    /** {@code pcs("aapcs")} is without effect where there is no choice, as compilers have it. */
    private void procedureCallStandard(Token token, Attributes into) {
        in.expect("(", "after 'pcs'");
        String name = in.peek().kind() == Token.Kind.STRING ? in.next().content() : "";
        in.expect(")", "at the end of 'pcs'");
        if (target.architecture() != Target.Architecture.ARM) {
            return;
        }
        boolean hardFloat = target != Target.ARMV7_LINUX_GNUEABI;
        if (name.equals("aapcs")) {
            into.convention = CallingConvention.AAPCS;
        } else if (!name.equals("aapcs-vfp") || !hardFloat) {
            throw unsupported(token, "pcs", "call");
        }
    }

    /** What a bare {@code aligned} asks for. */
    private long largestAlignment() {
        return target.architecture() == Target.Architecture.ARM ? 8 : 16;
    }

    private long alignment(Token where) {
        if (types.startsType(in.peek())) {
            return types.constants().alignment(where, types.typeName());
        }
        long bytes = types.constants().evaluate("alignment");
        if (bytes == 0) {
            return 0;
        }
        if (bytes < 0 || bytes > MAX_ALIGNMENT || Long.bitCount(bytes) != 1) {
            throw in.fault(where, "alignment is no power of two: alignment=%d".formatted(bytes));
        }
        return bytes;
    }

    /** Applies {@code mode(XX)} to an arithmetic type; its kind stays what it was. */
    CType withMode(Token where, CType type, String mode) {
        CType wanted = machineMode(where, type.isSigned(target), mode);
        boolean same =
                wanted instanceof CType.Complex
                        ? type.unwrap() instanceof CType.Complex
                        : wanted.isFloat() ? type.isFloat() : type.isInteger();
        if (!same) {
            throw in.fault(
                    where, "mode '%s' does not fit type=%s".formatted(mode, type.spelling()));
        }
        return wanted;
    }

    private CType machineMode(Token where, boolean signed, String mode) {
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
