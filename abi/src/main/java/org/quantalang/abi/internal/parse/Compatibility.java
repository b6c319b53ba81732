package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CEnum;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.Target;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * Whether two declarations of one name agree: C calls their types compatible. A name that a header
 * defines and that is known without it, such as {@code size_t}, agrees with any integer like it.
 */
final class Compatibility {
    private final Target target;

    /** Pairs found or assumed to agree: types built on each other make trees of any width. */
    private final IdentityHashMap<CType, Set<CType>> agreed = new IdentityHashMap<>();

    Compatibility(Target target) {
        this.target = target;
    }

    /** A type without names and qualifiers, and the qualifiers. */
    private record Plain(CType type, boolean isConst, boolean isVolatile) {
        static Plain of(CType type) {
            boolean isConst = false;
            boolean isVolatile = false;
            while (true) {
                if (type instanceof CType.Typedef typedef) {
                    type = typedef.type();
                } else if (type instanceof CType.Qualified qualified) {
                    isConst |= qualified.isConst();
                    isVolatile |= qualified.isVolatile();
                    type = qualified.type();
                } else if (type instanceof CType.Array array && (isConst || isVolatile)) {
                    // The qualifiers of an array are its elements'.
                    CType element = new CType.Qualified(array.element(), isConst, isVolatile);
                    return new Plain(new CType.Array(element, array.length()), false, false);
                } else {
                    return new Plain(type, isConst, isVolatile);
                }
            }
        }
    }

    boolean agree(CType a, CType b) {
        Set<CType> known =
                agreed.computeIfAbsent(a, _ -> Collections.newSetFromMap(new IdentityHashMap<>()));
        if (!known.add(b)) {
            return true;
        }
        Plain left = Plain.of(a);
        Plain right = Plain.of(b);
        return left.isConst == right.isConst
                && left.isVolatile == right.isVolatile
                && plainAgree(left.type, right.type);
    }

    private boolean plainAgree(CType a, CType b) {
        return switch (a) {
            case CPrimitive left when b instanceof CPrimitive right ->
                    left == right || fromHeader(left, right);
            case CPrimitive left when b instanceof CEnum right -> sameInteger(left, right);
            case CEnum left when b instanceof CPrimitive right -> sameInteger(right, left);
            case CEnum left when b instanceof CEnum right ->
                    left.constants().equals(right.constants());
            case CType.Pointer left when b instanceof CType.Pointer right ->
                    agree(left.pointee(), right.pointee());
            case CType.Array left when b instanceof CType.Array right ->
                    (left.length().isEmpty()
                                    || right.length().isEmpty()
                                    || left.length().equals(right.length()))
                            && agree(left.element(), right.element());
            case CType.Function left when b instanceof CType.Function right ->
                    own(left.signature().convention()) == own(right.signature().convention())
                            && agree(left.signature(), right.signature());
            case CType.Atomic left when b instanceof CType.Atomic right ->
                    agree(left.type(), right.type());
            case CType.Complex left when b instanceof CType.Complex right ->
                    agree(left.part(), right.part());
            default -> a.equals(b);
        };
    }

    private boolean fromHeader(CPrimitive a, CPrimitive b) {
        if (a == CPrimitive.VA_LIST || b == CPrimitive.VA_LIST) {
            return true;
        }
        boolean header = a.cName().endsWith("_t") || b.cName().endsWith("_t");
        return header && a.isInteger() && b.isInteger() && sameInteger(a, b);
    }

    private boolean sameInteger(CPrimitive a, CType b) {
        return a.isInteger()
                && a.size(target) == b.size(target)
                && a.isSigned(target) == b.isSigned(target);
    }

    /** Compares all but the conventions. Without parameters nothing may have been said of them. */
    boolean agree(CFunctionSignature a, CFunctionSignature b) {
        if (!agree(a.returnType(), b.returnType())) {
            return false;
        }
        boolean unknown = a.parameters().isEmpty() || b.parameters().isEmpty();
        if (unknown && !a.variadic() && !b.variadic()) {
            return true;
        }
        if (a.variadic() != b.variadic() || a.parameters().size() != b.parameters().size()) {
            return false;
        }
        for (int i = 0; i < a.parameters().size(); i++) {
            CType left = Plain.of(a.parameters().get(i)).type;
            CType right = Plain.of(b.parameters().get(i)).type;
            if (!agree(left, right)) {
                return false;
            }
        }
        return true;
    }

    /**
     * What two declarations of a function say together, or null if they disagree. As in compilers a
     * later one may leave the convention out, and not bring one in.
     */
    @Nullable CFunctionSignature merged(CFunctionSignature first, CFunctionSignature second) {
        CallingConvention before = own(first.convention());
        CallingConvention after = own(second.convention());
        if (!agree(first, second) || (after != before && after != CallingConvention.C)) {
            return null;
        }
        boolean saysLess = second.parameters().isEmpty() && !second.variadic();
        CFunctionSignature more = saysLess ? first : second;
        boolean plain = second.convention() == CallingConvention.C;
        return more.withConvention(plain ? first.convention() : second.convention());
    }

    /** The convention, or {@code C} if it is the platform's C convention under another name. */
    private CallingConvention own(CallingConvention convention) {
        boolean same =
                switch (convention) {
                    case WIN64 -> target.isWindows();
                    case SYSV64 -> !target.isWindows();
                    case STDCALL, FASTCALL, THISCALL ->
                            target.architecture() != Target.Architecture.X86;
                    case AAPCS -> target == Target.ARMV7_LINUX_GNUEABI;
                    default -> false;
                };
        return same ? CallingConvention.C : convention;
    }
}
