package org.quantalang.bench.memory;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.TypeInfo;

import java.lang.management.ManagementFactory;

/** The address tier leaves nothing on the Java heap once it is warm. */
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

    /** Far less than one object for each round: what the JVM itself may do on the side. */
    private static final long SIDE_BYTES = ROUNDS;

    private final ConfinedHeap heap = ConfinedHeap.open();
    private final byte[] bytes = new byte[64];

    @AfterEach
    void close() {
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
        };

        abstract void once(SteadyStateGarbageTest in);
    }

    private long held;

    @ParameterizedTest
    @EnumSource
    void operationsAllocateNothing(Operation operation) {
        held = heap.allocate(NODE);
        long least = Long.MAX_VALUE;
        // The first rounds run in the interpreter, where views of memory are objects.
        for (int attempt = 0; attempt < 20 && least > SIDE_BYTES; attempt++) {
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
