package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;

/** Reads what stands around a declared name: pointers, arrays, parameter lists, in any nesting. */
final class DeclaratorParser {
    private static final int MAX_STEPS = 64; // pointers, arrays and functions in one declarator

    private final TokenStream in;
    private final Types types;

    DeclaratorParser(TokenStream in, Types types) {
        this.in = in;
        this.types = types;
    }

    /** Reads a declarator, with or without a name. */
    Declarator read() {
        Declarator result = new Declarator();
        declarator(result);
        return result;
    }

    private void declarator(Declarator result) {
        in.enter();
        Attributes before = new Attributes();
        types.attributes().readAll(before);
        while (in.take("*") || in.take("^")) {
            Qualifiers qualifiers = new Qualifiers();
            while (true) {
                types.attributes().readAll(before);
                String word = in.peek().kind() == Token.Kind.WORD ? in.peek().text() : "";
                if (!qualifiers.take(word) && !types.isIgnored(in.peek())) {
                    break;
                }
                in.next();
            }
            step(result);
            result.wrap(type -> qualifiers.around(new CType.Pointer(type)));
        }
        @Nullable Declarator nested = null;
        if (in.is("(") && opensDeclarator()) {
            in.next();
            nested = new Declarator();
            declarator(nested);
            in.expect(")", "in a declarator");
        } else if (in.peek().kind() == Token.Kind.WORD && !in.peek().isAsm()) {
            result.name = in.next();
            if (in.is("[")) {
                types.attributes().readDeclared(before);
            }
        }
        suffixes(result, nested == null ? before : nested.attributes);
        result.attributes.add(before);
        if (nested != null) {
            Declarator inner = nested;
            result.attributes.addLayout(inner.attributes);
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
                || inside.text().endsWith("_declspec")
                || inside.text().matches("__?\\w+call|__?cdecl")) {
            return true;
        }
        return !types.startsType(inside);
    }

    /** Arrays and parameter lists; they bind tighter than the pointers in front. */
    private void suffixes(Declarator result, Attributes nearest) {
        List<UnaryOperator<CType>> found = new ArrayList<>();
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
        types.requireComplete(where, element);
        CType.Array array = new CType.Array(element, length);
        long _ = types.constants().size(where, array);
        return array;
    }

    private OptionalLong arrayLength(Token where) {
        while (in.peek().kind() == Token.Kind.WORD
                && (in.is("static")
                        || Qualifiers.has(in.peek().text())
                        || types.isIgnored(in.peek()))) {
            in.next();
        }
        if (in.is("]")) {
            return OptionalLong.empty();
        }
        if (in.is("*") && in.peek(1).is("]")) {
            in.next();
            return OptionalLong.empty();
        }
        long length = types.constants().evaluate("array size");
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
            Specifiers specifiers = types.specifiers("a parameter");
            CType base = types.baseType(specifiers);
            Declarator declarator = read();
            types.attributes().readAll(declarator.attributes);
            Attributes all = new Attributes();
            all.add(specifiers.attributes);
            all.add(declarator.attributes);
            CType type = types.declared(in.peek(), base, declarator, all);
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
