package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Reads structs and unions with their members. */
final class RecordParser {
    private final TokenStream in;
    private final Scope scope;
    private final Target target;
    private final Types types;

    RecordParser(TokenStream in, Scope scope, Target target, Types types) {
        this.in = in;
        this.scope = scope;
        this.target = target;
        this.types = types;
    }

    /**
     * Reads a struct or union from its keyword on.
     *
     * @param declspecAligned what {@code __declspec(align(n))} before the keyword says, else 0
     */
    CType read(long declspecAligned) {
        in.enter();
        Token keyword = in.next();
        boolean union = keyword.is("union");
        Attributes found = new Attributes();
        types.attributes().readDeclared(found);
        Token tag = in.peek().kind() == Token.Kind.WORD ? in.next() : null;
        types.attributes().readAll(found);
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
            int around = types.declarators().parameterLists(0);
            List<CStructField> fields = members();
            types.declarators().parameterLists(around);
            scope.open.remove(record);
            types.attributes().readAll(found);
            found.align(declspecAligned);
            types.forbidAlignas(found, "a record");
            if (found.mode != null) {
                throw in.fault(keyword, "mode '%s' does not fit a record".formatted(found.mode));
            }
            try {
                record.define(fields, found.packed, found.aligned, pack);
            } catch (IllegalArgumentException e) {
                throw in.fault(keyword, String.valueOf(e.getMessage()));
            }
            types.constants().size(keyword, record);
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
                types.constants().staticAssert();
                continue;
            }
            Specifiers specifiers = types.specifiers("a member or '}'");
            types.forbidStorage(specifiers, "a member");
            CType base = types.baseType(specifiers);
            if (in.take(";")) {
                if (base.unwrap() instanceof CStructDef inner && isAnonymous(base, inner)) {
                    requireNoneOpen(fields);
                    fields.add(member(specifiers, new Declarator(), inner, OptionalInt.empty()));
                }
                continue;
            }
            do {
                requireNoneOpen(fields);
                fields.add(declaredMember(specifiers, base, names));
            } while (in.take(","));
            in.expect(";", "after a member");
        }
        return fields;
    }

    private void requireNoneOpen(List<CStructField> before) {
        if (!before.isEmpty() && before.getLast().isFlexibleArray()) {
            throw in.fault(
                    in.peek(),
                    "expected '}', since member '%s' has no size: a flexible array is the last"
                            .formatted(before.getLast().name()));
        }
    }

    /**
     * {@code struct { ... };} is an anonymous member, {@code struct tag { ... };} only a type. To
     * Microsoft's compiler a tag or a typedef name without a declarator is an anonymous member too.
     */
    private boolean isAnonymous(CType written, CStructDef inner) {
        return target.os() == Target.Os.WINDOWS_MSVC
                || (inner.name().isEmpty() && !(written instanceof CType.Typedef));
    }

    private CStructField declaredMember(
            Specifiers specifiers, CType base, Map<String, Token> names) {
        Token start = in.peek();
        Declarator declarator = in.is(":") ? new Declarator() : types.declarators().read();
        OptionalInt width = OptionalInt.empty();
        if (in.take(":")) {
            width = OptionalInt.of(width(start, declarator.apply(base), declarator));
        }
        types.attributes().readAll(declarator.attributes);
        if (declarator.name == null && width.isEmpty()) {
            throw in.fault(in.peek(), "expected a member's name, found " + in.peek().shown());
        }
        if (declarator.name != null && names.put(declarator.nameText(), start) != null) {
            throw in.fault(declarator.name, "member '%s' twice".formatted(declarator.nameText()));
        }
        return member(specifiers, declarator, base, width);
    }

    private CStructField member(
            Specifiers specifiers, Declarator declarator, CType base, OptionalInt width) {
        Attributes all = new Attributes();
        all.add(specifiers.attributes);
        all.add(declarator.attributes);
        Token where = declarator.name == null ? in.peek() : declarator.name;
        CType type = types.declared(where, base, declarator, all);
        if (width.isPresent()) {
            types.forbidAlignas(all, "a bit-field");
        }
        types.requireAlignas(all, type);
        types.requireComplete(where, type, "a member");
        return new CStructField(declarator.nameText(), type, width, all.packed, all.aligned);
    }

    private int width(Token where, CType type, Declarator declarator) {
        long width = types.constants().evaluate("width");
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
}
