package org.quantalang.abi.call;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallPlan;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.HostLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** Turns a signature into what the JDK's linker takes, and says why where it cannot. */
final class LinkLayout {
    private static final long MAX_MEMBERS =
            10_000; // more than any record has that C passes by value
    private static final int MAX_SLOTS = 252; // 255 of a Java method, less the address and a handle

    private LinkLayout() {}

    static FunctionDescriptor descriptor(CFunctionSignature signature, List<CType> variadic) {
        requireHostConvention(signature.convention());
        List<MemoryLayout> arguments = new ArrayList<>();
        for (CType parameter : signature.parameters()) {
            arguments.add(of(parameter, signature));
        }
        for (CType each : variadic) {
            arguments.add(of(each, signature));
        }
        requireFewSlots(signature, variadic);
        MemoryLayout[] layouts = arguments.toArray(MemoryLayout[]::new);
        return signature.returnType().unwrap() == CPrimitive.VOID
                ? FunctionDescriptor.ofVoid(layouts)
                : FunctionDescriptor.of(of(signature.returnType(), signature), layouts);
    }

    private static void requireHostConvention(CallingConvention convention) {
        switch (convention) {
            case C, SYSTEM, QUANTA -> {}
            case RUST ->
                    throw new IllegalArgumentException(
                            "cannot call: convention=rust has no stable ABI; "
                                    + "declare the function extern \"C\"");
            default ->
                    throw new IllegalArgumentException(
                            "cannot call: convention=%s is not the C convention of target=%s"
                                    .formatted(convention, Target.host()));
        }
    }

    private static MemoryLayout of(CType type, CFunctionSignature signature) {
        CType plain = type.unwrap();
        if (plain instanceof CStructDef record) {
            requireFewMembers(record, signature);
            requireNatural(record, signature, new HashSet<>());
            return HostLayout.of(record);
        }
        if (plain instanceof CType.Complex) {
            return HostLayout.of(plain);
        }
        return HostLayout.scalar(plain);
    }

    /** The linker makes every part of an argument one of a Java method's, two slots for 8 bytes. */
    private static void requireFewSlots(CFunctionSignature signature, List<CType> variadic) {
        CallPlan plan = CallPlan.of(signature, variadic, Target.host());
        boolean buffered =
                plan.result().passing() == ArgumentPlan.Passing.INDIRECT
                        || plan.result().parts().size() > 1;
        long all = buffered ? 2 : 0;
        for (int i = 0; i < plan.arguments().size(); i++) {
            long own = 0;
            for (ArgumentPlan.Part part : plan.arguments().get(i).parts()) {
                own += part.size() <= Integer.BYTES ? 1 : 2 * ((part.size() - 1) / Long.BYTES + 1);
            }
            if (own > MAX_SLOTS
                    && plan.argumentTypes().get(i).unwrap() instanceof CStructDef record) {
                String why =
                        "bytes=%d, more than the %d of all arguments"
                                .formatted(record.size(Target.host()), MAX_SLOTS / 2 * Long.BYTES);
                throw refused(record, why, signature);
            }
            all += own;
        }
        if (all > MAX_SLOTS) {
            throw new IllegalArgumentException(
                    "cannot call: too many arguments: slots=%d limit=%d (two for 8 bytes) in %s;"
                                    .formatted(all, MAX_SLOTS, signature.declare("f"))
                            + " pass a pointer to a record of them");
        }
    }

    /** The linker looks at each member of each member, which unions of unions multiply. */
    private static void requireFewMembers(CStructDef record, CFunctionSignature signature) {
        if (members(record, new HashMap<>()) > MAX_MEMBERS) {
            throw refused(record, "more than " + MAX_MEMBERS + " members in it", signature);
        }
    }

    /** Counts those of records inside too, an array as one; above the limit only that it is. */
    private static long members(CStructDef record, Map<CStructDef, Long> counted) {
        Long known = counted.get(record);
        if (known != null) {
            return known;
        }
        long count = 0;
        for (CStructField field : record.fields()) {
            CType element = elementOf(field.type());
            long inside = element instanceof CStructDef inner ? members(inner, counted) : 0;
            count = Math.min(MAX_MEMBERS + 1, count + 1 + inside);
        }
        counted.put(record, count);
        return count;
    }

    private static CType elementOf(CType type) {
        CType element = type.unwrap();
        while (element instanceof CType.Array array) {
            element = array.element().unwrap();
        }
        return element;
    }

    /** The linker takes records whose members all lie at their natural places, and no others. */
    private static void requireNatural(
            CStructDef record, CFunctionSignature signature, Set<CStructDef> seen) {
        if (!seen.add(record)) {
            return;
        }
        List<CStructField> plain = new ArrayList<>();
        for (CStructField field : record.fields()) {
            if (field.bitWidth().isPresent()) {
                throw refused(record, "bit-field " + field.name(), signature);
            }
            CType element = elementOf(field.type());
            if (element instanceof CStructDef inner) {
                requireNatural(inner, signature, seen);
            } else if (element == CPrimitive.FLOAT16
                    || (element instanceof CPrimitive
                            && element.size(Target.host()) > Long.BYTES)) {
                throw refused(record, "member of type " + element.spelling(), signature);
            }
            if (field.type().unwrap() instanceof CType.Array array && array.length().isEmpty()) {
                throw refused(record, "flexible array " + field.name(), signature);
            }
            plain.add(
                    new CStructField(
                            field.name(), field.type().unwrap(), OptionalInt.empty(), false, 0));
        }
        if (plain.isEmpty()) {
            throw refused(record, "no members", signature);
        }
        CStructDef natural =
                CStructDef.declare(record.isUnion(), record.name()).define(plain, false, 0, 0);
        RecordLayout is = RecordLayout.of(record, Target.host());
        if (is.sizeBytes() == 0) {
            throw refused(record, "no bytes", signature);
        }
        RecordLayout would = RecordLayout.of(natural, Target.host());
        boolean same =
                is.sizeBytes() == would.sizeBytes()
                        && is.alignmentBytes() == would.alignmentBytes();
        for (int i = 0; same && i < is.fields().size(); i++) {
            same = is.fields().get(i).bitOffset() == would.fields().get(i).bitOffset();
        }
        if (!same) {
            throw refused(record, "packed or over-aligned", signature);
        }
    }

    private static IllegalArgumentException refused(
            CStructDef record, String why, CFunctionSignature signature) {
        return new IllegalArgumentException(
                "cannot pass by value: record=%s (%s) in %s; pass a pointer to it"
                        .formatted(record.spelling(), why, signature.declare("f")));
    }
}
