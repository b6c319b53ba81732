package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Evaluates integer constant expressions as a compiler for the target does: array sizes, enum
 * values, bit-field widths, assertions, with {@code sizeof}, {@code _Alignof}, {@code offsetof} and
 * casts.
 */
final class Constants {
    private final TokenStream in;
    private final Scope scope;
    private final Target target;
    private final Types types;
    private int unevaluated; // inside operands whose value nobody asks for

    Constants(TokenStream in, Scope scope, Target target, Types types) {
        this.in = in;
        this.scope = scope;
        this.target = target;
        this.types = types;
    }

    /** Reads one expression without top-level commas and returns its value. */
    long evaluate(String what) {
        Token start = in.peek();
        BigInteger number = constant(what).number();
        if (number.bitLength() >= Long.SIZE) {
            throw in.fault(start, "%s does not fit 64 bits: value=%d".formatted(what, number));
        }
        return number.longValue();
    }

    /** Reads one expression without top-level commas, which must be a constant. */
    Value constant(String what) {
        Token start = in.peek();
        Value value = conditional();
        if (!value.known()) {
            throw in.fault(start, "expected a constant %s".formatted(what));
        }
        return value;
    }

    /** Reads an assertion and evaluates it. */
    void staticAssert() {
        Token where = in.next();
        in.expect("(", "after '_Static_assert'");
        Value holds = constant("condition");
        String message = "";
        if (in.take(",")) {
            StringBuilder text = new StringBuilder();
            while (in.peek().kind() == Token.Kind.STRING) {
                text.append(in.next().content());
            }
            message = text.toString();
        }
        in.expect(")", "after '_Static_assert'");
        in.expect(";", "after '_Static_assert'");
        if (holds.isZero()) {
            throw in.fault(
                    where, "static assertion fails for target=%s: %s".formatted(target, message));
        }
    }

    private Value conditional() {
        in.enter();
        Value condition = binary(0);
        if (in.take("?")) {
            boolean second = condition.isZero();
            Value yes = operand(!condition.known() || !second, this::conditional);
            in.expect(":", "in '?:'");
            Value no = operand(!condition.known() || second, this::conditional);
            CType type = common(yes.type(), no.type());
            Value chosen = second ? no : yes;
            condition = of(type, chosen.number(), condition.known() && chosen.known());
        }
        in.leave();
        return condition;
    }

    private Value operand(boolean evaluated, Supplier<Value> read) {
        int before = unevaluated;
        unevaluated += evaluated ? 0 : 1;
        try {
            return read.get();
        } finally {
            unevaluated = before;
        }
    }

    private static int precedence(String operator) {
        return switch (operator) {
            case "||" -> 1;
            case "&&" -> 2;
            case "|" -> 3;
            case "^" -> 4;
            case "&" -> 5;
            case "==", "!=" -> 6;
            case "<", ">", "<=", ">=" -> 7;
            case "<<", ">>" -> 8;
            case "+", "-" -> 9;
            case "*", "/", "%" -> 10;
            default -> 0;
        };
    }

    private Value binary(int above) {
        Value left = unary();
        while (true) {
            Token operator = in.peek();
            int level = operator.kind() == Token.Kind.PUNCTUATION ? precedence(operator.text()) : 0;
            if (level <= above) {
                return left;
            }
            in.next();
            boolean decided = left.known() && operator.is(left.isZero() ? "&&" : "||");
            left = apply(operator, left, operand(!decided, () -> binary(level)));
        }
    }

    private Value apply(Token operator, Value left, Value right) {
        boolean known = left.known() && right.known();
        if (operator.is("||")) {
            boolean either = !left.isZero() || !right.isZero();
            return integer(either, known || (left.known() && !left.isZero()));
        }
        if (operator.is("&&")) {
            boolean both = !left.isZero() && !right.isZero();
            return integer(both, known || (left.known() && left.isZero()));
        }
        if (operator.is("<<") || operator.is(">>")) {
            return shift(operator, left, right, known);
        }
        CType type = common(left.type(), right.type());
        BigInteger a = wrap(type, left.number());
        BigInteger b = wrap(type, right.number());
        int order = a.compareTo(b);
        return switch (operator.text()) {
            case "|" -> of(type, a.or(b), known);
            case "^" -> of(type, a.xor(b), known);
            case "&" -> of(type, a.and(b), known);
            case "==" -> integer(order == 0, known);
            case "!=" -> integer(order != 0, known);
            case "<" -> integer(order < 0, known);
            case ">" -> integer(order > 0, known);
            case "<=" -> integer(order <= 0, known);
            case ">=" -> integer(order >= 0, known);
            case "+" -> of(type, a.add(b), known);
            case "-" -> of(type, a.subtract(b), known);
            case "*" -> of(type, a.multiply(b), known);
            default -> divide(operator, type, a, b, known);
        };
    }

    private Value divide(Token operator, CType type, BigInteger a, BigInteger b, boolean known) {
        if (b.signum() == 0) {
            if (known && unevaluated == 0) {
                throw in.fault(operator, "division by zero");
            }
            return Value.unknown(type);
        }
        BigInteger quotient = a.divide(b);
        if (known && unevaluated == 0 && !wrap(type, quotient).equals(quotient)) {
            throw in.fault(
                    operator,
                    "result does not fit its type: %d %s %d of type=%s"
                            .formatted(a, operator.text(), b, type.spelling()));
        }
        return of(type, operator.is("/") ? quotient : a.remainder(b), known);
    }

    /** Compilers have different values for counts that the type does not have. */
    private Value shift(Token operator, Value left, Value right, boolean known) {
        CType type = promote(left.type());
        if (!known || !type.isInteger()) {
            return Value.unknown(type);
        }
        long bits = type.size(target) * Byte.SIZE;
        BigInteger count = right.number();
        if (count.signum() < 0 || count.compareTo(BigInteger.valueOf(bits)) >= 0) {
            if (unevaluated == 0) {
                throw in.fault(
                        operator,
                        "shift count out of range: count=%d type=%s of %d bits"
                                .formatted(count, type.spelling(), bits));
            }
            return Value.unknown(type);
        }
        int places = operator.is("<<") ? count.intValue() : -count.intValue();
        return of(type, left.number().shiftLeft(places), true);
    }

    private Value unary() {
        in.enter();
        Value value = unaryInside();
        in.leave();
        return value;
    }

    private Value unaryInside() {
        Token token = in.peek();
        if (token.kind() == Token.Kind.PUNCTUATION) {
            switch (token.text()) {
                case "+", "-", "~" -> {
                    in.next();
                    Value operand = unary();
                    CType type = promote(operand.type());
                    BigInteger a = operand.number();
                    BigInteger result = token.is("-") ? a.negate() : token.is("~") ? a.not() : a;
                    return of(type, result, operand.known());
                }
                case "!" -> {
                    in.next();
                    Value operand = unary();
                    return integer(operand.isZero(), operand.known());
                }
                case "*" -> {
                    in.next();
                    return Value.unknown(pointee(token, unary().type()));
                }
                case "&" -> {
                    in.next();
                    return Value.unknown(unary().type().pointer());
                }
                case "(" -> {
                    if (types.startsType(in.peek(1))) {
                        in.next();
                        CType type = types.typeName();
                        in.expect(")", "after the type of a cast");
                        return cast(type, unary());
                    }
                }
                default -> {}
            }
        }
        if (token.kind() == Token.Kind.WORD) {
            switch (token.text()) {
                case "sizeof" -> {
                    in.next();
                    return size(sizeOf(token));
                }
                case "_Alignof", "__alignof__", "__alignof", "alignof" -> {
                    in.next();
                    in.expect("(", "after '%s'".formatted(token.text()));
                    CType type =
                            types.startsType(in.peek())
                                    ? types.typeName()
                                    : operand(false, this::conditional).type();
                    in.expect(")", "after the type");
                    boolean standard = token.is("_Alignof") || token.is("alignof");
                    long bytes =
                            standard ? alignment(token, type) : preferredAlignment(token, type);
                    return size(bytes);
                }
                case "__extension__" -> {
                    in.next();
                    return unary();
                }
                default -> {}
            }
        }
        return postfix(primary());
    }

    private long sizeOf(Token where) {
        CType type;
        if (in.is("(") && types.startsType(in.peek(1))) {
            in.next();
            type = types.typeName();
            in.expect(")", "after the type in 'sizeof'");
        } else {
            type = operand(false, this::unary).type();
        }
        if (type.unwrap() instanceof CType.Array array && array.length().isEmpty()) {
            throw in.fault(where, "no size: type=" + type.spelling());
        }
        return size(where, type);
    }

    long size(Token where, CType type) {
        try {
            return type.size(target);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw in.fault(where, "no size: " + e.getMessage());
        }
    }

    long alignment(Token where, CType type) {
        try {
            return type.alignment(target);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw in.fault(where, "no alignment: " + e.getMessage());
        }
    }

    /**
     * What GNU C's {@code __alignof__} gives: a {@code long long} or a {@code double} by itself is
     * aligned to its size even where less is enough in a record, unless a typedef says otherwise.
     */
    private long preferredAlignment(Token where, CType type) {
        long least = alignment(where, type);
        CType element = type;
        while (true) {
            switch (element) {
                case CType.Typedef typedef when typedef.declaredAlignment() != 0 -> {
                    return least;
                }
                case CType.Typedef typedef -> element = typedef.type();
                case CType.Qualified qualified -> element = qualified.type();
                case CType.Array array -> element = array.element();
                case CType.Complex complex -> element = complex.part();
                case CPrimitive _, CEnum _ -> {
                    boolean wide = size(where, element) == Long.BYTES;
                    return wide ? Math.max(least, Long.BYTES) : least;
                }
                default -> {
                    return least;
                }
            }
        }
    }

    private Value cast(CType type, Value value) {
        CType plain = type.unwrap();
        boolean known = value.known() && (plain.isInteger() || plain.isPointer());
        boolean truth = plain == CPrimitive.BOOL && !value.isZero();
        return of(type, truth ? BigInteger.ONE : value.number(), known);
    }

    private Value postfix(Value value) {
        while (true) {
            Token token = in.peek();
            if (in.take(".")) {
                value = member(token, value.type());
            } else if (in.take("->")) {
                value = member(token, pointee(token, value.type()));
            } else if (in.take("[")) {
                Value _ = conditional();
                in.expect("]", "after an index");
                value = Value.unknown(pointee(token, value.type()));
            } else {
                return value;
            }
        }
    }

    private Value member(Token where, CType type) {
        Token name = in.expectWord("a member's name");
        return Value.unknown(place(where, type, name).field().type());
    }

    private FieldLayout place(Token where, CType type, Token name) {
        if (!(type.unwrap() instanceof CStructDef record)) {
            throw in.fault(where, "no record: type=%s".formatted(type.spelling()));
        }
        try {
            return RecordLayout.of(record, target).field(name.text());
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw in.fault(name, String.valueOf(e.getMessage()));
        }
    }

    private CType pointee(Token where, CType type) {
        return switch (type.unwrap()) {
            case CType.Pointer pointer -> pointer.pointee();
            case CType.Array array -> array.element();
            default -> throw in.fault(where, "no pointer: type=%s".formatted(type.spelling()));
        };
    }

    private Value primary() {
        Token token = in.next();
        if (token.kind() == Token.Kind.NUMBER) {
            return number(token);
        }
        if (token.kind() == Token.Kind.CHARACTER) {
            return character(token);
        }
        if (token.kind() == Token.Kind.STRING) {
            return string(token);
        }
        if (token.kind() == Token.Kind.WORD) {
            return named(token);
        }
        if (token.is("(")) {
            Value value = conditional();
            in.expect(")", "in an expression");
            return value;
        }
        throw in.fault(token, "expected an expression, found %s".formatted(token.shown()));
    }

    /** Several characters without a prefix make one number, the first the highest byte. */
    private Value character(Token token) {
        CPrimitive element = Literal.element(token);
        List<Integer> units = units(token, element);
        boolean plain = element == CPrimitive.CHAR;
        if (units.isEmpty() || (units.size() > 1 && !plain)) {
            String what = units.isEmpty() ? "empty" : "more than one character in a wide";
            throw in.fault(token, what + " character constant");
        }
        if (units.size() == 1) {
            BigInteger value = wrap(element, BigInteger.valueOf(units.getFirst()));
            return of(plain ? CPrimitive.INT : element, value, true);
        }
        int value = 0;
        for (int unit : units) {
            value = value << Byte.SIZE | unit;
        }
        return of(CPrimitive.INT, BigInteger.valueOf(value), true);
    }

    private Value string(Token first) {
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
        return Value.unknown(CType.array(element, length));
    }

    private List<Integer> units(Token token, CPrimitive element) {
        return Literal.units(token, element, target, what -> in.fault(token, what));
    }

    private Value named(Token token) {
        if (token.is("__builtin_offsetof") || token.is("offsetof")) {
            return offsetOf();
        }
        Value constant = scope.enumConstants.get(token.text());
        if (constant != null) {
            return constant;
        }
        if (token.is("true") || token.is("false")) {
            return integer(token.is("true"), true);
        }
        CType variable = scope.variables.get(token.text());
        if (variable != null) {
            return Value.unknown(variable);
        }
        throw in.fault(token, "unknown name '%s' in an expression".formatted(token.text()));
    }

    private Value offsetOf() {
        in.expect("(", "after 'offsetof'");
        CType type = types.typeName();
        in.expect(",", "in 'offsetof'");
        long offset = 0;
        Token name = in.expectWord("a member's name");
        FieldLayout place = place(name, type, name);
        offset += place.bitOffset() / Byte.SIZE;
        CType at = place.field().type();
        while (!in.is(")")) {
            Token token = in.next();
            if (token.is(".")) {
                Token inner = in.expectWord("a member's name");
                FieldLayout next = place(inner, at, inner);
                offset += next.bitOffset() / Byte.SIZE;
                at = next.field().type();
            } else if (token.is("[")) {
                long index = evaluate("index");
                in.expect("]", "after an index");
                at = pointee(token, at);
                offset += index * size(token, at);
            } else {
                throw in.fault(token, "expected ')' in 'offsetof', found " + token.shown());
            }
        }
        in.expect(")", "in 'offsetof'");
        return size(offset);
    }

    private Value number(Token token) {
        NumberLiteral read = NumberLiteral.of(token, target, what -> in.fault(token, what));
        return of(read.type(), read.number(), read.isInteger());
    }

    private Value size(long bytes) {
        return of(CPrimitive.SIZE_T, BigInteger.valueOf(bytes), true);
    }

    private Value integer(boolean value, boolean known) {
        return of(CPrimitive.INT, value ? BigInteger.ONE : BigInteger.ZERO, known);
    }

    private Value of(CType type, BigInteger number, boolean known) {
        return known ? new Value(type, wrap(type, number), true) : Value.unknown(type);
    }

    /** Keeps of a value what the type can hold. */
    private BigInteger wrap(CType type, BigInteger number) {
        CType plain = type.unwrap();
        if (!plain.isInteger() && !plain.isPointer()) {
            return number;
        }
        BigInteger range = BigInteger.TWO.pow((int) plain.size(target) * Byte.SIZE);
        BigInteger rest = number.mod(range);
        boolean negative = plain.isSigned(target) && rest.shiftLeft(1).compareTo(range) >= 0;
        return negative ? rest.subtract(range) : rest;
    }

    private CType promote(CType type) {
        CType plain = type.unwrap();
        return plain.isInteger() && plain.size(target) < Integer.BYTES ? CPrimitive.INT : plain;
    }

    private CType common(CType left, CType right) {
        CType a = promote(left);
        CType b = promote(right);
        if (!a.isInteger() || !b.isInteger()) {
            return a.isInteger() ? b : a;
        }
        long sizeA = a.size(target);
        long sizeB = b.size(target);
        if (sizeA != sizeB) {
            return sizeA > sizeB ? a : b;
        }
        return a.isSigned(target) ? b : a;
    }
}
