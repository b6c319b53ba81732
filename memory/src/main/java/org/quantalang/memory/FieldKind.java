package org.quantalang.memory;

/** What a field of a managed object holds. */
public enum FieldKind {
    /** 8-bit integer. */
    INT8(1),
    /** 16-bit integer. */
    INT16(2),
    /** 32-bit integer. */
    INT32(4),
    /** 64-bit integer. */
    INT64(8),
    /** 32-bit floating point number. */
    FLOAT32(4),
    /** 64-bit floating point number. */
    FLOAT64(8),
    /** Bytes that the heap does not look into. */
    BYTES(1),
    /** Strong reference: holds one strong count of the object it points to, or is 0. */
    REFERENCE(8),
    /** Weak reference: holds one weak count of the object it points to, or is 0. */
    WEAK_REFERENCE(8),
    /** A Java object, held by a number in the heap's table of them; or 0. */
    JAVA_OBJECT(8);

    private final int bytes;

    FieldKind(int bytes) {
        this.bytes = bytes;
    }

    /** {@return size of one element, which is also its alignment} */
    public int bytes() {
        return bytes;
    }

    /** {@return whether the field holds a strong or weak reference} */
    public boolean isReference() {
        return this == REFERENCE || this == WEAK_REFERENCE;
    }

    /** {@return whether the heap lets go of what it holds when the object dies} */
    boolean isLetGo() {
        return isReference() || this == JAVA_OBJECT;
    }
}
