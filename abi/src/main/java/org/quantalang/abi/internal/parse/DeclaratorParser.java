package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CParseException;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallingConvention;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Reads what stands around a declared name: pointers, arrays, parameter lists, in any nesting. */
final class DeclaratorParser {
    private static final int MAX_STEPS = 64; // pointers, arrays and functions in one declarator

    private final TokenStream in;
    private final Types types;
    private int parameterLists; // around what is being read

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

    /** Sets how many parameter lists are around what follows, none in a record; returns before. */
    int parameterLists(int around) {
        int before = parameterLists;
        parameterLists = around;
        return before;
    }

    private void declarator(Declarator result) {
        in.enter();
        Attributes before = new Attributes();
        types.attributes().readAll(before);
        placeConvention(before, result);
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
            Token behind = in.peek();
            step(result);
            result.wrap(type -> types.qualified(behind, qualifiers, new CType.Pointer(type)));
            placeConvention(before, result);
        }
        @Nullable Declarator nested = null;
        if (in.is("(") && opensDeclarator()) {
            in.next();
            nested = new Declarator(result);
            declarator(nested);
            in.expect(")", "in a declarator");
        } else if (in.peek().kind() == Token.Kind.WORD && !in.peek().isAsm()) {
            result.name = in.next();
            if (in.is("[")) {
                types.attributes().readDeclared(before);
            }
        }
        suffixes(result);
        result.attributes.add(before);
        if (nested != null) {
            Declarator inner = nested;
            result.attributes.add(inner.attributes);
            result.name = inner.name;
            for (int i = 0; i < inner.steps(); i++) {
                step(result);
            }
            result.wrap(inner::apply);
        }
        in.leave();
    }

    private static void placeConvention(Attributes read, Declarator result) {
        if (read.convention != null) {
            result.convention(read.convention);
            read.convention = null;
        }
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
    private void suffixes(Declarator result) {
        List<UnaryOperator<CType>> found = new ArrayList<>();
        boolean[] variable = {false}; // whether any array here has a size that only a call knows
        while (true) {
            Token token = in.peek();
            if (in.is("[") && !in.peek(1).is("[")) {
                in.next();
                Length length = arrayLength(token);
                in.expect("]", "after an array size");
                variable[0] |= length.isVariable;
                found.add(type -> array(token, type, length.elements, variable[0]));
            } else if (in.take("(")) {
                CFunctionSignature.Builder[] holder = new CFunctionSignature.Builder[1];
                List<Parameter> parameters = new ArrayList<>();
                boolean variadic = parameters(parameters);
                found.add(
                        type -> {
                            types.requireResult(token, type);
                            holder[0] = CFunctionSignature.builder(type);
                            for (Parameter each : parameters) {
                                holder[0].parameter(each.name, each.type);
                            }
                            if (variadic) {
                                holder[0].variadic();
                            }
                            CallingConvention waiting = result.takeWaitingConvention();
                            if (waiting != null) {
                                holder[0].convention(waiting);
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

    private CType array(Token where, CType element, OptionalLong length, boolean anyVariable) {
        types.requireComplete(where, element, "an array element");
        boolean open = element.unwrap() instanceof CType.Array inner && inner.length().isEmpty();
        if (open && !anyVariable) {
            throw in.fault(where, "an array element cannot have type " + element.spelling());
        }
        requirePlaceForEach(where, element);
        CType.Array array = new CType.Array(element, length);
        long _ = types.constants().size(where, array);
        return array;
    }

    /** Refuses elements that would not all be aligned. */
    private void requirePlaceForEach(Token where, CType element) {
        if (element.unwrap() instanceof CType.Array array && array.length().isEmpty()) {
            return; // only a call knows the size
        }
        long size = types.constants().size(where, element);
        long alignment = types.constants().alignment(where, element);
        if (size % alignment != 0) {
            throw in.fault(
                    where,
                    "the size of an array element is no multiple of its alignment: type=%s size=%d"
                                    .formatted(element.spelling(), size)
                            + " alignment=%d".formatted(alignment));
        }
    }

    /** How many elements; none known and variable if only a call knows. */
    private record Length(OptionalLong elements, boolean isVariable) {
        static final Length OPEN = new Length(OptionalLong.empty(), false);
        static final Length VARIABLE = new Length(OptionalLong.empty(), true);
    }

    private Length arrayLength(Token where) {
        while (in.peek().kind() == Token.Kind.WORD
                && (in.is("static")
                        || Qualifiers.has(in.peek().text())
                        || types.isIgnored(in.peek()))) {
            in.next();
        }
        if (in.is("]")) {
            return Length.OPEN;
        }
        if (in.is("*") && in.peek(1).is("]")) {
            in.next();
            return Length.VARIABLE;
        }
        TokenStream.Mark start = in.mark();
        int around = parameterLists;
        long length;
        try {
            length = types.constants().evaluate("array size");
            if (!in.is("]") && around > 0) {
                throw in.fault(in.peek(), "expected ']', found " + in.peek().shown());
            }
        } catch (CParseException e) {
            if (around == 0) {
                throw e;
            }
            parameterLists = around;
            // It may depend on other parameters, and says nothing of a pointer.
            in.reset(start);
            in.skipTo("]");
            return Length.VARIABLE;
        }
        if (length < 0) {
            throw in.fault(where, "array size is negative: size=%d".formatted(length));
        }
        return new Length(OptionalLong.of(length), false);
    }

    private record Parameter(String name, CType type) {}

    /** Reads a parameter list up to its ')'; returns whether it ends in '...'. */
    private boolean parameters(List<Parameter> into) {
        in.enter();
        if (in.is("void") && in.peek(1).is(")")) {
            in.next();
        }
        boolean variadic = false;
        Set<String> names = new HashSet<>();
        parameterLists++;
        while (!in.is(")")) {
            if (in.take("...")) {
                variadic = true;
                break;
            }
            Specifiers specifiers = types.specifiers("a parameter");
            if (specifiers.storage != null && !specifiers.storage.is("register")) {
                types.forbidStorage(specifiers, "a parameter");
            }
            CType base = types.baseType(specifiers);
            Declarator declarator = read();
            types.attributes().readAll(declarator.attributes);
            Attributes all = new Attributes();
            all.add(specifiers.attributes);
            all.add(declarator.attributes);
            types.forbidAlignas(all, "a parameter");
            CType type = types.declared(in.peek(), base, declarator, all);
            if (type.unwrap() == CPrimitive.VOID) {
                boolean nothing = into.isEmpty() && declarator.name == null && in.is(")");
                if (!nothing || !isPlainVoid(type)) {
                    throw in.fault(in.peek(), "a parameter cannot have type " + type.spelling());
                }
                break; // (void), by another name
            }
            if (declarator.name != null && !names.add(declarator.nameText())) {
                throw in.fault(
                        declarator.name, "parameter '%s' twice".formatted(declarator.nameText()));
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
        parameterLists--;
        in.leave();
        return variadic;
    }

    private static boolean isPlainVoid(CType type) {
        CType named = type;
        while (named instanceof CType.Typedef typedef) {
            named = typedef.type();
        }
        return named == CPrimitive.VOID;
    }
}
