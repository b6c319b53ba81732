package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

class CountingTest {
    private static final TypeInfo NODE = TypeInfo.builder("Node").reference("next", "Node").build();
    private static final long MOST_COUNTED = (1L << 27) - 1;

    @RegisterExtension final HeapUnderTest test = new HeapUnderTest();

    private ConfinedHeap heap() {
        return test.heap();
    }

    /** An object with so many references, as if it had been retained as often. */
    private long counted(long strong) {
        long object = heap().allocate(NODE);
        long header = object - HeaderWord.BYTES;
        Memory.putLong(header, Memory.getLong(header) + (strong - 1) * HeaderWord.ONE_STRONG);
        return object;
    }

    @Test
    void countsToTheLastOneThatFits() {
        long object = counted(MOST_COUNTED - 1);
        heap().retain(object);
        assertEquals(MOST_COUNTED, heap().strongCount(object));
        assertFalse(heap().header(object).immortal());
        for (int i = 0; i < 3; i++) {
            heap().release(object);
        }
        assertEquals(MOST_COUNTED - 3, heap().strongCount(object));
        test.mayLeak();
    }

    @Test
    void saturatesInsteadOfWrapping() {
        long object = counted(MOST_COUNTED);
        heap().retain(object);
        heap().release(object);
        assertEquals(MOST_COUNTED, heap().strongCount(object), "2^27 is still counted");
        heap().retain(object);
        heap().retain(object);
        assertTrue(heap().header(object).immortal());
        long pinned = heap().strongCount(object);
        for (int i = 0; i < 10; i++) {
            heap().retain(object);
            heap().release(object);
            heap().release(object);
        }
        assertEquals(pinned, heap().strongCount(object), "a saturated count never changes again");
        assertEquals(object, heap().upgrade(object));
        test.mayLeak();
    }

    @Test
    void immortalObjectsAndWhatTheyHoldSurviveReleaseAndCollection() {
        long object = heap().allocate(NODE);
        long next = heap().allocate(NODE);
        heap().setReference(next, 0, object);
        heap().moveReference(object, 0, next);
        heap().makeImmortal(object);
        heap().release(object);
        heap().collectCycles();
        heap().verify();
        assertEquals(2, heap().liveObjects());
        heap().setReference(object, 0, 0);
        assertEquals(1, heap().liveObjects());
        test.mayLeak();
    }

    @Test
    void retainOfADeadObjectIsNoticed() {
        long object = heap().allocate(NODE);
        heap().weakRetain(object);
        heap().release(object);
        assertThrows(IllegalStateException.class, () -> heap().retain(object));
        assertThrows(IllegalStateException.class, () -> heap().release(object));
        heap().weakRelease(object);
        assertThrows(IllegalStateException.class, () -> heap().weakRelease(object));
        assertThrows(IllegalStateException.class, () -> heap().weakRetain(object));
    }

    @Test
    void theHeadersBitsAreWhereItsPictureSays() {
        assertEquals(1L << 36, HeaderWord.ONE_STRONG);
        assertEquals(1L << 26, HeaderWord.ONE_WEAK);
        assertEquals(0x3ffL << 26, HeaderWord.WEAK_MASK);
        long flags =
                HeaderWord.COLOUR_MASK
                        | HeaderWord.BUFFERED
                        | HeaderWord.ACYCLIC
                        | HeaderWord.FINALIZED
                        | HeaderWord.DYING
                        | HeaderWord.OLD
                        | HeaderWord.OLD_BUFFERED
                        | HeaderWord.MEMBER
                        | HeaderWord.WEAK_OVERFLOW;
        assertEquals(0x3ffL << 16, flags);
        assertEquals(
                -1L, HeaderWord.STRONG_MASK | HeaderWord.WEAK_MASK | flags | HeaderWord.TYPE_MASK);
        assertEquals(
                0, HeaderWord.STRONG_MASK & (HeaderWord.WEAK_MASK | flags | HeaderWord.TYPE_MASK));
        assertEquals(GcColor.BLACK, HeaderWord.colour(0), "zeroed memory reads as black");
    }
}
