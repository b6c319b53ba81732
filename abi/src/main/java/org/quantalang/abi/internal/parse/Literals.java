package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** Types and values of the numbers, characters and strings in expressions. */
final class Literals {
    private final TokenStream in;
    private final Target target;
    private final Arithmetic arithmetic;

    Literals(TokenStream in, Target target, Arithmetic arithmetic) {
        this.in = in;
        this.target = target;
        this.arithmetic = arithmetic;
    }

    Value number(Token token) {
        NumberLiteral read = NumberLiteral.of(token, target, what -> in.fault(token, what));
        return read.number() == null
                ? Value.unknown(read.type())
                : arithmetic.of(read.type(), read.number());
    }

    /** Several characters without a prefix make one number, the first the highest byte. */
    Value character(Token token) {
        CPrimitive element = Literal.element(token);
        List<Integer> units = units(token, element);
        boolean plain = element == CPrimitive.CHAR;
        if (units.isEmpty() || (units.size() > 1 && !plain)) {
            String what = units.isEmpty() ? "empty" : "more than one character in a wide";
            throw in.fault(token, what + " character constant");
        }
        if (units.size() == 1) {
            Value value = arithmetic.of(element, BigDecimal.valueOf(units.getFirst()));
            return plain ? Value.known(CPrimitive.INT, value.known()) : value;
        }
        int value = 0;
        for (int unit : units) {
            value = value << Byte.SIZE | unit;
        }
        return Value.known(CPrimitive.INT, value);
    }

    /** Reads the strings that follow the first one; together they are one. */
    Value string(Token first) {
        List<Token> parts = new ArrayList<>(List.of(first));
        while (in.peek().kind() == Token.Kind.STRING) {
            parts.add(in.next());
        }
        CPrimitive element = CPrimitive.CHAR;
        for (Token part : parts) {
            CPrimitive its = Literal.element(part);
            element = its == CPrimitive.CHAR ? element : its;
        }
        long length = 1;
        for (Token part : parts) {
            length += units(part, element).size();
        }
        return Value.place(CType.array(element, length), null);
    }

    private List<Integer> units(Token token, CPrimitive element) {
        return Literal.units(token, element, target, what -> in.fault(token, what));
    }
}
