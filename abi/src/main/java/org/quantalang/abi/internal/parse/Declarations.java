package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CEnum;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.ExternFunction;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * Reads a translation unit of C declarations by recursive descent: declarations and their types are
 * kept, initializers and function bodies are skipped.
 *
 * <pre>
 * unit        = { declaration | function body skipped | _Static_assert | asm | ; }
 * declaration = specifiers [ declarator [ : width ] [ asm ] [ attributes ] [ = skipped ] , ... ] ;
 * </pre>
 */
public final class Declarations {
    private static final int MAX_STEPS = 64; // pointers, arrays and functions in one declarator

    private final TokenStream in;
    private final Scope scope = new Scope();
    private final Target target;
    private final Constants constants;
    private final AttributeParser attributes;

    private Declarations(String text, Target target) {
        this.in = new TokenStream(text);
        this.target = target;
        this.constants = new Constants(in, scope, target, this);
        this.attributes = new AttributeParser(in, target, this);
    }

    /** Reads a whole text for a target. */
    public static Scope parse(String text, Target target) {
        Declarations unit = new Declarations(text, target);
        while (!unit.in.atEnd()) {
            unit.external();
        }
        return unit.scope;
    }

    /** Reads one type name, such as {@code int (*)(void)}, in the scope of other declarations. */
    public static List<CType> types(String list, Scope scope, Target target) {
        Declarations unit = new Declarations(list, target);
        unit.scope.typedefs.putAll(scope.typedefs);
        unit.scope.recordTags.putAll(scope.recordTags);
        unit.scope.enumTags.putAll(scope.enumTags);
        unit.scope.enumConstants.putAll(scope.enumConstants);
        List<CType> types = new ArrayList<>();
        while (!unit.in.atEnd()) {
            if (!types.isEmpty()) {
                unit.in.expect(",", "between types");
            }
            types.add(unit.typeName());
        }
        return types;
    }

    Constants constants() {
        return constants;
    }

    private void external() {
        if (in.take(";") || in.take("__extension__")) {
            return;
        }
        if (in.is("_Static_assert") || in.is("static_assert")) {
            staticAssert();
            return;
        }
        if (isAsm(in.peek())) {
            in.next();
            while (in.peek().kind() == Token.Kind.WORD) {
                in.next();
            }
            in.skipGroup();
            in.expect(";", "after 'asm'");
            return;
        }
        Specifiers specifiers = specifiers("a declaration");
        CType base = baseType(specifiers);
        if (in.take(";")) {
            return;
        }
        boolean first = true;
        do {
            Declarator declarator = declarator();
            if (declare(specifiers, base, declarator) && first && in.is("{")) {
                in.skipGroup();
                return;
            }
            first = false;
        } while (in.take(","));
        in.expect(";", "after a declaration");
    }

    private static boolean isAsm(Token token) {
        return token.is("asm") || token.is("__asm__") || token.is("__asm");
    }

    private void staticAssert() {
        Token where = in.next();
        in.expect("(", "after '_Static_assert'");
        long holds = constants.evaluate("condition");
        String message = "";
        if (in.take(",")) {
            StringBuilder text = new StringBuilder();
            while (in.peek().kind() == Token.Kind.STRING) {
                text.append(in.next().text());
            }
            message = text.toString();
        }
        in.expect(")", "after '_Static_assert'");
        in.expect(";", "after '_Static_assert'");
        if (holds == 0) {
            throw in.fault(
                    where, "static assertion fails for target=%s: %s".formatted(target, message));
        }
    }

    /** Declares one name; returns whether it is a function. */
    private boolean declare(Specifiers specifiers, CType base, Declarator declarator) {
        Optional<String> symbol = Optional.empty();
        if (isAsm(in.peek())) {
            in.next();
            in.expect("(", "after 'asm'");
            StringBuilder label = new StringBuilder();
            while (in.peek().kind() == Token.Kind.STRING) {
                label.append(in.next().text());
            }
            in.expect(")", "after an 'asm' label");
            symbol = Optional.of(label.toString());
        }
        attributes.readAll(declarator.attributes);
        Token name = declarator.name;
        if (name == null) {
            throw in.fault(in.peek(), "expected a name, found " + in.peek().shown());
        }
        Attributes all = new Attributes();
        all.add(specifiers.attributes);
        all.add(declarator.attributes);
        CType type = declarator.apply(base);
        if (all.mode != null) {
            type = attributes.withMode(name, type, all.mode);
        }
        type = Declarator.withConvention(type, all.convention);
        if (specifiers.isTypedef) {
            typedef(name.text(), type, all.aligned);
        } else if (type.unwrap() instanceof CType.Function function) {
            function(name.text(), symbol, function.signature(), all.weak);
            return true;
        } else {
            scope.variables.put(name.text(), type);
        }
        if (in.take("=")) {
            skipInitializer();
        }
        return false;
    }

    private void typedef(String name, CType type, long aligned) {
        if (type instanceof CStructDef record) {
            record.nameIfUnnamed(name);
        } else if (type instanceof CEnum enumeration && enumeration.name().isEmpty()) {
            CEnum renamed = enumeration.named(name);
            scope.enums.replaceAll(each -> each == enumeration ? renamed : each);
            type = renamed;
        }
        if (type.equals(scope.type(name))) {
            return; // typedef of a built-in name to itself
        }
        scope.variables.remove(name);
        scope.typedefs.put(name, new CType.Typedef(name, type, aligned));
    }

    private void function(
            String name, Optional<String> symbol, CFunctionSignature signature, boolean weak) {
        ExternFunction before = scope.functions.get(name);
        Optional<String> known = before == null ? symbol : symbol.or(before::symbol);
        scope.functions.put(
                name, new ExternFunction(name, known, signature, Optional.empty(), weak, ""));
    }

    private void skipInitializer() {
        while (!in.is(",") && !in.is(";")) {
            if (in.atEnd()) {
                throw in.fault(
                        in.peek(), "expected ';' after an initializer, found the end of the text");
            }
            if (in.is("(") || in.is("[") || in.is("{")) {
                in.skipGroup();
            } else {
                in.next();
            }
        }
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
        CType base = baseType(specifiers);
        Declarator declarator = declarator();
        if (declarator.name != null) {
            throw in.fault(
                    declarator.name,
                    "expected a type without a name, found " + declarator.name.shown());
        }
        in.leave();
        return declarator.apply(base);
    }

    private Specifiers specifiers(String what) {
        in.enter();
        Specifiers found = new Specifiers();
        Token first = in.peek();
        while (true) {
            Attributes before = found.attributes;
            attributes.readAll(before);
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

    /** Takes one word that belongs to the specifiers, or returns false. */
    private boolean specifier(Specifiers found, Token token) {
        switch (token.text()) {
            case "struct", "union" -> {
                requireNoType(found, token);
                found.named = record();
                return true;
            }
            case "enum" -> {
                requireNoType(found, token);
                found.named = enumeration();
                return true;
            }
            case "typeof", "__typeof__", "__typeof" -> {
                requireNoType(found, token);
                in.next();
                in.expect("(", "after 'typeof'");
                found.named = typeName();
                in.expect(")", "after 'typeof'");
                return true;
            }
            case "_Atomic" -> {
                in.next();
                if (in.take("(")) {
                    found.named = typeName();
                    in.expect(")", "after '_Atomic'");
                }
                return true;
            }
            default -> {}
        }
        if (found.takeStorage(token.text()) || found.takeTypeWord(token.text())) {
            in.next();
            return true;
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

    private CType baseType(Specifiers specifiers) {
        CType type = specifiers.type();
        if (type == null) {
            throw in.fault(in.peek(), "these words make no type, before " + in.peek().shown());
        }
        return qualified(type, specifiers.isConst, specifiers.isVolatile);
    }

    private static CType qualified(CType type, boolean isConst, boolean isVolatile) {
        return isConst || isVolatile ? new CType.Qualified(type, isConst, isVolatile) : type;
    }

    // ---- records

    private CType record() {
        in.enter();
        Token keyword = in.next();
        boolean union = keyword.is("union");
        Attributes found = new Attributes();
        attributes.readAll(found);
        Token tag = in.peek().kind() == Token.Kind.WORD ? in.next() : null;
        attributes.readAll(found);
        CStructDef record = tag == null ? null : scope.recordTags.get(tag.text());
        if (tag != null && record != null && record.isUnion() != union) {
            throw in.fault(
                    keyword, "'%s' is declared as %s".formatted(tag.text(), record.spelling()));
        }
        if (record == null) {
            record = CStructDef.declare(union, tag == null ? "" : tag.text());
            if (tag != null) {
                scope.recordTags.put(tag.text(), record);
            }
        }
        if (in.is("{")) {
            if (record.isComplete() || scope.open.contains(record)) {
                throw in.fault(keyword, "%s is defined twice".formatted(record.spelling()));
            }
            int pack = in.next().pack();
            scope.open.add(record);
            List<CStructField> fields = members();
            scope.open.remove(record);
            attributes.readAll(found);
            record.define(fields, found.packed, found.aligned, pack);
            constants.size(keyword, record);
            scope.records.add(record);
        } else if (tag == null) {
            throw in.fault(
                    in.peek(),
                    "expected a tag or '{' after '%s', found %s"
                            .formatted(keyword.text(), in.peek().shown()));
        }
        in.leave();
        return record;
    }

    private List<CStructField> members() {
        List<CStructField> fields = new ArrayList<>();
        Map<String, Token> names = new HashMap<>();
        while (!in.take("}")) {
            if (in.take(";")) {
                continue;
            }
            if (in.is("_Static_assert") || in.is("static_assert")) {
                staticAssert();
                continue;
            }
            Specifiers specifiers = specifiers("a member or '}'");
            CType base = baseType(specifiers);
            if (in.take(";")) {
                if (base.unwrap() instanceof CStructDef inner && isAnonymous(base, inner)) {
                    fields.add(member(specifiers, new Declarator(), inner, OptionalInt.empty()));
                }
                continue;
            }
            do {
                fields.add(declaredMember(specifiers, base, names));
            } while (in.take(","));
            in.expect(";", "after a member");
        }
        return fields;
    }

    /** {@code struct { ... };} is an anonymous member, {@code struct tag { ... };} only a type. */
    private static boolean isAnonymous(CType written, CStructDef inner) {
        return inner.name().isEmpty() && !(written instanceof CType.Typedef);
    }

    private CStructField declaredMember(
            Specifiers specifiers, CType base, Map<String, Token> names) {
        Token start = in.peek();
        Declarator declarator = in.is(":") ? new Declarator() : declarator();
        CType type = declarator.apply(base);
        OptionalInt width = OptionalInt.empty();
        if (in.take(":")) {
            width = OptionalInt.of(width(start, type, declarator));
        }
        attributes.readAll(declarator.attributes);
        if (declarator.name == null && width.isEmpty()) {
            throw in.fault(in.peek(), "expected a member's name, found " + in.peek().shown());
        }
        if (declarator.name != null && names.put(declarator.nameText(), start) != null) {
            throw in.fault(declarator.name, "member '%s' twice".formatted(declarator.nameText()));
        }
        return member(specifiers, declarator, type, width);
    }

    private CStructField member(
            Specifiers specifiers, Declarator declarator, CType type, OptionalInt width) {
        Attributes all = new Attributes();
        all.add(specifiers.attributes);
        all.add(declarator.attributes);
        Token where = declarator.name == null ? in.peek() : declarator.name;
        if (all.mode != null) {
            type = attributes.withMode(where, type, all.mode);
        }
        type = Declarator.withConvention(type, all.convention);
        requireComplete(where, type);
        return new CStructField(declarator.nameText(), type, width, all.packed, all.aligned);
    }

    private int width(Token where, CType type, Declarator declarator) {
        long width = constants.evaluate("width");
        if (!type.isInteger()) {
            throw in.fault(where, "a bit-field needs an integer type, not " + type.spelling());
        }
        long most = type.unwrap() == CPrimitive.BOOL ? 1 : type.size(target) * Byte.SIZE;
        if (width < 0 || width > most || (width == 0 && declarator.name != null)) {
            throw in.fault(
                    where,
                    "bit-field width out of range: width=%d of=%d bits".formatted(width, most));
        }
        return (int) width;
    }

    private void requireComplete(Token where, CType type) {
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
            throw in.fault(where, "a member cannot have type " + type.spelling());
        }
    }

    // ---- enums

    private CType enumeration() {
        in.enter();
        Token keyword = in.next();
        Attributes found = new Attributes();
        attributes.readAll(found);
        Token tag = in.peek().kind() == Token.Kind.WORD ? in.next() : null;
        @Nullable CType fixed = null;
        if (in.is(":") && startsType(in.peek(1))) {
            in.next();
            fixed = baseType(specifiers("an integer type"));
        }
        CEnum result = tag == null ? null : scope.enumTags.get(tag.text());
        if (in.take("{")) {
            Map<String, Long> values = new LinkedHashMap<>();
            long next = 0;
            while (!in.take("}")) {
                Token name = in.expectWord("an enum constant or '}'");
                attributes.readAll(new Attributes());
                if (in.take("=")) {
                    next = constants.evaluate("enum value");
                }
                values.put(name.text(), next);
                scope.enumConstants.put(name.text(), next);
                next++;
                if (!in.is("}")) {
                    in.expect(",", "after an enum constant");
                }
            }
            attributes.readAll(found);
            result = new CEnum(tag == null ? "" : tag.text(), values, found.packed, fixed);
            scope.enums.add(result);
            if (tag != null) {
                scope.enumTags.put(tag.text(), result);
            }
        } else if (result == null) {
            if (tag == null) {
                throw in.fault(
                        in.peek(),
                        "expected a tag or '{' after 'enum', found " + in.peek().shown());
            }
            if (fixed == null) {
                throw in.fault(keyword, "enum %s is not defined".formatted(tag.text()));
            }
            result = new CEnum(tag.text(), Map.of(), false, fixed);
            scope.enumTags.put(tag.text(), result);
        }
        in.leave();
        return result;
    }

    // ---- declarators

    private Declarator declarator() {
        Declarator result = new Declarator();
        declarator(result);
        return result;
    }

    private void declarator(Declarator result) {
        in.enter();
        Attributes before = new Attributes();
        attributes.readAll(before);
        List<boolean[]> pointers = new ArrayList<>();
        while (in.take("*") || in.take("^")) {
            boolean[] qualifiers = new boolean[2];
            while (true) {
                attributes.readAll(before);
                String word = in.peek().kind() == Token.Kind.WORD ? in.peek().text() : "";
                if (Specifiers.isQualifier(word)) {
                    qualifiers[0] |= word.contains("const");
                    qualifiers[1] |= word.contains("volatile");
                } else if (!Specifiers.isIgnored(word)) {
                    break;
                }
                in.next();
            }
            pointers.add(qualifiers);
        }
        for (boolean[] qualifiers : pointers) {
            step(result);
            result.wrap(type -> qualified(new CType.Pointer(type), qualifiers[0], qualifiers[1]));
        }
        @Nullable Declarator nested = null;
        if (in.is("(") && opensDeclarator()) {
            in.next();
            nested = new Declarator();
            declarator(nested);
            in.expect(")", "in a declarator");
        } else if (in.peek().kind() == Token.Kind.WORD && !in.is("asm") && !isAsm(in.peek())) {
            result.name = in.next();
        }
        suffixes(result, nested == null ? before : nested.attributes);
        if (nested == null) {
            result.attributes.add(before);
        } else {
            result.attributes.add(before);
            Declarator inner = nested;
            result.name = inner.name;
            for (int i = 0; i < inner.steps(); i++) {
                step(result);
            }
            result.wrap(inner::apply);
        }
        in.leave();
    }

    private void step(Declarator declarator) {
        if (declarator.steps() >= MAX_STEPS) {
            throw in.fault(
                    in.peek(), "type nested too deeply: more than %d levels".formatted(MAX_STEPS));
        }
    }

    /** After '(': a nested declarator, or the parameters of a function without a name. */
    private boolean opensDeclarator() {
        Token inside = in.peek(1);
        if (inside.is("*") || inside.is("^") || inside.is("(") || inside.is("[")) {
            return true;
        }
        if (inside.kind() != Token.Kind.WORD) {
            return false;
        }
        if (inside.text().startsWith("__attribute")
                || inside.text().matches("__?\\w+call|__?cdecl")) {
            return true;
        }
        return !startsType(inside);
    }

    /** Arrays and parameter lists; they bind tighter than the pointers in front. */
    private void suffixes(Declarator result, Attributes nearest) {
        List<java.util.function.UnaryOperator<CType>> found = new ArrayList<>();
        while (true) {
            Token token = in.peek();
            if (in.is("[") && !in.peek(1).is("[")) {
                in.next();
                OptionalLong length = arrayLength(token);
                in.expect("]", "after an array size");
                found.add(type -> array(token, type, length));
            } else if (in.take("(")) {
                CFunctionSignature.Builder[] holder = new CFunctionSignature.Builder[1];
                List<Parameter> parameters = new ArrayList<>();
                boolean variadic = parameters(parameters);
                found.add(
                        type -> {
                            holder[0] = CFunctionSignature.builder(type);
                            for (Parameter each : parameters) {
                                holder[0].parameter(each.name, each.type);
                            }
                            if (variadic) {
                                holder[0].variadic();
                            }
                            if (nearest.convention != null) {
                                holder[0].convention(nearest.convention);
                            }
                            return new CType.Function(holder[0].build());
                        });
            } else {
                break;
            }
            if (found.size() > MAX_STEPS) {
                throw in.fault(
                        token, "type nested too deeply: more than %d levels".formatted(MAX_STEPS));
            }
        }
        for (var step : found.reversed()) {
            step(result);
            result.wrap(step);
        }
    }

    private CType array(Token where, CType element, OptionalLong length) {
        requireComplete(where, element);
        CType.Array array = new CType.Array(element, length);
        long _ = constants.size(where, array);
        return array;
    }

    private OptionalLong arrayLength(Token where) {
        while (in.peek().kind() == Token.Kind.WORD
                && (in.is("static")
                        || Specifiers.isQualifier(in.peek().text())
                        || Specifiers.isIgnored(in.peek().text()))) {
            in.next();
        }
        if (in.is("]")) {
            return OptionalLong.empty();
        }
        if (in.is("*") && in.peek(1).is("]")) {
            in.next();
            return OptionalLong.empty();
        }
        long length = constants.evaluate("array size");
        if (length < 0) {
            throw in.fault(where, "array size is negative: size=%d".formatted(length));
        }
        return OptionalLong.of(length);
    }

    private record Parameter(String name, CType type) {}

    /** Reads a parameter list up to its ')'; returns whether it ends in '...'. */
    private boolean parameters(List<Parameter> into) {
        in.enter();
        if (in.is("void") && in.peek(1).is(")")) {
            in.next();
        }
        boolean variadic = false;
        while (!in.is(")")) {
            if (in.take("...")) {
                variadic = true;
                break;
            }
            Specifiers specifiers = specifiers("a parameter");
            CType base = baseType(specifiers);
            Declarator declarator = declarator();
            attributes.readAll(declarator.attributes);
            CType type = declarator.apply(base);
            if (specifiers.attributes.mode != null) {
                type = attributes.withMode(in.peek(), type, specifiers.attributes.mode);
            }
            if (type.unwrap() == CPrimitive.VOID) {
                throw in.fault(in.peek(), "a parameter cannot have type void");
            }
            into.add(new Parameter(declarator.nameText(), type));
            if (!in.is(")")) {
                in.expect(",", "between parameters");
                if (in.is(")")) {
                    throw in.fault(in.peek(), "expected a parameter, found ')'");
                }
            }
        }
        in.expect(")", "after parameters");
        in.leave();
        return variadic;
    }
}
