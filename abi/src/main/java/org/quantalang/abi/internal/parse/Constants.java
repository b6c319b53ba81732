package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.CTypes;
import org.quantalang.abi.ExternFunction;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * Reads expressions: the type of any, and the value of constant ones, as a compiler for the target
 * has it. They are array sizes, enum values, bit-field widths, assertions, and the operands of
 * {@code sizeof} and {@code typeof}.
 */
final class Constants {
    private static final Token PLUS = new Token(Token.Kind.PUNCTUATION, "+", 0, 0, 0);

    private final TokenStream in;
    private final Scope scope;
    private final Target target;
    private final Types types;
    private final Arithmetic arithmetic;
    private final Literals literals;
    private final Initializers initializers;

    Constants(TokenStream in, Scope scope, Target target, Types types) {
        this.in = in;
        this.scope = scope;
        this.target = target;
        this.types = types;
        this.arithmetic = new Arithmetic(in, target);
        this.literals = new Literals(in, target, arithmetic);
        this.initializers = new Initializers(in, literals);
    }

    Arithmetic arithmetic() {
        return arithmetic;
    }

    Initializers initializers() {
        return initializers;
    }

    /** Reads one expression without top-level commas and returns its value. */
    long evaluate(String what) {
        Token start = in.peek();
        BigInteger number = constant(what).known().toBigInteger();
        if (number.bitLength() >= Long.SIZE) {
            throw in.fault(start, "%s does not fit 64 bits: value=%d".formatted(what, number));
        }
        return number.longValue();
    }

    /** Reads one expression without top-level commas, which must be an integer constant. */
    Value constant(String what) {
        Token start = in.peek();
        Value value = conditional();
        if (!value.type().isInteger()) {
            throw in.fault(
                    start, "%s is no integer: type=%s".formatted(what, value.type().spelling()));
        }
        if (!value.isKnown()) {
            throw in.fault(start, "expected a constant %s".formatted(what));
        }
        return value;
    }

    /** Reads one expression without top-level commas for its type. */
    CType typeOf() {
        Token start = in.peek();
        Value value = arithmetic.operand(false, this::comma);
        forbidBitField(start, value, "no type of its own");
        return value.type();
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

    /** Operands after each other: the last is the result, but no constant. */
    private Value comma() {
        Value value = conditional();
        while (in.take(",")) {
            Value last = arithmetic.content(conditional());
            value = new Value(last.type(), null, false, last.bitWidth());
        }
        return value;
    }

    private Value conditional() {
        in.enter();
        Value value = binary(0);
        Token operator = in.peek();
        if (in.take("?")) {
            Value condition = value;
            boolean second = condition.isZero();
            Value yes =
                    in.is(":") // GNU C: the condition itself
                            ? condition
                            : arithmetic.operand(!condition.isKnown() || !second, this::comma);
            in.expect(":", "in '?:'");
            Value no = arithmetic.operand(!condition.isKnown() || second, this::conditional);
            value = arithmetic.choice(operator, condition, yes, no);
        }
        in.leave();
        return value;
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
            boolean decided = left.isKnown() && operator.is(left.isZero() ? "&&" : "||");
            Value right = arithmetic.operand(!decided, () -> binary(level));
            left = arithmetic.binary(operator, left, right);
        }
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
                case "+", "-", "~", "!" -> {
                    return arithmetic.unary(in.next(), unary());
                }
                case "*" -> {
                    return arithmetic.pointee(in.next(), unary());
                }
                case "&" -> {
                    in.next();
                    return address(token, unary());
                }
                case "(" -> {
                    if (types.startsType(in.peek(1))) {
                        in.next();
                        CType type = types.typeName();
                        in.expect(")", "after the type of a cast");
                        return in.is("{") ? literal(type) : arithmetic.cast(token, type, unary());
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
                    return size(alignOf(in.next()));
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

    private Value address(Token where, Value value) {
        forbidBitField(where, value, "no address");
        if (!value.isPlace()) {
            throw in.fault(where, "no address: type=%s".formatted(value.type().spelling()));
        }
        return new Value(value.type().pointer(), value.number(), false, 0);
    }

    private void forbidBitField(Token where, Value value, String lacks) {
        if (value.bitWidth() != 0) {
            throw in.fault(
                    where,
                    "a bit-field has %s: width=%d type=%s"
                            .formatted(lacks, value.bitWidth(), value.type().spelling()));
        }
    }

    /** An object that is written where it is used: {@code (int[]) {1, 2}}. */
    private Value literal(CType type) {
        return postfix(Value.place(initializers.completed(type), null));
    }

    private long sizeOf(Token where) {
        Value value;
        if (in.is("(") && types.startsType(in.peek(1))) {
            in.next();
            CType named = types.typeName();
            in.expect(")", "after the type in 'sizeof'");
            value =
                    in.is("{")
                            ? arithmetic.operand(false, () -> literal(named))
                            : Value.unknown(named);
        } else {
            value = arithmetic.operand(false, this::unary);
        }
        forbidBitField(where, value, "no size");
        CType type = value.type();
        if (type.unwrap() instanceof CType.Array array && array.length().isEmpty()) {
            throw in.fault(where, "no size: type=" + type.spelling());
        }
        return size(where, type);
    }

    private long alignOf(Token word) {
        in.expect("(", "after '%s'".formatted(word.text()));
        CType type;
        if (types.startsType(in.peek())) {
            type = types.typeName();
        } else {
            Value value = arithmetic.operand(false, this::comma);
            forbidBitField(word, value, "no alignment");
            type = value.type();
        }
        in.expect(")", "after the type");
        boolean standard = word.is("_Alignof") || word.is("alignof");
        return standard ? alignment(word, type) : preferredAlignment(word, type);
    }

    long size(Token where, CType type) {
        try {
            return type.size(target);
        } catch (IllegalArgumentException e) {
            throw in.fault(where, "no size: " + e.getMessage());
        }
    }

    long alignment(Token where, CType type) {
        try {
            return type.alignment(target);
        } catch (IllegalArgumentException e) {
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

    private Value postfix(Value first) {
        Value value = first;
        while (true) {
            Token token = in.peek();
            if (in.take(".")) {
                value = member(token, value);
            } else if (in.take("->")) {
                value = member(token, arithmetic.pointee(token, value));
            } else if (in.take("[")) {
                Value index = comma();
                in.expect("]", "after an index");
                value = element(token, value, index);
            } else if (in.take("(")) {
                value = call(token, value);
            } else {
                return value;
            }
        }
    }

    private Value member(Token where, Value record) {
        Token name = in.expectWord("a member's name");
        FieldLayout place = place(where, record.type(), name);
        BigDecimal base = record.number();
        BigDecimal offset = BigDecimal.valueOf(place.bitOffset() / Byte.SIZE);
        BigDecimal address = base == null ? null : base.add(offset);
        CType type = place.field().type();
        int width = place.field().bitWidth().orElse(0);
        return new Value(type, address, record.isPlace(), width);
    }

    /** Either side of {@code a[b]} may be the pointer. */
    private Value element(Token bracket, Value left, Value right) {
        Value a = arithmetic.content(left);
        Value b = arithmetic.content(right);
        if (!(a.type().isPointer() && b.type().isInteger())
                && !(a.type().isInteger() && b.type().isPointer())) {
            throw in.fault(
                    bracket,
                    "no pointer and index: types %s and %s"
                            .formatted(left.type().spelling(), right.type().spelling()));
        }
        return arithmetic.pointee(bracket, arithmetic.binary(PLUS, a, b));
    }

    private Value call(Token bracket, Value called) {
        CType type = called.type().unwrap();
        if (type instanceof CType.Pointer pointer) {
            type = pointer.pointee().unwrap();
        }
        if (!(type instanceof CType.Function function)) {
            throw in.fault(bracket, "no function: type=%s".formatted(called.type().spelling()));
        }
        while (!in.take(")")) {
            Value _ = arithmetic.operand(false, this::conditional);
            if (!in.is(")")) {
                in.expect(",", "between arguments");
            }
        }
        return Value.unknown(function.signature().returnType());
    }

    private FieldLayout place(Token where, CType type, Token name) {
        if (!(type.unwrap() instanceof CStructDef record)) {
            throw in.fault(where, "no record: type=%s".formatted(type.spelling()));
        }
        try {
            return RecordLayout.of(record, target).field(name.text());
        } catch (IllegalArgumentException e) {
            throw in.fault(name, String.valueOf(e.getMessage()));
        }
    }

    private Value primary() {
        Token token = in.next();
        if (token.kind() == Token.Kind.NUMBER) {
            return literals.number(token);
        }
        if (token.kind() == Token.Kind.CHARACTER) {
            return literals.character(token);
        }
        if (token.kind() == Token.Kind.STRING) {
            return literals.string(token);
        }
        if (token.kind() == Token.Kind.WORD) {
            return named(token);
        }
        if (token.is("(")) {
            Value value = comma();
            in.expect(")", "in an expression");
            return value;
        }
        throw in.fault(token, "expected an expression, found %s".formatted(token.shown()));
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
            return Value.known(CPrimitive.BOOL, token.is("true") ? 1 : 0);
        }
        if (token.is("nullptr")) {
            return Value.known(CTypes.VOID_POINTER, 0);
        }
        CType variable = scope.variables.get(token.text());
        if (variable != null) {
            return Value.place(variable, null);
        }
        ExternFunction function = scope.functions.get(token.text());
        if (function != null) {
            return Value.place(new CType.Function(function.signature()), null);
        }
        throw in.fault(token, "unknown name '%s' in an expression".formatted(token.text()));
    }

    private Value offsetOf() {
        in.expect("(", "after 'offsetof'");
        CType type = types.typeName();
        in.expect(",", "in 'offsetof'");
        Token start = in.peek();
        Value at = member(start, Value.place(type, BigDecimal.ZERO));
        while (!in.is(")")) {
            Token token = in.next();
            if (token.is(".")) {
                at = member(in.peek(), at);
            } else if (token.is("[")) {
                Value index = constant("index");
                in.expect("]", "after an index");
                at = element(token, at, index);
            } else {
                throw in.fault(token, "expected ')' in 'offsetof', found " + token.shown());
            }
        }
        in.expect(")", "in 'offsetof'");
        forbidBitField(start, at, "no offset in bytes");
        return arithmetic.of(CPrimitive.SIZE_T, at.known());
    }

    private static Value size(long bytes) {
        return Value.known(CPrimitive.SIZE_T, bytes);
    }
}
