package org.quantalang.memory.internal.handle;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Java objects that off-heap objects hold, by number. A slot off heap holds {@code number * 2 + 1}:
 * odd, so that it is never taken for an address; 0 is null.
 *
 * <p>Owner thread only.
 */
public final class JavaObjects {
    private @Nullable Object[] objects = new @Nullable Object[16];
    private int[] nextFree = new int[16];
    private int firstFree = -1;
    private int used;
    private int held;

    public JavaObjects() {}

    /** Whether a slot's word is the number of a Java object. */
    public static boolean isNumber(long word) {
        return (word & 1) != 0;
    }

    /** Holds an object; returns the word for its slot. */
    public long hold(Object object) {
        int number = firstFree;
        if (number >= 0) {
            firstFree = nextFree[number];
        } else {
            number = used++;
            if (number == objects.length) {
                objects = Arrays.copyOf(objects, 2 * number);
                nextFree = Arrays.copyOf(nextFree, 2 * number);
            }
        }
        objects[number] = object;
        held++;
        return (long) number << 1 | 1;
    }

    /** The object of a slot's word; null for 0. */
    public @Nullable Object get(long word) {
        return word == 0 ? null : objects[number(word)];
    }

    /** Lets go of the object of a slot's word. */
    public void letGo(long word) {
        int number = number(word);
        objects[number] = null;
        nextFree[number] = firstFree;
        firstFree = number;
        held--;
    }

    /** Lets go of all of them: the heap is closed. */
    public void letGoOfAll() {
        objects = new @Nullable Object[0];
        held = 0;
    }

    private int number(long word) {
        long number = word >>> 1;
        if (!isNumber(word)
                || number >= Math.min(used, objects.length)
                || objects[(int) number] == null) {
            throw new IllegalStateException(
                    "slot holds no Java object: word=0x%x held=%d; something wrote over it"
                            .formatted(word, held));
        }
        return (int) number;
    }

    /** Objects that are held. */
    public int held() {
        return held;
    }
}
