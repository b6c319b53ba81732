package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads enums with their constants. */
final class EnumParser {
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
            in.next();
            fixed = types.baseType(types.specifiers("an integer type"));
        }
        CEnum result = tag == null ? null : scope.enumTags.get(tag.text());
        if (in.take("{")) {
            if (result != null && !result.constants().isEmpty()) {
                throw in.fault(keyword, "%s is defined twice".formatted(result.spelling()));
            }
            Map<String, Long> values = new LinkedHashMap<>();
            BigInteger next = BigInteger.ZERO;
            boolean anyBeyond = false;
            while (!in.take("}")) {
                Token name = in.expectWord("an enum constant or '}'");
                types.attributes().readDeclared(new Attributes());
                if (in.take("=")) {
                    next = types.constants().constant("enum value").number();
                }
                String known = scope.kind(name.text());
                if (known != null) {
                    throw in.fault(
                            name, "'%s' is declared as %s before".formatted(name.text(), known));
                }
                if (next.bitLength() > Long.SIZE - (next.signum() < 0 ? 1 : 0)) {
                    throw in.fault(
                            name, "enum value does not fit 64 bits: value=%d".formatted(next));
                }
                values.put(name.text(), next.longValue());
                boolean beyond = next.bitLength() == Long.SIZE;
                anyBeyond |= beyond;
                CType type =
                        beyond
                                ? CPrimitive.ULONG_LONG
                                : next.bitLength() < Integer.SIZE
                                        ? CPrimitive.INT
                                        : CPrimitive.LONG_LONG;
                scope.enumConstants.put(name.text(), new Value(type, next, true));
                next = next.add(BigInteger.ONE);
                if (!in.is("}")) {
                    in.expect(",", "after an enum constant");
                }
            }
            types.attributes().readAll(found);
            if (anyBeyond && fixed == null && !target.dataModel().enumAlwaysInt()) {
                fixed = CPrimitive.ULONG_LONG;
            }
            result = new CEnum(tag == null ? "" : tag.text(), values, found.packed, fixed);
            if (found.aligned != 0) {
                throw in.fault(keyword, "compilers differ on 'aligned' of an enum");
            }
            if (found.mode != null) {
                CType integer = types.attributes().withMode(keyword, result, found.mode);
                result = new CEnum(result.name(), values, false, integer);
            }
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
}
