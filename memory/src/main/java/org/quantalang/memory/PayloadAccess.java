package org.quantalang.memory;

import org.quantalang.memory.inspect.HeapNumbers;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.ObjectChecks;
import org.quantalang.memory.internal.object.Memory;

/**
 * Payload access, the same for every heap: plain loads and stores at an address and an offset.
 *
 * <p>In checked mode each of them first asks whether the caller may use the heap and whether the
 * bytes lie within a live object.
 */
abstract sealed class PayloadAccess implements Heap permits HandleTier {
    /** Refuses a caller that may not use the heap now. */
    abstract void checkCaller();

    /** What checked mode asks before an operation. */
    abstract ObjectChecks checks();

    /** The numbers, whoever asks. */
    abstract HeapNumbers numbersNow();

    /** The heap is about to close: does what the policy says of objects that are still held. */
    final void tellLeaks(LeakPolicy policy, HeapConfig config) {
        if (policy == LeakPolicy.FREE_ALL) {
            return;
        }
        LeakReport leaks = leaks();
        if (!leaks.isEmpty() && policy == LeakPolicy.FAIL) {
            throw new IllegalStateException(leaks.text());
        }
        if (!leaks.isEmpty()) {
            config.notices().accept(leaks.text());
        }
    }

    /** What its accounts need. */
    abstract AccountHost accountHost();

    @Override
    public final Account account() {
        checkCaller();
        return accountHost().root();
    }

    @Override
    public HeapNumbers numbers() {
        checkCaller();
        return numbersNow();
    }

    final void checkWithin(String operation, long object, long offset, long bytes) {
        checkCaller();
        if (CheckedLevel.ADDRESSES) {
            checks().within(operation, object, offset, bytes);
        }
    }

    final void checkRead(String operation, long object, long offset, long bytes) {
        checkWithin(operation, object, offset, bytes);
        if (CheckedLevel.ALL) {
            checks().written(operation, object, offset, bytes);
        }
    }

    /**
     * Reads a 64-bit integer at {@code offset}, a multiple of 8.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    public final long getLong(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getLong", object, offset, Long.BYTES);
        }
        return Memory.getLong(object, offset);
    }

    /**
     * Writes a 64-bit integer at {@code offset}, a multiple of 8.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    public final void putLong(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("putLong", object, offset, Long.BYTES);
        }
        Memory.putLong(object, offset, value);
    }

    /**
     * Reads a 32-bit integer at {@code offset}, a multiple of 4.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    public final int getInt(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getInt", object, offset, Integer.BYTES);
        }
        return Memory.getInt(object, offset);
    }

    /**
     * Writes a 32-bit integer at {@code offset}, a multiple of 4.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    public final void putInt(long object, long offset, int value) {
        if (CheckedLevel.ON) {
            checkWithin("putInt", object, offset, Integer.BYTES);
        }
        Memory.putInt(object, offset, value);
    }

    /**
     * Reads a 16-bit integer at {@code offset}, a multiple of 2.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    public final short getShort(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getShort", object, offset, Short.BYTES);
        }
        return Memory.getShort(object, offset);
    }

    /**
     * Writes a 16-bit integer at {@code offset}, a multiple of 2.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    public final void putShort(long object, long offset, short value) {
        if (CheckedLevel.ON) {
            checkWithin("putShort", object, offset, Short.BYTES);
        }
        Memory.putShort(object, offset, value);
    }

    /**
     * Reads a byte.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    public final byte getByte(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getByte", object, offset, Byte.BYTES);
        }
        return Memory.getByte(object, offset);
    }

    /**
     * Writes a byte.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    public final void putByte(long object, long offset, byte value) {
        if (CheckedLevel.ON) {
            checkWithin("putByte", object, offset, Byte.BYTES);
        }
        Memory.putByte(object, offset, value);
    }

    /**
     * Reads a 64-bit floating point number at {@code offset}, a multiple of 8.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    public final double getDouble(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getDouble", object, offset, Double.BYTES);
        }
        return Memory.getDouble(object, offset);
    }

    /**
     * Writes a 64-bit floating point number at {@code offset}, a multiple of 8.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    public final void putDouble(long object, long offset, double value) {
        if (CheckedLevel.ON) {
            checkWithin("putDouble", object, offset, Double.BYTES);
        }
        Memory.putDouble(object, offset, value);
    }

    /**
     * Reads a 32-bit floating point number at {@code offset}, a multiple of 4.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    public final float getFloat(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getFloat", object, offset, Float.BYTES);
        }
        return Memory.getFloat(object, offset);
    }

    /**
     * Writes a 32-bit floating point number at {@code offset}, a multiple of 4.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    public final void putFloat(long object, long offset, float value) {
        if (CheckedLevel.ON) {
            checkWithin("putFloat", object, offset, Float.BYTES);
        }
        Memory.putFloat(object, offset, value);
    }

    /**
     * Copies bytes into a payload.
     *
     * @param source the bytes
     * @param sourceIndex index of the first byte
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param bytes number of bytes
     */
    public final void copyIn(byte[] source, int sourceIndex, long object, long offset, int bytes) {
        if (CheckedLevel.ON) {
            checkWithin("copyIn", object, offset, bytes);
        }
        Memory.copyIn(source, sourceIndex, object + offset, bytes);
    }

    /**
     * Copies bytes out of a payload.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param target where to copy to
     * @param targetIndex index of the first byte
     * @param bytes number of bytes
     */
    public final void copyOut(long object, long offset, byte[] target, int targetIndex, int bytes) {
        if (CheckedLevel.ON) {
            checkRead("copyOut", object, offset, bytes);
        }
        Memory.copyOut(object + offset, target, targetIndex, bytes);
    }

    /**
     * Fills bytes of a payload.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param bytes number of bytes
     * @param value the value
     */
    public final void fill(long object, long offset, long bytes, byte value) {
        if (CheckedLevel.ON) {
            checkWithin("fill", object, offset, bytes);
        }
        Memory.fill(object + offset, bytes, value);
    }

    /**
     * Allocates a byte array with a copy of {@code source}; the caller owns it.
     *
     * @param source the bytes
     * @return the object; the caller owns its one reference
     */
    public final long allocateBytes(byte[] source) {
        long array = allocateArrayUninitialized(TypeInfo.byteArray(), source.length);
        Memory.copyIn(source, 0, array + TypeInfo.ARRAY_ELEMENTS, source.length);
        return array;
    }

    /**
     * The contents of an off-heap byte array.
     *
     * @param array the array; borrowed
     * @return a copy
     */
    public final byte[] bytesOf(long array) {
        if (CheckedLevel.ADDRESSES) {
            checks().knownBytes("bytesOf", array);
        }
        byte[] bytes = new byte[Math.toIntExact(length(array))];
        Memory.copyOut(array + TypeInfo.ARRAY_ELEMENTS, bytes, 0, bytes.length);
        return bytes;
    }

    /**
     * Where element {@code index} of a reference array is, for {@link #getReference} and the like.
     *
     * @param index index of the element
     * @return bytes from the start of the payload
     */
    public static long elementOffset(long index) {
        return TypeInfo.ARRAY_ELEMENTS + (index << 3);
    }
}
