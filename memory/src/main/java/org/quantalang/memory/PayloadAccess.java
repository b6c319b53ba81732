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

    @Override
    public final long getLong(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getLong", object, offset, Long.BYTES);
        }
        return Memory.getLong(object, offset);
    }

    @Override
    public final void putLong(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("putLong", object, offset, Long.BYTES);
        }
        Memory.putLong(object, offset, value);
    }

    @Override
    public final int getInt(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getInt", object, offset, Integer.BYTES);
        }
        return Memory.getInt(object, offset);
    }

    @Override
    public final void putInt(long object, long offset, int value) {
        if (CheckedLevel.ON) {
            checkWithin("putInt", object, offset, Integer.BYTES);
        }
        Memory.putInt(object, offset, value);
    }

    @Override
    public final short getShort(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getShort", object, offset, Short.BYTES);
        }
        return Memory.getShort(object, offset);
    }

    @Override
    public final void putShort(long object, long offset, short value) {
        if (CheckedLevel.ON) {
            checkWithin("putShort", object, offset, Short.BYTES);
        }
        Memory.putShort(object, offset, value);
    }

    @Override
    public final byte getByte(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getByte", object, offset, Byte.BYTES);
        }
        return Memory.getByte(object, offset);
    }

    @Override
    public final void putByte(long object, long offset, byte value) {
        if (CheckedLevel.ON) {
            checkWithin("putByte", object, offset, Byte.BYTES);
        }
        Memory.putByte(object, offset, value);
    }

    @Override
    public final double getDouble(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getDouble", object, offset, Double.BYTES);
        }
        return Memory.getDouble(object, offset);
    }

    @Override
    public final void putDouble(long object, long offset, double value) {
        if (CheckedLevel.ON) {
            checkWithin("putDouble", object, offset, Double.BYTES);
        }
        Memory.putDouble(object, offset, value);
    }

    @Override
    public final float getFloat(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getFloat", object, offset, Float.BYTES);
        }
        return Memory.getFloat(object, offset);
    }

    @Override
    public final void putFloat(long object, long offset, float value) {
        if (CheckedLevel.ON) {
            checkWithin("putFloat", object, offset, Float.BYTES);
        }
        Memory.putFloat(object, offset, value);
    }

    @Override
    public final void copyIn(byte[] source, int sourceIndex, long object, long offset, int bytes) {
        if (CheckedLevel.ON) {
            checkWithin("copyIn", object, offset, bytes);
        }
        Memory.copyIn(source, sourceIndex, object + offset, bytes);
    }

    @Override
    public final void copyOut(long object, long offset, byte[] target, int targetIndex, int bytes) {
        if (CheckedLevel.ON) {
            checkRead("copyOut", object, offset, bytes);
        }
        Memory.copyOut(object + offset, target, targetIndex, bytes);
    }

    @Override
    public final void fill(long object, long offset, long bytes, byte value) {
        if (CheckedLevel.ON) {
            checkWithin("fill", object, offset, bytes);
        }
        Memory.fill(object + offset, bytes, value);
    }

    @Override
    public final long allocateBytes(byte[] source) {
        long array = allocateArrayUninitialized(TypeInfo.byteArray(), source.length);
        Memory.copyIn(source, 0, array + TypeInfo.ARRAY_ELEMENTS, source.length);
        return array;
    }

    @Override
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
