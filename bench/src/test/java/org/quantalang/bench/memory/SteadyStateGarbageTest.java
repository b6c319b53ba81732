package org.quantalang.bench.memory;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantalang.memory.ByteField;
import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.LongField;
import org.quantalang.memory.Ref;
import org.quantalang.memory.RefField;
import org.quantalang.memory.RefType;
import org.quantalang.memory.TypeInfo;
import org.quantalang.memory.WeakRefField;

import java.lang.management.ManagementFactory;

/** Neither tier leaves anything on the Java heap once it is warm. */
class SteadyStateGarbageTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("next", "Node")
                    .weakReference("back", "Node")
                    .int64("value")
                    .build();
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 48, 8);
    private static final TypeInfo LARGE = TypeInfo.leaf("Large", 200_000, 8);
    private static final long NEXT = NODE.offset("next");
    private static final long BACK = NODE.offset("back");

    private static final int ROUNDS = 20_000;
    private static final int MOST_ATTEMPTS = 2_000;

    /** Far less than one object for each round: what the JVM itself may do on the side. */
    private static final long SIDE_BYTES = ROUNDS;

    private final ConfinedHeap heap = ConfinedHeap.open();
    private final byte[] bytes = new byte[64];

    @AfterEach
    void close() {
        a.close();
        b.close();
        c.close();
        numbers.close();
        text.close();
        heap.close();
    }

    /** One round of each leaves the heap as it was. */
    enum Operation {
        ALLOCATE_AND_RELEASE {
            @Override
            void once(SteadyStateGarbageTest in) {
                in.heap.release(in.heap.allocate(LEAF));
                in.heap.release(in.heap.allocateUninitialized(LEAF));
            }
        },
        ALLOCATE_ARRAYS {
            @Override
            void once(SteadyStateGarbageTest in) {
                in.heap.release(in.heap.allocateArray(TypeInfo.byteArray(), 300));
                in.heap.release(in.heap.allocateArrayUninitialized(TypeInfo.byteArray(), 17));
            }
        },
        ALLOCATE_LARGE {
            @Override
            void once(SteadyStateGarbageTest in) {
                in.heap.release(in.heap.allocateUninitialized(LARGE));
            }
        },
        COUNT {
            @Override
            void once(SteadyStateGarbageTest in) {
                in.heap.retain(in.held);
                in.heap.weakRetain(in.held);
                in.heap.release(in.heap.upgrade(in.held));
                in.heap.weakRelease(in.held);
                in.heap.release(in.held);
            }
        },
        STORE_REFERENCES {
            @Override
            void once(SteadyStateGarbageTest in) {
                in.heap.setReference(in.held, NEXT, in.held);
                in.heap.compareAndSetReference(in.held, NEXT, in.held, 0);
                in.heap.retain(in.held);
                in.heap.moveReference(in.held, NEXT, in.held);
                in.heap.release(in.heap.exchangeReference(in.held, NEXT, 0));
                in.heap.setWeakReference(in.held, BACK, in.held);
                in.heap.release(in.heap.loadWeak(in.held, BACK));
                in.heap.setWeakReference(in.held, BACK, 0);
            }
        },
        READ_AND_WRITE_PAYLOAD {
            @Override
            void once(SteadyStateGarbageTest in) {
                long at = NODE.offset("value");
                in.heap.putLong(in.held, at, in.heap.getLong(in.held, at) + 1);
                in.heap.putInt(in.held, at, in.heap.getInt(in.held, at) + 1);
                in.heap.copyIn(in.bytes, 0, in.held, at, 8);
                in.heap.copyOut(in.held, at, in.bytes, 0, 8);
            }
        },
        DROP_A_LIST {
            @Override
            void once(SteadyStateGarbageTest in) {
                long head = 0;
                for (int i = 0; i < 20; i++) {
                    long node = in.heap.allocate(NODE);
                    in.heap.initReference(node, NEXT, head);
                    head = node;
                }
                in.heap.release(head);
            }
        },
        COLLECT_A_RING {
            @Override
            void once(SteadyStateGarbageTest in) {
                long first = in.heap.allocate(NODE);
                long second = in.heap.allocate(NODE);
                in.heap.initReference(second, NEXT, first);
                in.heap.setReference(first, NEXT, second);
                in.heap.release(second); // the collector frees both, with others, by itself
            }
        },
        READ_AND_WRITE_FIELDS_BY_HANDLE {
            @Override
            void once(SteadyStateGarbageTest in) {
                VALUE_FIELD.set(in.a, VALUE_FIELD.get(in.a) + 1);
                ELEMENTS.set(in.numbers, 3, ELEMENTS.get(in.numbers, 2) + 1);
                BYTES.fill(in.text, 1, 5, (byte) 7);
                BYTES.set(in.text, 2, in.five);
                BYTES.get(in.text, 0, in.five);
            }
        },
        REFERENCES_BY_HANDLE {
            @Override
            void once(SteadyStateGarbageTest in) {
                in.b.allocate();
                NEXT_FIELD.set(in.a, in.b);
                BACK_FIELD.set(in.b, in.a);
                NEXT_FIELD.get(in.a, in.c);
                BACK_FIELD.get(in.b, in.c);
                in.c.set(in.b);
                NEXT_FIELD.move(in.a, in.c);
                in.c.move(in.b);
                in.c.clear();
                NEXT_FIELD.clear(in.a);
            }
        };

        abstract void once(SteadyStateGarbageTest in);
    }

    private long held;

    private static final RefType<Named> NODES = RefType.of(Named.class, NODE);
    private static final RefType<Named> LONGS = RefType.of(Named.class, TypeInfo.longArray());
    private static final RefType<Named> TEXT = RefType.of(Named.class, TypeInfo.byteArray());
    private static final LongField VALUE_FIELD = NODES.longField("value");
    private static final RefField<Named> NEXT_FIELD = NODES.refField("next", NODES);
    private static final WeakRefField<Named> BACK_FIELD = NODES.weakRefField("back", NODES);
    private static final LongField ELEMENTS = LONGS.longElements();
    private static final ByteField BYTES = TEXT.byteElements();

    private final byte[] five = new byte[5];
    private final Ref<Named> a = NODES.allocate(heap);
    private final Ref<Named> b = NODES.empty(heap);
    private final Ref<Named> c = NODES.empty(heap);
    private final Ref<Named> numbers = LONGS.allocateArray(heap, 4);
    private final Ref<Named> text = TEXT.allocateArray(heap, 10);

    /** A name for the compiler. */
    private interface Named {}

    @ParameterizedTest
    @EnumSource
    void operationsAllocateNothing(Operation operation) {
        held = heap.allocate(NODE);
        long least = Long.MAX_VALUE;
        // Until the last compiler has got to it views of memory are objects; on a busy machine that
        // takes a while, in which many rounds go by.
        for (int attempt = 0; attempt < MOST_ATTEMPTS && least > SIDE_BYTES; attempt++) {
            least = Math.min(least, allocatedBy(operation));
        }
        heap.release(held);
        heap.collectCycles();
        assertTrue(
                least <= SIDE_BYTES,
                "%s: %d bytes in %d rounds".formatted(operation, least, ROUNDS));
    }

    private long allocatedBy(Operation operation) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            operation.once(this);
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
