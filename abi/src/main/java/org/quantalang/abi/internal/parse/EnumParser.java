package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads enums with their constants.
 *
 * <p>A constant has a type of its own. It is the enum's if the declaration fixes that, and {@code
 * int} on targets of Microsoft's compiler, which cuts values to it. Otherwise it is {@code int}
 * where the value fits; a larger one has the type of its expression up to the closing brace, and
 * that of the enum afterwards.
 */
final class EnumParser {
    private static final List<CPrimitive> WIDER =
            List.of(CPrimitive.INT, CPrimitive.LONG, CPrimitive.LONG_LONG);
    private static final List<CPrimitive> WIDER_UNSIGNED =
            List.of(CPrimitive.UINT, CPrimitive.ULONG, CPrimitive.ULONG_LONG);

    private final TokenStream in;
    private final Scope scope;
    private final Types types;
    private final Target target;

    EnumParser(TokenStream in, Scope scope, Types types, Target target) {
        this.target = target;
        this.in = in;
        this.scope = scope;
        this.types = types;
    }

    /** Reads an enum from its keyword on. */
    CType read() {
        in.enter();
        Token keyword = in.next();
        Attributes found = new Attributes();
        types.attributes().readDeclared(found);
        Token tag = in.peek().kind() == Token.Kind.WORD ? in.next() : null;
        @Nullable CType fixed = null;
        if (in.is(":") && types.startsType(in.peek(1))) {
            fixed = fixedType(in.next());
        }
        CEnum result = tag == null ? null : scope.enumTags.get(tag.text());
        if (result != null && (fixed != null || in.is("{"))) {
            requireSame(keyword, result, fixed);
        }
        if (in.take("{")) {
            result = define(keyword, tag, found, fixed);
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

    private CType fixedType(Token colon) {
        CType fixed = types.baseType(types.specifiers("an integer type"));
        if (!(fixed.unwrap() instanceof CPrimitive) || !fixed.isInteger()) {
            throw in.fault(colon, "no type for an enum: " + fixed.spelling());
        }
        return fixed;
    }

    /** A tag that is known without constants was declared with its type. */
    private void requireSame(Token keyword, CEnum before, @Nullable CType fixed) {
        if (in.is("{") && !before.constants().isEmpty()) {
            throw in.fault(keyword, "%s is defined twice".formatted(before.spelling()));
        }
        CType type = before.underlying(target);
        if (fixed == null || !new Compatibility(target).agree(type.unwrap(), fixed.unwrap())) {
            throw in.fault(
                    keyword,
                    "%s is declared with type %s before"
                            .formatted(before.spelling(), type.spelling()));
        }
    }

    private CEnum define(
            Token keyword, @Nullable Token tag, Attributes found, @Nullable CType fixed) {
        if (in.is("}")) {
            throw in.fault(in.peek(), "expected an enum constant, found '}'");
        }
        Map<String, Value> values = constants(fixed);
        types.attributes().readAll(found);
        if (found.aligned != 0) {
            throw in.fault(keyword, "compilers differ on 'aligned' of an enum");
        }
        CType underlying = fixed == null ? beyondLong(values) : fixed;
        Map<String, Long> numbers = new LinkedHashMap<>();
        values.forEach((name, value) -> numbers.put(name, value.known().longValue()));
        CEnum result = new CEnum(tag == null ? "" : tag.text(), numbers, found.packed, underlying);
        if (found.mode != null) {
            CType integer = types.attributes().withMode(keyword, result, found.mode);
            result = new CEnum(result.name(), numbers, false, integer);
        }
        CType whole = result.underlying(target);
        for (Map.Entry<String, Value> each : values.entrySet()) {
            boolean isWide = fixed == null && !fits(each.getValue().known(), CPrimitive.INT);
            if (isWide) {
                Value value = types.constants().arithmetic().of(whole, each.getValue().known());
                scope.enumConstants.put(each.getKey(), value);
            }
        }
        return result;
    }

    private Map<String, Value> constants(@Nullable CType fixed) {
        Map<String, Value> values = new LinkedHashMap<>();
        @Nullable Value last = null;
        while (!in.take("}")) {
            Token name = in.expectWord("an enum constant or '}'");
            types.attributes().readDeclared(new Attributes());
            Value value;
            if (in.take("=")) {
                value = explicit(name, types.constants().constant("enum value"), fixed);
            } else {
                value = following(name, last, fixed);
            }
            String known = scope.kind(name.text());
            if (known != null) {
                throw in.fault(name, "'%s' is declared as %s before".formatted(name.text(), known));
            }
            values.put(name.text(), value);
            scope.enumConstants.put(name.text(), value);
            last = value;
            if (!in.is("}")) {
                in.expect(",", "after an enum constant");
            }
        }
        return values;
    }

    private Value explicit(Token name, Value value, @Nullable CType fixed) {
        BigDecimal number = value.known();
        BigInteger exact = number.toBigInteger();
        if (exact.bitLength() > Long.SIZE - (exact.signum() < 0 ? 1 : 0)) {
            throw in.fault(name, "enum value does not fit 64 bits: value=%d".formatted(exact));
        }
        if (fixed != null) {
            return fixedValue(name, number, fixed);
        }
        if (target.dataModel().enumAlwaysInt()) {
            return types.constants().arithmetic().of(CPrimitive.INT, number);
        }
        return Value.known(
                fits(number, CPrimitive.INT)
                        ? CPrimitive.INT
                        : types.constants().arithmetic().promoted(value),
                number);
    }

    /** One more than the last value, in a wider type of the same sign if it must be. */
    private Value following(Token name, @Nullable Value last, @Nullable CType fixed) {
        if (last == null) {
            return Value.known(fixed == null ? CPrimitive.INT : fixed, 0);
        }
        BigDecimal number = last.known().add(BigDecimal.ONE);
        if (fixed != null) {
            return fixedValue(name, number, fixed);
        }
        if (target.dataModel().enumAlwaysInt()) {
            return types.constants().arithmetic().of(CPrimitive.INT, number);
        }
        if (fits(number, last.type())) {
            return explicit(name, Value.known(last.type(), number), null);
        }
        for (CPrimitive wider : last.type().isSigned(target) ? WIDER : WIDER_UNSIGNED) {
            if (fits(number, wider)) {
                return Value.known(wider, number);
            }
        }
        throw in.fault(
                name,
                "enum value does not fit its type: value=%s type=%s"
                        .formatted(number.toPlainString(), last.type().spelling()));
    }

    private Value fixedValue(Token name, BigDecimal number, CType fixed) {
        if (!fits(number, fixed)) {
            throw in.fault(
                    name,
                    "enum value does not fit the type of the enum: value=%s type=%s"
                            .formatted(number.toPlainString(), fixed.spelling()));
        }
        return Value.known(fixed, number);
    }

    private boolean fits(BigDecimal number, CType type) {
        if (type.unwrap() == CPrimitive.BOOL) {
            return number.signum() == 0 || number.compareTo(BigDecimal.ONE) == 0;
        }
        return types.constants().arithmetic().of(type, number).known().compareTo(number) == 0;
    }

    /** The type behind an enum with values that no signed type has; null if there are none. */
    private @Nullable CType beyondLong(Map<String, Value> values) {
        boolean beyond = false;
        boolean negative = false;
        for (Value value : values.values()) {
            beyond |= value.known().toBigInteger().bitLength() == Long.SIZE;
            negative |= value.known().signum() < 0;
        }
        if (!beyond) {
            return null;
        }
        List<CPrimitive> types = negative ? WIDER : WIDER_UNSIGNED;
        return types.stream()
                .filter(type -> type.size(target) == Long.BYTES)
                .findFirst()
                .orElseThrow();
    }
}
