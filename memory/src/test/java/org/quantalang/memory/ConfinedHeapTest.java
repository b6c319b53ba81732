package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantalang.memory.internal.debug.CheckedLevel;

class ConfinedHeapTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("next", "Node")
                    .weakReference("owner", "Node")
                    .int64("value")
                    .build();
    private static final long NEXT = NODE.offset("next");
    private static final long OWNER = NODE.offset("owner");
    private static final long VALUE = NODE.offset("value");
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 24, 8);

    @RegisterExtension final HeapUnderTest test = new HeapUnderTest();

    private ConfinedHeap heap() {
        return test.heap();
    }

    @Nested
    class GivenAFreshObject {
        @Test
        void hasOneStrongReferenceAndAZeroedPayload() {
            long object = heap().allocate(NODE);
            assertEquals(1, heap().strongCount(object));
            assertEquals(0, heap().weakCount(object));
            assertEquals(0, heap().getReference(object, NEXT));
            assertEquals(0, heap().getLong(object, VALUE));
            assertEquals(0, object % 16);
            assertEquals(NODE, heap().typeOf(object));
            heap().release(object);
        }

        @Test
        void payloadIsZeroAlsoWhereAnotherObjectWas() {
            HeapUnderTest.assumeFreedBlocksAreUsedAgain();
            long first = heap().allocate(NODE);
            heap().putLong(first, VALUE, -1);
            heap().release(first);
            long second = heap().allocate(NODE);
            assertEquals(first, second, "the page's free list is last in, first out");
            assertEquals(0, heap().getLong(second, VALUE));
            heap().release(second);
        }

        @Test
        void livesUntilTheLastReferenceIsReleased() {
            long object = heap().allocate(LEAF);
            heap().retain(object);
            heap().release(object);
            assertEquals(1, heap().liveObjects());
            heap().release(object);
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void headerTellsWhatTheSeedsHeaderTells() {
            try (ConfinedHeap heap = ConfinedHeap.open(HeapUnderTest.COLLECTS_WHEN_ASKED)) {
                long object = heap.allocate(NODE);
                heap.retain(object);
                heap.weakRetain(object);
                assertEquals(
                        new RcHeader(2, 1, GcColor.BLACK, false, false, false, NODE),
                        heap.header(object));
                heap.release(object);
                assertEquals(GcColor.PURPLE, heap.header(object).color());
                assertTrue(heap.header(object).buffered());
                heap.weakRelease(object);
                heap.release(object);
                heap.verify();
            }
        }
    }

    @Nested
    class GivenReferencesBetweenObjects {
        @Test
        void releaseFreesAChainWithoutRecursion() {
            long head = 0;
            for (int i = 0; i < 1_000_000; i++) {
                long node = heap().allocate(NODE);
                heap().moveReference(node, NEXT, head);
                head = node;
            }
            heap().release(head);
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void setReferenceRetainsTheNewAndReleasesTheOld() {
            long holder = heap().allocate(NODE);
            long a = heap().allocate(NODE);
            long b = heap().allocate(NODE);
            heap().setReference(holder, NEXT, a);
            assertEquals(2, heap().strongCount(a));
            heap().setReference(holder, NEXT, b);
            assertEquals(1, heap().strongCount(a));
            assertEquals(2, heap().strongCount(b));
            heap().setReference(holder, NEXT, b);
            assertEquals(2, heap().strongCount(b));
            heap().release(a);
            heap().release(b);
            heap().release(holder);
        }

        @Test
        void storingTheOnlyReferenceAgainKeepsTheObject() {
            long holder = heap().allocate(NODE);
            heap().moveReference(holder, NEXT, heap().allocate(NODE));
            heap().setReference(holder, NEXT, heap().getReference(holder, NEXT));
            assertEquals(1, heap().strongCount(heap().getReference(holder, NEXT)));
            heap().release(holder);
        }

        @Test
        void exchangeHandsOutTheOldReference() {
            long holder = heap().allocate(NODE);
            long a = heap().allocate(NODE);
            heap().moveReference(holder, NEXT, a);
            long old = heap().exchangeReference(holder, NEXT, 0);
            assertEquals(a, old);
            assertEquals(1, heap().strongCount(a));
            heap().release(old);
            heap().release(holder);
        }

        @Test
        void compareAndSetStoresOnlyWhenExpected() {
            long holder = heap().allocate(NODE);
            long a = heap().allocate(NODE);
            assertTrue(heap().compareAndSetReference(holder, NEXT, 0, a));
            assertEquals(false, heap().compareAndSetReference(holder, NEXT, 0, holder));
            assertEquals(2, heap().strongCount(a));
            heap().release(a);
            heap().release(holder);
        }

        @Test
        void referenceArraysHoldTheirElements() {
            TypeInfo nodes = TypeInfo.referenceArray("Node[]", NODE);
            long array = heap().allocateArray(nodes, 100);
            for (long i = 0; i < 100; i++) {
                heap().moveReference(array, ConfinedHeap.elementOffset(i), heap().allocate(NODE));
            }
            heap().verify();
            assertEquals(101, heap().liveObjects());
            heap().release(array);
            assertEquals(0, heap().liveObjects());
        }
    }

    @Nested
    class GivenWeakReferences {
        @Test
        void upgradeSucceedsWhileTheObjectLivesAndFailsAfterwards() {
            long object = heap().allocate(NODE);
            heap().weakRetain(object);
            assertEquals(object, heap().upgrade(object));
            assertEquals(2, heap().strongCount(object));
            heap().release(object);
            heap().release(object);
            assertEquals(0, heap().upgrade(object));
            heap().collectCycles();
            assertEquals(1, heap().liveObjects(), "the header waits for the weak reference");
            heap().weakRelease(object);
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void weakFieldsDoNotKeepTheirTargetAlive() {
            long a = heap().allocate(NODE);
            long b = heap().allocate(NODE);
            heap().setWeakReference(a, OWNER, b);
            assertEquals(b, heap().loadWeak(a, OWNER));
            heap().release(b);
            heap().release(b);
            heap().collectCycles();
            assertEquals(0, heap().loadWeak(a, OWNER));
            heap().verify();
            heap().release(a);
        }

        @ParameterizedTest
        @ValueSource(ints = {1023, 1024, 5000})
        void countBeyondTheHeadersFieldIsKept(int references) {
            long object = heap().allocate(LEAF);
            for (int i = 0; i < references; i++) {
                heap().weakRetain(object);
            }
            assertEquals(references, heap().weakCount(object));
            heap().release(object);
            for (int i = references; i > 0; i--) {
                assertEquals(i, heap().weakCount(object));
                heap().weakRelease(object);
            }
            assertEquals(0, heap().liveObjects());
        }
    }

    @Nested
    class GivenAWrongCall {
        @Test
        void releaseOfAFreedObjectIsNoticed() {
            long object = heap().allocate(LEAF);
            heap().release(object);
            IllegalStateException failure =
                    assertThrows(IllegalStateException.class, () -> heap().release(object));
            assertTrue(
                    String.valueOf(failure.getMessage())
                            .startsWith(
                                    CheckedLevel.ON
                                            ? "release of what is no such object (freed)"
                                            : "object released more often than retained"),
                    failure::toString);
        }

        @Test
        void arrayTypesNeedALength() {
            IllegalArgumentException failure =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> heap().allocate(TypeInfo.byteArray()));
            assertEquals(
                    "array type needs a length: type=byte[]; use allocateArray",
                    failure.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 100, 1000, 1024, 5000, 16_000, 20_000, 65_536, 1_000_000})
    void byteArraysOfAnySizeKeepTheirBytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        long array = heap().allocateBytes(bytes);
        long other = heap().allocateBytes(bytes);
        assertEquals(length, heap().length(array));
        assertArrayEquals(bytes, heap().bytesOf(array));
        heap().verify();
        heap().release(array);
        assertArrayEquals(bytes, heap().bytesOf(other));
        heap().release(other);
    }
}
