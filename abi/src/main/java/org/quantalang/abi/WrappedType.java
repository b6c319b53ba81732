package org.quantalang.abi;

/** A type that is another one with something said of it, and of the same kind. */
sealed interface WrappedType extends CType permits CType.Typedef, CType.Qualified, CType.Atomic {
    /** Returns the type without it. */
    CType type();

    @Override
    default boolean isPointer() {
        return type().isPointer();
    }

    @Override
    default boolean isInteger() {
        return type().isInteger();
    }

    @Override
    default boolean isFloat() {
        return type().isFloat();
    }

    @Override
    default boolean isSigned(Target target) {
        return type().isSigned(target);
    }

    @Override
    default CType unwrap() {
        return type().unwrap();
    }
}
