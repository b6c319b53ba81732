package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CEnum;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CParseException;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.ExternFunction;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;

/**
 * Reads a translation unit of C declarations by recursive descent: declarations and their types are
 * kept, initializers and function bodies are skipped.
 *
 * <pre>
 * unit        = { declaration | function body skipped | _Static_assert | asm | ; }
 * declaration = specifiers [ declarator [ asm ] [ attributes ] [ = skipped ] , ... ] ;
 * </pre>
 *
 * <p>{@link Types} reads specifiers, {@link RecordParser} and {@link EnumParser} what stands in
 * braces, {@link DeclaratorParser} the rest of a type around a name.
 */
public final class Declarations {
    private static final int MAX_LEVELS = 256; // what hashing and comparing take on any stack

    private final TokenStream in;
    private final Scope scope = new Scope();
    private final Target target;
    private final Types types;

    /** How many types each typedef is away from one that stands for itself. */
    private final IdentityHashMap<CType, Integer> levels = new IdentityHashMap<>();

    private Declarations(String text, Target target) {
        this.target = target;
        this.in = new TokenStream(text);
        this.types = new Types(in, scope, target);
    }

    /** Reads a whole text for a target. */
    public static Scope parse(String text, Target target) {
        Declarations unit = new Declarations(text, target);
        try {
            while (!unit.in.atEnd()) {
                unit.external();
            }
        } catch (StackOverflowError e) {
            // Types that build on each other, by names, are as deep as the text is long.
            throw unit.in.fault(unit.in.peek(), "types build on each other too deeply");
        }
        return unit.scope;
    }

    /** Reads type names, such as {@code int (*)(void)}, in the scope of other declarations. */
    public static List<CType> types(String list, Scope scope, Target target) {
        Declarations unit = new Declarations(list, target);
        unit.scope.typedefs.putAll(scope.typedefs);
        unit.scope.recordTags.putAll(scope.recordTags);
        unit.scope.enumTags.putAll(scope.enumTags);
        unit.scope.enumConstants.putAll(scope.enumConstants);
        List<CType> read = new ArrayList<>();
        while (!unit.in.atEnd()) {
            if (!read.isEmpty()) {
                unit.in.expect(",", "between types");
            }
            read.add(unit.types.typeName());
        }
        return read;
    }

    private void external() {
        if (in.take(";") || in.take("__extension__")) {
            return;
        }
        if (in.is("_Static_assert") || in.is("static_assert")) {
            types.constants().staticAssert();
            return;
        }
        if (in.peek().isAsm()) {
            in.next();
            while (in.peek().kind() == Token.Kind.WORD) {
                in.next();
            }
            in.skipGroup();
            in.expect(";", "after 'asm'");
            return;
        }
        Specifiers specifiers = types.specifiers("a declaration");
        CType base = types.baseType(specifiers);
        if (in.take(";")) {
            return;
        }
        boolean first = true;
        do {
            Declarator declarator = types.declarators().read();
            if (declare(specifiers, base, declarator) && first && in.is("{")) {
                in.skipGroup();
                return;
            }
            first = false;
        } while (in.take(","));
        in.expect(";", "after a declaration");
    }

    /** Declares one name; returns whether it is a function. */
    private boolean declare(Specifiers specifiers, CType base, Declarator declarator) {
        Optional<String> symbol = Optional.empty();
        if (in.peek().isAsm()) {
            in.next();
            in.expect("(", "after 'asm'");
            StringBuilder label = new StringBuilder();
            while (in.peek().kind() == Token.Kind.STRING) {
                label.append(in.next().content());
            }
            Token end = in.expect(")", "after an 'asm' label");
            if (label.chars().anyMatch(Character::isISOControl)) {
                throw in.fault(end, "a label with control characters, before ')'");
            }
            symbol = Optional.of(label.toString());
        }
        types.attributes().readAll(declarator.attributes);
        Token name = declarator.name;
        if (name == null) {
            throw in.fault(in.peek(), "expected a name, found " + in.peek().shown());
        }
        Attributes all = new Attributes();
        all.add(specifiers.attributes);
        all.add(declarator.attributes);
        CType type = types.declared(name, base, declarator, all);
        if (specifiers.isTypedef) {
            types.forbidAlignas(all, "a typedef");
            typedef(name, type, all.aligned);
        } else if (type.unwrap() instanceof CType.Function function) {
            types.forbidAlignas(all, "a function");
            forbidLocal(specifiers.storage, false);
            function(name, symbol, function.signature(), all.weak);
            return true;
        } else {
            types.requireAlignas(all, type);
            forbidLocal(specifiers.storage, symbol.isPresent());
            boolean isExtern = specifiers.storage != null && specifiers.storage.is("extern");
            if (type.unwrap() == CPrimitive.VOID && !isExtern) {
                throw in.fault(name, "a variable cannot have type " + type.spelling());
            }
            variable(name, type);
        }
        if (in.take("=")) {
            if (specifiers.isTypedef) {
                throw in.fault(name, "a typedef has no value: '%s'".formatted(name.text()));
            }
            scope.variables.computeIfPresent(
                    name.text(), (_, known) -> types.constants().initializers().completed(known));
        }
        return false;
    }

    /** Refuses what only exists in functions; GNU C has variables in a register that it names. */
    private void forbidLocal(@Nullable Token storage, boolean namesRegister) {
        if (storage != null && (storage.is("auto") || (storage.is("register") && !namesRegister))) {
            throw in.fault(storage, "'%s' outside a function".formatted(storage.text()));
        }
    }

    private void requireKind(Token name, String kind) {
        String known = scope.kind(name.text());
        if (known != null && !known.equals(kind)) {
            throw in.fault(name, "'%s' is declared as %s before".formatted(name.text(), known));
        }
    }

    private CParseException conflict(Token name, String before, String now) {
        return in.fault(
                name,
                "conflicting declarations of '%s': before %s, here %s"
                        .formatted(name.text(), before, now));
    }

    private void typedef(Token token, CType type, long aligned) {
        String name = token.text();
        requireKind(token, "a typedef");
        if (type instanceof CStructDef record) {
            record.nameIfUnnamed(name);
        } else if (type instanceof CEnum enumeration && enumeration.name().isEmpty()) {
            CEnum renamed = enumeration.named(name);
            scope.enums.replaceAll(each -> each == enumeration ? renamed : each);
            type = renamed;
        }
        if (scope.typedefs.get(name) instanceof CType.Typedef before) {
            if (!new Compatibility(target).agree(before.type(), type)) {
                throw conflict(token, before.type().spelling(), type.spelling());
            }
            long largest = Math.max(aligned, before.declaredAlignment());
            define(token, new CType.Typedef(name, before.type(), largest));
            return;
        }
        if (type instanceof CPrimitive && type.equals(scope.type(name)) && aligned == 0) {
            return; // typedef of a built-in name to itself
        }
        define(token, new CType.Typedef(name, type, aligned));
    }

    private void define(Token token, CType.Typedef typedef) {
        int away = levels(typedef);
        if (away > MAX_LEVELS) {
            throw in.fault(
                    token,
                    "types build on each other too deeply: more than %d levels"
                            .formatted(MAX_LEVELS));
        }
        levels.put(typedef, away);
        scope.typedefs.put(typedef.name(), typedef);
    }

    private int levels(CType type) {
        Integer known = levels.get(type);
        if (known != null) {
            return known;
        }
        return switch (type) {
            case CType.Pointer pointer -> 1 + levels(pointer.pointee());
            case CType.Array array -> 1 + levels(array.element());
            case CType.Typedef typedef -> 1 + levels(typedef.type());
            case CType.Qualified qualified -> 1 + levels(qualified.type());
            case CType.Atomic atomic -> 1 + levels(atomic.type());
            case CType.Function function -> {
                int deepest = levels(function.signature().returnType());
                for (CType parameter : function.signature().parameters()) {
                    deepest = Math.max(deepest, levels(parameter));
                }
                yield 1 + deepest;
            }
            default -> 0;
        };
    }

    private void variable(Token token, CType type) {
        requireKind(token, "a variable");
        CType before = scope.variables.get(token.text());
        if (before != null) {
            if (!new Compatibility(target).agree(before, type)) {
                throw conflict(token, before.spelling(), type.spelling());
            }
            if (type.unwrap() instanceof CType.Array array && array.length().isEmpty()) {
                return; // the one before may have had the length
            }
        }
        scope.variables.put(token.text(), type);
    }

    private void function(
            Token token, Optional<String> symbol, CFunctionSignature signature, boolean weak) {
        requireKind(token, "a function");
        String name = token.text();
        ExternFunction before = scope.functions.get(name);
        Optional<String> known = symbol;
        if (before != null) {
            known = symbol.or(before::symbol);
            CFunctionSignature both =
                    new Compatibility(target).merged(before.signature(), signature);
            if (both == null) {
                throw conflict(token, shown(before.signature()), shown(signature));
            }
            signature = both;
            weak |= before.weak();
        }
        scope.functions.put(
                name, new ExternFunction(name, known, signature, Optional.empty(), weak, ""));
    }

    private static String shown(CFunctionSignature signature) {
        boolean plain = signature.convention() == CallingConvention.C;
        return signature + (plain ? "" : " (" + signature.convention() + ")");
    }
}
