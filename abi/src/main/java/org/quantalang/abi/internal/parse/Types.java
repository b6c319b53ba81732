package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.util.stream.Collectors;

/**
 * Reads types: the specifiers in front of a declarator, and type names. Holds the readers of their
 * parts, which call each other through it.
 */
final class Types {
    private final TokenStream in;
    private final Scope scope;
    private final Target target;
    private final Constants constants;
    private final AttributeParser attributes;
    private final DeclaratorParser declarators;
    private final RecordParser records;
    private final EnumParser enums;

    Types(TokenStream in, Scope scope, Target target) {
        this.in = in;
        this.scope = scope;
        this.target = target;
        this.constants = new Constants(in, scope, target, this);
        this.attributes = new AttributeParser(in, target, this);
        this.declarators = new DeclaratorParser(in, this);
        this.records = new RecordParser(in, scope, target, this);
        this.enums = new EnumParser(in, scope, this, target);
    }

    Constants constants() {
        return constants;
    }

    AttributeParser attributes() {
        return attributes;
    }

    DeclaratorParser declarators() {
        return declarators;
    }

    /** Whether a token begins a type name. */
    boolean startsType(Token token) {
        if (token.kind() != Token.Kind.WORD) {
            return false;
        }
        return switch (token.text()) {
            case "struct", "union", "enum", "typeof", "__typeof__", "__typeof" -> true;
            case "__attribute__", "__declspec", "_Alignas", "alignas" -> true;
            case "__extension__" -> false;
            default -> Specifiers.isSpecifierWord(token.text()) || scope.type(token.text()) != null;
        };
    }

    /** Reads a type name: specifiers and a declarator without a name. */
    CType typeName() {
        in.enter();
        Specifiers specifiers = specifiers("a type");
        forbidStorage(specifiers, "a type name");
        CType base = baseType(specifiers);
        Declarator declarator = declarators.read();
        if (declarator.name != null) {
            throw in.fault(
                    declarator.name,
                    "expected a type without a name, found " + declarator.name.shown());
        }
        Attributes all = new Attributes();
        all.add(specifiers.attributes);
        all.add(declarator.attributes);
        if (all.changesLayout()) {
            throw in.fault(
                    in.peek(),
                    "compilers differ on 'packed', 'aligned' and 'mode' in a type name; use a"
                            + " typedef");
        }
        in.leave();
        return declared(in.peek(), base, declarator, all);
    }

    /** Reads the words in front of a declarator; at least one makes a type. */
    Specifiers specifiers(String what) {
        in.enter();
        Specifiers found = new Specifiers();
        Token first = in.peek();
        while (true) {
            if (found.hasType()) {
                attributes.readAll(found.attributes);
            } else {
                attributes.readDeclared(found.attributes);
            }
            Token token = in.peek();
            if (token.kind() != Token.Kind.WORD || !specifier(found, token)) {
                break;
            }
        }
        if (!found.hasType()) {
            Token at = in.peek();
            boolean unknownName = at.kind() == Token.Kind.WORD && at.equals(first);
            throw in.fault(
                    at,
                    unknownName
                            ? "unknown type name '%s', expected %s".formatted(at.text(), what)
                            : "expected %s, found %s".formatted(what, at.shown()));
        }
        in.leave();
        return found;
    }

    /** Refuses {@code static} and the like. */
    void forbidStorage(Specifiers specifiers, String what) {
        Token storage = specifiers.storage;
        if (storage != null) {
            throw in.fault(
                    storage, "%s has no storage class: '%s'".formatted(what, storage.text()));
        }
    }

    /** Takes one word that belongs to the specifiers, or returns false. */
    private boolean specifier(Specifiers found, Token token) {
        switch (token.text()) {
            case "struct", "union" -> {
                requireNoType(found, token);
                found.named = records.read(found.attributes.declspecAligned);
                return true;
            }
            case "enum" -> {
                requireNoType(found, token);
                found.named = enums.read();
                return true;
            }
            case "typeof", "__typeof__", "__typeof" -> {
                requireNoType(found, token);
                in.next();
                in.expect("(", "after 'typeof'");
                found.named = startsType(in.peek()) ? typeName() : constants.typeOf();
                in.expect(")", "after 'typeof'");
                return true;
            }
            case "_Atomic" -> {
                if (!in.peek(1).is("(")) {
                    found.qualifiers.take(in.next().text());
                    return true;
                }
                requireNoType(found, token);
                in.next();
                in.next();
                found.named = new CType.Atomic(requireAtomic(token, typeName()));
                in.expect(")", "after '_Atomic'");
                return true;
            }
            default -> {}
        }
        if (Specifiers.isStorage(token.text()) && !found.mayHaveStorage(token)) {
            throw in.fault(token, "two storage classes in one declaration");
        }
        if (found.takeStorage(token.text())
                || isIgnored(token)
                || found.takeTypeWord(token.text())) {
            in.next();
            return true;
        }
        if (found.hasType() && Specifiers.isKeywordOfType(token.text())) {
            throw in.fault(token, "two types in one declaration, expected a name or ';'");
        }
        CType named = found.hasType() ? null : scope.type(token.text());
        if (named != null) {
            found.named = named;
            in.next();
            return true;
        }
        return false;
    }

    private void requireNoType(Specifiers found, Token token) {
        if (found.hasType()) {
            throw in.fault(token, "two types in one declaration, expected a name or ';'");
        }
    }

    /** Refuses {@code _Alignas} where C has it not. */
    void forbidAlignas(Attributes all, String what) {
        if (all.alignasToken != null) {
            throw in.fault(all.alignasToken, "'_Alignas' cannot be on " + what);
        }
    }

    /** Refuses {@code _Alignas} below what the type has by itself; C says it only raises. */
    void requireAlignas(Attributes all, CType type) {
        if (all.alignasToken == null || all.alignas == 0) {
            return;
        }
        long least = constants.alignment(all.alignasToken, type);
        if (all.alignas < least) {
            throw in.fault(
                    all.alignasToken,
                    "'_Alignas' is below the alignment of the type: alignment=%d type=%s aligned to %d"
                            .formatted(all.alignas, type.spelling(), least));
        }
    }

    /** Refuses what no function returns. */
    void requireResult(Token where, CType type) {
        if (type.unwrap() instanceof CType.Array || type.unwrap() instanceof CType.Function) {
            throw in.fault(where, "a function cannot return type " + type.spelling());
        }
    }

    /** Whether a word between others says nothing about types; refuses pointers of another size. */
    boolean isIgnored(Token token) {
        if (token.kind() != Token.Kind.WORD || !Specifiers.isIgnored(token.text())) {
            return false;
        }
        int bits = token.is("__ptr32") ? Integer.SIZE : token.is("__ptr64") ? Long.SIZE : 0;
        if (bits != 0 && bits != target.dataModel().pointerBytes() * Byte.SIZE) {
            throw in.fault(
                    token,
                    "'%s' changes the layout and is not supported on target=%s"
                            .formatted(token.text(), target));
        }
        return true;
    }

    /** Returns the type of what is declared, as attributes leave it. */
    CType declared(Token where, CType base, Declarator declarator, Attributes all) {
        CType type = declarator.apply(base);
        if (all.mode != null) {
            type = attributes.withMode(where, type, all.mode);
        }
        return Declarator.withConvention(type, all.convention);
    }

    /** Returns the type that specifiers make. */
    CType baseType(Specifiers specifiers) {
        CType type = specifiers.type();
        if (type == null) {
            throw in.fault(in.peek(), "these words make no type, before " + in.peek().shown());
        }
        return qualified(in.peek(), specifiers.qualifiers, type);
    }

    /** Returns a type with qualifiers, if it may have them. */
    CType qualified(Token where, Qualifiers qualifiers, CType type) {
        if (qualifiers.isAtomic()) {
            requireAtomic(where, type);
        }
        boolean toObject =
                type.unwrap() instanceof CType.Pointer pointer
                        && !(pointer.pointee().unwrap() instanceof CType.Function);
        if (qualifiers.isRestrict() && !toObject) {
            throw in.fault(where, "no type for 'restrict': " + type.spelling());
        }
        return qualifiers.around(type);
    }

    private CType requireAtomic(Token where, CType type) {
        if (type.unwrap() instanceof CType.Array || type.unwrap() instanceof CType.Function) {
            throw in.fault(where, "no type for '_Atomic': " + type.spelling());
        }
        return type;
    }

    /** Refuses a type that cannot lie in a record or an array: a loop by value with its chain. */
    void requireComplete(Token where, CType type, String what) {
        CType element = type.unwrap();
        while (element instanceof CType.Array array) {
            element = array.element().unwrap();
        }
        if (element instanceof CStructDef record && !record.isComplete()) {
            int opened = scope.open.indexOf(record);
            if (opened < 0) {
                throw in.fault(
                        where,
                        "%s is not defined here; define it before, or use a pointer"
                                .formatted(record.spelling()));
            }
            String chain =
                    scope.open.subList(opened, scope.open.size()).stream()
                            .map(CStructDef::spelling)
                            .collect(Collectors.joining(" -> "));
            throw in.fault(
                    where,
                    "record contains itself by value: %s -> %s; use a pointer"
                            .formatted(chain, record.spelling()));
        }
        if (element == CPrimitive.VOID || element instanceof CType.Function) {
            throw in.fault(where, "%s cannot have type %s".formatted(what, type.spelling()));
        }
    }
}
