package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Evaluates integer constant expressions as a compiler for the target does: array sizes, enum
 * values, bit-field widths, assertions, with {@code sizeof}, {@code _Alignof}, {@code offsetof} and
 * casts.
 */
final class Constants {
    /** A value, or inside {@code sizeof} only its type. */
    private record Value(CType type, long bits, boolean known) {}

    private final TokenStream in;
    private final Scope scope;
    private final Target target;
    private final Types types;
    private boolean beyond;
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
        Value value = conditional();
        if (!value.known) {
            throw in.fault(start, "expected a constant %s".formatted(what));
        }
        CType type = value.type.unwrap();
        beyond = value.bits < 0 && type.isInteger() && !type.isSigned(target);
        return value.bits;
    }

    /** Whether the value read last is 2^63 or more: its bits alone are a negative number's. */
    boolean wasBeyond() {
        return beyond;
    }

    /** Reads an assertion and evaluates it. */
    void staticAssert() {
        Token where = in.next();
        in.expect("(", "after '_Static_assert'");
        long holds = evaluate("condition");
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
        if (holds == 0) {
            throw in.fault(
                    where, "static assertion fails for target=%s: %s".formatted(target, message));
        }
    }

    private Value conditional() {
        in.enter();
        Value condition = binary(0);
        if (in.take("?")) {
            boolean second = condition.bits == 0;
            Value yes = operand(!condition.known || !second, this::conditional);
            in.expect(":", "in '?:'");
            Value no = operand(!condition.known || second, this::conditional);
            CType type = common(yes.type, no.type);
            Value chosen = condition.bits != 0 ? yes : no;
            condition = of(type, chosen.bits, condition.known && chosen.known);
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
            boolean decided =
                    left.known
                            && (operator.is("||")
                                    ? left.bits != 0
                                    : operator.is("&&") && left.bits == 0);
            left = apply(operator, left, operand(!decided, () -> binary(level)));
        }
    }

    private Value apply(Token operator, Value left, Value right) {
        boolean known = left.known && right.known;
        long a = left.bits;
        long b = right.bits;
        if (operator.is("||")) {
            return integer(a != 0 || b != 0, known || (left.known && a != 0));
        }
        if (operator.is("&&")) {
            return integer(a != 0 && b != 0, known || (left.known && a == 0));
        }
        if (operator.is("<<") || operator.is(">>")) {
            return shift(operator, left, right, known);
        }
        CType type = common(left.type, right.type);
        boolean signed = type.isSigned(target);
        a = wrap(type, a);
        b = wrap(type, b);
        int order = signed ? Long.compare(a, b) : Long.compareUnsigned(a, b);
        return switch (operator.text()) {
            case "|" -> of(type, a | b, known);
            case "^" -> of(type, a ^ b, known);
            case "&" -> of(type, a & b, known);
            case "==" -> integer(a == b, known);
            case "!=" -> integer(a != b, known);
            case "<" -> integer(order < 0, known);
            case ">" -> integer(order > 0, known);
            case "<=" -> integer(order <= 0, known);
            case ">=" -> integer(order >= 0, known);
            case "+" -> of(type, a + b, known);
            case "-" -> of(type, a - b, known);
            case "*" -> of(type, a * b, known);
            default -> divide(operator, type, a, b, known);
        };
    }

    private Value divide(Token operator, CType type, long a, long b, boolean known) {
        if (b == 0) {
            if (known && unevaluated == 0) {
                throw in.fault(operator, "division by zero");
            }
            return of(type, 0, false);
        }
        boolean signed = type.isSigned(target);
        boolean quotient = operator.is("/");
        if (known && unevaluated == 0 && signed && b == -1 && a != 0 && wrap(type, -a) == a) {
            throw in.fault(
                    operator,
                    "result does not fit its type: %d %s -1 of type=%s"
                            .formatted(a, operator.text(), type.spelling()));
        }
        long result;
        if (signed) {
            result = quotient ? a / b : a % b;
        } else {
            result = quotient ? Long.divideUnsigned(a, b) : Long.remainderUnsigned(a, b);
        }
        return of(type, result, known);
    }

    /** Compilers have different values for counts that the type does not have. */
    private Value shift(Token operator, Value left, Value right, boolean known) {
        CType type = promote(left.type);
        if (!known || !type.isInteger()) {
            return of(type, 0, false);
        }
        long bits = Math.min(Long.BYTES, type.size(target)) * Byte.SIZE;
        if (right.bits < 0 || right.bits >= bits) {
            if (unevaluated == 0) {
                throw in.fault(
                        operator,
                        "shift count out of range: count=%d type=%s of %d bits"
                                .formatted(right.bits, type.spelling(), bits));
            }
            return of(type, 0, false);
        }
        if (operator.is("<<")) {
            return of(type, left.bits << right.bits, true);
        }
        long shifted = type.isSigned(target) ? left.bits >> right.bits : left.bits >>> right.bits;
        return of(type, shifted, true);
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
                    CType type = promote(operand.type);
                    long a = operand.bits;
                    long result = token.is("-") ? -a : token.is("~") ? ~a : a;
                    return of(type, result, operand.known);
                }
                case "!" -> {
                    in.next();
                    Value operand = unary();
                    return integer(operand.bits == 0, operand.known);
                }
                case "*" -> {
                    in.next();
                    return new Value(pointee(token, unary().type), 0, false);
                }
                case "&" -> {
                    in.next();
                    return new Value(unary().type.pointer(), 0, false);
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
                    return of(CPrimitive.SIZE_T, sizeOf(token), true);
                }
                case "_Alignof", "__alignof__", "__alignof", "alignof" -> {
                    in.next();
                    in.expect("(", "after '%s'".formatted(token.text()));
                    CType type =
                            types.startsType(in.peek())
                                    ? types.typeName()
                                    : operand(false, this::conditional).type;
                    in.expect(")", "after the type");
                    boolean standard = token.is("_Alignof") || token.is("alignof");
                    long bytes =
                            standard ? alignment(token, type) : preferredAlignment(token, type);
                    return of(CPrimitive.SIZE_T, bytes, true);
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
            type = operand(false, this::unary).type;
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
        boolean known = value.known && (plain.isInteger() || plain.isPointer());
        if (plain == CPrimitive.BOOL) {
            return new Value(type, value.bits != 0 ? 1 : 0, known);
        }
        return new Value(type, known ? wrap(type, value.bits) : 0, known);
    }

    private Value postfix(Value value) {
        while (true) {
            Token token = in.peek();
            if (in.take(".")) {
                value = member(token, value.type);
            } else if (in.take("->")) {
                value = member(token, pointee(token, value.type));
            } else if (in.take("[")) {
                Value _ = conditional();
                in.expect("]", "after an index");
                value = new Value(pointee(token, value.type), 0, false);
            } else {
                return value;
            }
        }
    }

    private Value member(Token where, CType type) {
        Token name = in.expectWord("a member's name");
        return new Value(place(where, type, name).field().type(), 0, false);
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
            long value = wrap(element, units.getFirst());
            return of(plain ? CPrimitive.INT : element, value, true);
        }
        int value = 0;
        for (int unit : units) {
            value = value << Byte.SIZE | unit;
        }
        return of(CPrimitive.INT, value, true);
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
        return new Value(CType.array(element, length), 0, false);
    }

    private List<Integer> units(Token token, CPrimitive element) {
        return Literal.units(token, element, target, what -> in.fault(token, what));
    }

    private Value named(Token token) {
        if (token.is("__builtin_offsetof") || token.is("offsetof")) {
            return offsetOf();
        }
        Long constant = scope.enumConstants.get(token.text());
        if (constant != null) {
            if (scope.beyond.contains(token.text())) {
                return of(CPrimitive.ULONG_LONG, constant, true);
            }
            boolean small = constant == constant.intValue();
            return of(small ? CPrimitive.INT : CPrimitive.LONG_LONG, constant, true);
        }
        if (token.is("true") || token.is("false")) {
            return integer(token.is("true"), true);
        }
        CType variable = scope.variables.get(token.text());
        if (variable != null) {
            return new Value(variable, 0, false);
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
        return of(CPrimitive.SIZE_T, offset, true);
    }

    private Value number(Token token) {
        NumberLiteral read = NumberLiteral.of(token, target, what -> in.fault(token, what));
        return of(read.type(), read.bits(), read.isInteger());
    }

    private Value integer(boolean value, boolean known) {
        return new Value(CPrimitive.INT, value ? 1 : 0, known);
    }

    private Value of(CType type, long bits, boolean known) {
        return new Value(type, known ? wrap(type, bits) : 0, known);
    }

    /** Keeps of a value what the type can hold. */
    private long wrap(CType type, long bits) {
        CType plain = type.unwrap();
        if (!plain.isInteger() && !plain.isPointer()) {
            return bits;
        }
        long unused = Long.SIZE - Math.min(8, plain.size(target)) * Byte.SIZE;
        return plain.isSigned(target) ? bits << unused >> unused : bits << unused >>> unused;
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
