package org.quantalang.abi;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Whether two declarations, read from different texts, say the same. A record that is declared only
 * says less than one of its name that is defined, and nothing else. Not thread-safe.
 */
final class SameDeclarations {
    /** Pairs found or assumed to be the same: records may lead back to themselves. */
    private final IdentityHashMap<CType, Set<CType>> same = new IdentityHashMap<>();

    private final Target target;

    SameDeclarations(Target target) {
        this.target = target;
    }

    boolean of(CType a, CType b) {
        Set<CType> known =
                same.computeIfAbsent(a, _ -> Collections.newSetFromMap(new IdentityHashMap<>()));
        if (!known.add(b)) {
            return true;
        }
        return switch (a) {
            case CStructDef left when b instanceof CStructDef right -> ofRecords(left, right);
            case CEnum left when b instanceof CEnum right ->
                    left.name().equals(right.name())
                            && left.constants().equals(right.constants())
                            && left.underlying(target).equals(right.underlying(target));
            case CType.Pointer left when b instanceof CType.Pointer right ->
                    of(left.pointee(), right.pointee());
            case CType.Array left when b instanceof CType.Array right ->
                    left.length().equals(right.length()) && of(left.element(), right.element());
            case CType.Function left when b instanceof CType.Function right ->
                    ofSignatures(left.signature(), right.signature());
            case CType.Typedef left when b instanceof CType.Typedef right ->
                    left.name().equals(right.name())
                            && left.declaredAlignment() == right.declaredAlignment()
                            && of(left.type(), right.type());
            case CType.Qualified left when b instanceof CType.Qualified right ->
                    left.isConst() == right.isConst()
                            && left.isVolatile() == right.isVolatile()
                            && of(left.type(), right.type());
            case CType.Atomic left when b instanceof CType.Atomic right ->
                    of(left.type(), right.type());
            case CType.Complex left when b instanceof CType.Complex right ->
                    of(left.part(), right.part());
            default -> a.equals(b);
        };
    }

    private boolean ofRecords(CStructDef a, CStructDef b) {
        boolean alike =
                a.isUnion() == b.isUnion() && a.name().equals(b.name()) && a.hasTag() == b.hasTag();
        if (!alike || !a.isComplete() || !b.isComplete()) {
            return alike;
        }
        return a.isPacked() == b.isPacked()
                && a.aligned() == b.aligned()
                && a.pragmaPack() == b.pragmaPack()
                && ofFields(a.fields(), b.fields());
    }

    private boolean ofFields(List<CStructField> a, List<CStructField> b) {
        boolean alike = a.size() == b.size();
        for (int i = 0; alike && i < a.size(); i++) {
            CStructField left = a.get(i);
            CStructField right = b.get(i);
            alike =
                    left.name().equals(right.name())
                            && left.bitWidth().equals(right.bitWidth())
                            && left.packed() == right.packed()
                            && left.aligned() == right.aligned()
                            && of(left.type(), right.type());
        }
        return alike;
    }

    private boolean ofSignatures(CFunctionSignature a, CFunctionSignature b) {
        boolean alike =
                a.variadic() == b.variadic()
                        && a.convention() == b.convention()
                        && a.parameters().size() == b.parameters().size()
                        && of(a.returnType(), b.returnType());
        for (int i = 0; alike && i < a.parameters().size(); i++) {
            alike = of(a.parameters().get(i), b.parameters().get(i));
        }
        return alike;
    }
}
