package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CEnum;
import org.quantalang.abi.CParseException;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.function.Supplier;

/**
 * Types and values of C's operators on a target: promotions, common types, pointers, and exact
 * arithmetic that is cut or rounded to the type of each result.
 *
 * <p>Where C leaves a result undefined and compilers give different ones, it is a fault, unless
 * nobody asks for the value ({@code 1 || 1 / 0}).
 */
final class Arithmetic {
    /** Enough for a quotient to be rounded correctly to the 113 bits of the longest format. */
    private static final MathContext QUOTIENT = new MathContext(80, RoundingMode.HALF_EVEN);

    private static final List<CPrimitive> FLOATS =
            List.of(
                    CPrimitive.FLOAT16,
                    CPrimitive.FLOAT,
                    CPrimitive.DOUBLE,
                    CPrimitive.LONG_DOUBLE,
                    CPrimitive.FLOAT128);

    /**
     * From low rank to high, each signed and unsigned. The typedefs in the middle stand for a type
     * before or behind them.
     */
    private static final List<CPrimitive> INTEGERS =
            List.of(
                    CPrimitive.INT,
                    CPrimitive.UINT,
                    CPrimitive.PTRDIFF_T,
                    CPrimitive.SIZE_T,
                    CPrimitive.LONG,
                    CPrimitive.ULONG,
                    CPrimitive.LONG_LONG,
                    CPrimitive.ULONG_LONG);

    private final TokenStream in;
    private final Target target;
    private int unevaluated; // operands around what is being read whose value nobody asks for

    Arithmetic(TokenStream in, Target target) {
        this.in = in;
        this.target = target;
    }

    /** Reads an operand, whose value may not matter. */
    Value operand(boolean evaluated, Supplier<Value> read) {
        int before = unevaluated;
        unevaluated += evaluated ? 0 : 1;
        try {
            return read.get();
        } finally {
            unevaluated = before;
        }
    }

    private Value undefined(Token where, CType type, String what) {
        if (unevaluated == 0) {
            throw in.fault(where, what);
        }
        return Value.unknown(type);
    }

    private CParseException wrongOperands(Token operator, Value... operands) {
        StringBuilder shown = new StringBuilder();
        for (Value each : operands) {
            shown.append(shown.isEmpty() ? "" : " and ").append(each.type().spelling());
        }
        return in.fault(operator, "'%s' does not go with %s".formatted(operator.text(), shown));
    }

    /** What an operand is to most operators: the content of a place, a pointer to an array. */
    Value content(Value value) {
        CType plain = value.type().unwrap();
        if (plain instanceof CType.Array || plain instanceof CType.Function) {
            return new Value(value.type().decayed(), value.number(), false, 0);
        }
        return value.isPlace() ? new Value(value.type(), null, false, value.bitWidth()) : value;
    }

    /** Returns the type of an operand of arithmetic: small integers are {@code int}. */
    CType promoted(Value value) {
        CType plain = plain(value.type());
        if (!plain.isInteger()) {
            return plain;
        }
        long size = plain.size(target);
        long bits = value.bitWidth() == 0 ? size * Byte.SIZE : value.bitWidth();
        if (size < Integer.BYTES || bits < Integer.SIZE) {
            return CPrimitive.INT;
        }
        if (bits > Integer.SIZE || value.bitWidth() == 0) {
            return plain;
        }
        return plain.isSigned(target) ? CPrimitive.INT : CPrimitive.UINT;
    }

    private CType plain(CType type) {
        CType plain = type.unwrap();
        return plain instanceof CEnum enumeration ? enumeration.underlying(target).unwrap() : plain;
    }

    private static boolean isArithmetic(CType plain) {
        return plain.isInteger() || plain.isFloat() || plain instanceof CType.Complex;
    }

    private static boolean isScalar(CType plain) {
        return isArithmetic(plain) || plain.isPointer();
    }

    private static CType realPart(CType plain) {
        return plain instanceof CType.Complex complex ? complex.part().unwrap() : plain;
    }

    /** Returns the type in which an operator computes with two promoted types. */
    private CType common(CType left, CType right) {
        CType a = realPart(left);
        CType b = realPart(right);
        CType part;
        if (a.isFloat() || b.isFloat()) {
            part = FLOATS.indexOf(a) >= FLOATS.indexOf(b) ? a : b;
        } else if (a.size(target) != b.size(target)) {
            part = a.size(target) > b.size(target) ? a : b;
        } else {
            part = higherRank(a, b);
        }
        boolean complex = left instanceof CType.Complex || right instanceof CType.Complex;
        return complex ? new CType.Complex(part) : part;
    }

    /** Returns the common type of two integers of one size; other typedefs have no rank. */
    private CType higherRank(CType a, CType b) {
        int higher = Math.max(INTEGERS.indexOf(a), INTEGERS.indexOf(b));
        if (higher < 0) {
            return a.isSigned(target) ? b : a;
        }
        boolean unsigned = !a.isSigned(target) || !b.isSigned(target);
        return INTEGERS.get(higher / 2 * 2 + (unsigned ? 1 : 0));
    }

    private static Value truth(boolean value, boolean known) {
        return known ? Value.known(CPrimitive.INT, value ? 1 : 0) : Value.unknown(CPrimitive.INT);
    }

    /** Returns a value that a type can hold: integers are cut, others rounded. */
    Value of(CType type, BigDecimal number) {
        CType plain = type.unwrap();
        if (plain.isInteger() || plain.isPointer()) {
            return Value.known(type, new BigDecimal(cut(plain, number.toBigInteger())));
        }
        @Nullable BigDecimal rounded =
                plain instanceof CPrimitive format && plain.isFloat()
                        ? FloatFormat.of(format, target).rounded(number)
                        : null;
        return rounded == null ? Value.unknown(type) : Value.known(type, rounded);
    }

    private Value of(CType type, BigInteger number) {
        return of(type, new BigDecimal(number));
    }

    private BigInteger cut(CType plain, BigInteger number) {
        BigInteger range = BigInteger.TWO.pow((int) plain.size(target) * Byte.SIZE);
        BigInteger rest = number.mod(range);
        boolean negative = plain.isSigned(target) && rest.shiftLeft(1).compareTo(range) >= 0;
        return negative ? rest.subtract(range) : rest;
    }

    /** Converts as a cast does. */
    Value cast(Token where, CType type, Value operand) {
        Value value = content(operand);
        CType plain = plain(type);
        requireCast(where, plain, value);
        if (!value.isKnown()) {
            return Value.unknown(type);
        }
        if (plain == CPrimitive.BOOL) {
            return Value.known(type, value.isZero() ? 0 : 1);
        }
        BigInteger whole = value.known().toBigInteger();
        if (value.type().isFloat() && plain.isInteger() && !cut(plain, whole).equals(whole)) {
            return undefined(
                    where,
                    type,
                    "value does not fit its type: value=%s type=%s"
                            .formatted(value.known().toPlainString(), type.spelling()));
        }
        return of(type, value.known());
    }

    /** Refuses casts of what is no scalar, and between pointers and floating numbers. */
    private void requireCast(Token where, CType to, Value value) {
        CType from = plain(value.type());
        boolean isUnion = to instanceof CStructDef record && record.isUnion(); // GNU C: of a member
        boolean alike = to.isPointer() == from.isPointer() || to.isInteger() || from.isInteger();
        boolean fits = isUnion || (isScalar(to) && isScalar(from) && alike);
        if (to != CPrimitive.VOID && !to.equals(from) && !fits) {
            throw in.fault(
                    where,
                    "no cast from %s to %s".formatted(value.type().spelling(), to.spelling()));
        }
    }

    /** {@code + - ~ !} in front of one operand. */
    Value unary(Token operator, Value operand) {
        Value value = content(operand);
        CType type = promoted(value);
        if (operator.is("!")) {
            requireScalar(operator, value);
            return truth(value.isZero(), value.isKnown());
        }
        if (!isArithmetic(type) || (operator.is("~") && type.isFloat())) {
            throw wrongOperands(operator, value);
        }
        if (!value.isKnown()) {
            return Value.unknown(type);
        }
        return switch (operator.text()) {
            case "-" -> of(type, value.known().negate());
            case "~" -> of(type, value.known().toBigInteger().not());
            default -> of(type, value.known());
        };
    }

    private void requireScalar(Token operator, Value value) {
        if (!isScalar(plain(value.type()))) {
            throw wrongOperands(operator, value);
        }
    }

    /** What a pointer points to. */
    Value pointee(Token operator, Value operand) {
        Value value = content(operand);
        if (!(value.type().unwrap() instanceof CType.Pointer pointer)) {
            throw in.fault(operator, "no pointer: type=%s".formatted(value.type().spelling()));
        }
        return Value.place(pointer.pointee(), value.number());
    }

    /** An operator between two operands. */
    Value binary(Token operator, Value first, Value second) {
        Value left = content(first);
        Value right = content(second);
        if (operator.is("||") || operator.is("&&")) {
            return logical(operator, left, right);
        }
        CType a = promoted(left);
        CType b = promoted(right);
        if (a.isPointer() || b.isPointer()) {
            return withPointer(operator, left, right);
        }
        boolean bothIntegers = a.isInteger() && b.isInteger();
        if (!isArithmetic(a) || !isArithmetic(b) || (needsIntegers(operator) && !bothIntegers)) {
            throw wrongOperands(operator, left, right);
        }
        if (operator.is("<<") || operator.is(">>")) {
            return shift(operator, a, left, right);
        }
        CType type = common(a, b);
        boolean known = left.isKnown() && right.isKnown();
        Value x = known ? of(type, left.known()) : Value.unknown(type);
        Value y = known ? of(type, right.known()) : Value.unknown(type);
        if (isComparison(operator)) {
            return compare(operator, x, y);
        }
        if (!x.isKnown() || !y.isKnown()) {
            return Value.unknown(type);
        }
        return type.isFloat()
                ? floating(operator, type, x.known(), y.known())
                : integer(operator, type, x.known().toBigInteger(), y.known().toBigInteger());
    }

    private Value logical(Token operator, Value left, Value right) {
        requireScalar(operator, left);
        requireScalar(operator, right);
        boolean decisive = operator.is("||"); // the truth of the left side that decides alone
        return left.isKnown() && left.isZero() != decisive
                ? truth(decisive, true)
                : truth(!right.isZero(), left.isKnown() && right.isKnown());
    }

    private static boolean needsIntegers(Token operator) {
        return switch (operator.text()) {
            case "%", "&", "|", "^", "<<", ">>" -> true;
            default -> false;
        };
    }

    private static boolean isComparison(Token operator) {
        return switch (operator.text()) {
            case "==", "!=", "<", ">", "<=", ">=" -> true;
            default -> false;
        };
    }

    private Value compare(Token operator, Value left, Value right) {
        if (!left.isKnown() || !right.isKnown()) {
            return Value.unknown(CPrimitive.INT);
        }
        int order = left.known().compareTo(right.known());
        boolean holds =
                switch (operator.text()) {
                    case "==" -> order == 0;
                    case "!=" -> order != 0;
                    case "<" -> order < 0;
                    case ">" -> order > 0;
                    case "<=" -> order <= 0;
                    default -> order >= 0;
                };
        return truth(holds, true);
    }

    private Value floating(Token operator, CType type, BigDecimal a, BigDecimal b) {
        return switch (operator.text()) {
            case "+" -> of(type, a.add(b));
            case "-" -> of(type, a.subtract(b));
            case "*" -> of(type, a.multiply(b));
            default ->
                    b.signum() == 0
                            ? undefined(operator, type, "division by zero")
                            : of(type, a.divide(b, QUOTIENT));
        };
    }

    private Value integer(Token operator, CType type, BigInteger a, BigInteger b) {
        return switch (operator.text()) {
            case "|" -> of(type, a.or(b));
            case "^" -> of(type, a.xor(b));
            case "&" -> of(type, a.and(b));
            case "+" -> of(type, a.add(b));
            case "-" -> of(type, a.subtract(b));
            case "*" -> of(type, a.multiply(b));
            default -> divide(operator, type, a, b);
        };
    }

    private Value divide(Token operator, CType type, BigInteger a, BigInteger b) {
        if (b.signum() == 0) {
            return undefined(operator, type, "division by zero");
        }
        BigInteger quotient = a.divide(b);
        if (!cut(type, quotient).equals(quotient)) {
            return undefined(
                    operator,
                    type,
                    "result does not fit its type: %d %s %d of type=%s"
                            .formatted(a, operator.text(), b, type.spelling()));
        }
        return of(type, operator.is("/") ? quotient : a.remainder(b));
    }

    private Value shift(Token operator, CType type, Value left, Value right) {
        if (!left.isKnown() || !right.isKnown()) {
            return Value.unknown(type);
        }
        long bits = type.size(target) * Byte.SIZE;
        BigInteger count = right.known().toBigInteger();
        if (count.signum() < 0 || count.compareTo(BigInteger.valueOf(bits)) >= 0) {
            return undefined(
                    operator,
                    type,
                    "shift count out of range: count=%d type=%s of %d bits"
                            .formatted(count, type.spelling(), bits));
        }
        int places = operator.is("<<") ? count.intValue() : -count.intValue();
        return of(type, left.known().toBigInteger().shiftLeft(places));
    }

    /** Pointers compare with each other and with 0, differ, and move by elements. */
    private Value withPointer(Token operator, Value left, Value right) {
        boolean first = left.type().isPointer();
        boolean both = first && right.type().isPointer();
        boolean known = left.isKnown() && right.isKnown();
        Value other = first ? right : left;
        if (isComparison(operator) && (both || other.type().isInteger())) {
            return compare(operator, left, right);
        }
        boolean differ = both && operator.is("-");
        boolean moves = !both && (operator.is("+") || (operator.is("-") && first));
        if (!differ && !(moves && other.type().isInteger())) {
            throw wrongOperands(operator, left, right);
        }
        CType pointer = first ? left.type() : right.type();
        if (!known) {
            return Value.unknown(both ? CPrimitive.PTRDIFF_T : pointer);
        }
        BigDecimal step = BigDecimal.valueOf(elementSize(operator, pointer));
        if (both) {
            BigDecimal bytes =
                    of(CPrimitive.PTRDIFF_T, left.known().subtract(right.known())).known();
            return step.signum() == 0 || bytes.remainder(step).signum() != 0
                    ? Value.unknown(CPrimitive.PTRDIFF_T)
                    : of(CPrimitive.PTRDIFF_T, bytes.divide(step));
        }
        BigDecimal distance = other.known().multiply(step);
        BigDecimal from = (first ? left : right).known();
        BigDecimal to = operator.is("-") ? from.subtract(distance) : from.add(distance);
        boolean beyond = to.toBigInteger().bitLength() > pointer.size(target) * Byte.SIZE;
        return beyond ? Value.unknown(pointer) : of(pointer, to);
    }

    private long elementSize(Token operator, CType pointer) {
        CType element = ((CType.Pointer) pointer.unwrap()).pointee();
        if (element.unwrap() == CPrimitive.VOID || element.unwrap() instanceof CType.Function) {
            return 1; // so have gcc and clang
        }
        try {
            return element.size(target);
        } catch (IllegalArgumentException e) {
            throw in.fault(operator, "no size: " + e.getMessage());
        }
    }

    /** The result of {@code ?:}, with the type that both sides give it. */
    Value choice(Token operator, Value condition, Value second, Value third) {
        requireScalar(operator, content(condition));
        Value yes = content(second);
        Value no = content(third);
        CType a = promoted(yes);
        CType b = promoted(no);
        Value chosen = condition.isZero() ? no : yes;
        boolean known = condition.isKnown() && chosen.isKnown();
        CType type;
        if (isArithmetic(a) && isArithmetic(b)) {
            type = common(a, b);
        } else if (a.isPointer() || b.isPointer()) {
            type = commonPointer(operator, yes, no);
        } else if (a.equals(b)) {
            type = yes.type();
        } else {
            throw wrongOperands(operator, yes, no);
        }
        return known ? of(type, chosen.known()) : Value.unknown(type);
    }

    private CType commonPointer(Token operator, Value yes, Value no) {
        if (isNull(yes)) {
            return no.type().isPointer() ? no.type() : yes.type();
        }
        if (isNull(no)) {
            return yes.type();
        }
        if (!yes.type().isPointer() || !no.type().isPointer()) {
            throw wrongOperands(operator, yes, no);
        }
        boolean toVoid =
                no.type().unwrap() instanceof CType.Pointer p
                        && p.pointee().unwrap() == CPrimitive.VOID;
        return toVoid ? no.type() : yes.type();
    }

    private static boolean isNull(Value value) {
        CType plain = value.type().unwrap();
        boolean fits = plain.isInteger() || plain.equals(CPrimitive.VOID.pointer());
        return fits && value.isZero();
    }
}
