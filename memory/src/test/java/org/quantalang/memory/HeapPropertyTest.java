package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantalang.memory.internal.alloc.PageSource;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Random operations over the whole interface against a model of plain Java objects. The model
 * counts as the heap must count, so that between collections also what is garbage but cyclic is
 * alive in both; a collection leaves what the model's own trace from the held objects reaches.
 *
 * <p>The seed is printed; {@code -Dquanta.test.seed=...} repeats a run.
 */
class HeapPropertyTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("a", "Node")
                    .int64("id")
                    .reference("b")
                    .weakReference("weak", "Node")
                    .reference("c")
                    .build();
    private static final long[] SLOTS = {NODE.offset("a"), NODE.offset("b"), NODE.offset("c")};
    private static final long ID = NODE.offset("id");
    private static final long WEAK = NODE.offset("weak");
    private static final TypeInfo ARRAY = TypeInfo.referenceArray("Object[]");

    /** What the heap's settings leave to chance. */
    enum Setup {
        MANUAL,
        AUTOMATIC,
        BUDGET,
        COUNTED,
        ARENA;

        HeapConfig config() {
            HeapConfig manual = HeapConfig.DEFAULT.withAutomaticCollection(false);
            return switch (this) {
                case MANUAL -> manual;
                case AUTOMATIC -> HeapConfig.DEFAULT.withCollectionThreshold(20);
                case BUDGET -> manual.withReleaseBudget(3);
                case COUNTED -> manual.withCountsPerType(true);
                case ARENA ->
                        AUTOMATIC
                                .config()
                                .withPageSource(PageSource.arena())
                                .withAddressSpaceBytes(32 << 20);
            };
        }
    }

    @ParameterizedTest
    @EnumSource(Setup.class)
    void behavesAsTheModel(Setup setup) {
        run(setup, 100_000);
    }

    @Tag("soak")
    @ParameterizedTest
    @EnumSource(Setup.class)
    void behavesAsTheModelForLong(Setup setup) {
        run(setup, 2_000_000);
    }

    private static void run(Setup setup, int operations) {
        long seed = Long.getLong("quanta.test.seed", System.nanoTime());
        System.out.println("HeapPropertyTest " + setup + " seed=" + seed);
        try (ConfinedHeap heap = ConfinedHeap.open(setup.config())) {
            new Program(heap, setup, new SplittableRandom(seed)).run(operations);
        }
    }

    /** An object of the model. */
    private static final class Twin {
        final long address;
        final long id;
        final @Nullable Twin[] slots;
        final boolean node;
        @Nullable Twin weak;
        int strong = 1;
        int weakCount;

        Twin(long address, long id, int slots, boolean node) {
            this.address = address;
            this.id = id;
            this.slots = new @Nullable Twin[slots];
            this.node = node;
        }
    }

    private static final class Program {
        private final ConfinedHeap heap;
        private final Setup setup;
        private final SplittableRandom random;
        private final List<Twin> held = new ArrayList<>();
        private final List<Twin> weaklyHeld = new ArrayList<>();
        private final Set<Twin> alive = new HashSet<>();
        private long nextId = 1;

        Program(ConfinedHeap heap, Setup setup, SplittableRandom random) {
            this.heap = heap;
            this.setup = setup;
            this.random = random;
            heap.register(NODE, ARRAY, TypeInfo.byteArray());
        }

        void run(int operations) {
            for (int i = 1; i <= operations; i++) {
                step();
                if (i % 20_000 == 0) {
                    check();
                }
                if (i % 50_000 == 0) {
                    collect();
                }
            }
            check();
            collect();
            releaseAll();
        }

        private void step() {
            // Few held objects: allocate more; many: release more.
            int draw = random.nextInt(100);
            if (held.size() < 10 || (draw < 22 && held.size() < 2000)) {
                allocate();
            } else if (draw < 40) {
                dropHeld(random.nextInt(held.size()));
            } else if (draw < 50) {
                hold(pick());
            } else if (draw < 70) {
                store(pick(), random.nextInt(5) == 0 ? null : pick());
            } else if (draw < 76) {
                exchange(pick(), pick());
            } else if (draw < 80) {
                storeWeak(pick(), pick());
            } else if (draw < 84) {
                load(pick());
            } else if (draw < 88) {
                holdWeakly(pick());
            } else if (draw < 94) {
                useWeak();
            } else if (draw < 98) {
                readBack(pick());
            } else if (setup == Setup.BUDGET) {
                heap.drain();
            }
        }

        private boolean automatic() {
            return setup == Setup.AUTOMATIC || setup == Setup.ARENA;
        }

        private Twin pick() {
            return held.get(random.nextInt(held.size()));
        }

        private void allocate() {
            Twin twin;
            int kind = random.nextInt(10);
            long id = nextId++;
            if (kind < 6) {
                long object = kind < 3 ? heap.allocate(NODE) : heap.allocateUninitialized(NODE);
                heap.putLong(object, ID, id);
                twin = new Twin(object, id, SLOTS.length, true);
            } else if (kind < 8) {
                int length = random.nextInt(random.nextInt(50) == 0 ? 20_000 : 12);
                twin = new Twin(heap.allocateArray(ARRAY, length), length, length, false);
            } else {
                byte[] bytes = new byte[random.nextInt(random.nextInt(50) == 0 ? 200_000 : 300)];
                Arrays.fill(bytes, (byte) bytes.length);
                twin = new Twin(heap.allocateBytes(bytes), bytes.length, 0, false);
            }
            held.add(twin);
            alive.add(twin);
        }

        private static long offset(Twin twin, int slot) {
            return twin.node ? SLOTS[slot] : ConfinedHeap.elementOffset(slot);
        }

        private int slotFor(Twin holder, @Nullable Twin value) {
            // Field a is declared to hold a Node.
            int slot = random.nextInt(holder.slots.length);
            return holder.node && slot == 0 && value != null && !value.node ? 1 : slot;
        }

        private static long address(@Nullable Twin twin) {
            return twin == null ? 0 : twin.address;
        }

        private void store(Twin holder, @Nullable Twin value) {
            if (holder.slots.length == 0) {
                return;
            }
            int slot = slotFor(holder, value);
            Twin old = holder.slots[slot];
            if (value != null) {
                value.strong++;
            }
            holder.slots[slot] = value;
            if (random.nextBoolean()) {
                heap.setReference(holder.address, offset(holder, slot), address(value));
            } else {
                assertTrue(
                        heap.compareAndSetReference(
                                holder.address,
                                offset(holder, slot),
                                address(old),
                                address(value)));
            }
            lessStrong(old);
        }

        private void exchange(Twin holder, Twin value) {
            if (holder.slots.length == 0) {
                return;
            }
            int slot = slotFor(holder, value);
            Twin old = holder.slots[slot];
            value.strong++;
            holder.slots[slot] = value;
            long before =
                    heap.exchangeReference(holder.address, offset(holder, slot), value.address);
            assertEquals(address(old), before);
            if (old != null) {
                held.add(old);
            }
        }

        private void load(Twin holder) {
            if (holder.slots.length == 0) {
                return;
            }
            int slot = random.nextInt(holder.slots.length);
            Twin value = holder.slots[slot];
            assertEquals(address(value), heap.getReference(holder.address, offset(holder, slot)));
            if (value != null) {
                hold(value);
            }
        }

        private void hold(Twin twin) {
            heap.retain(twin.address);
            twin.strong++;
            held.add(twin);
        }

        private void dropHeld(int index) {
            Twin twin = held.get(index);
            held.set(index, held.getLast());
            held.removeLast();
            heap.release(twin.address);
            lessStrong(twin);
        }

        private void storeWeak(Twin holder, Twin value) {
            if (!holder.node || !value.node) {
                return;
            }
            value.weakCount++;
            if (holder.weak != null) {
                holder.weak.weakCount--;
            }
            holder.weak = value;
            heap.setWeakReference(holder.address, WEAK, value.address);
        }

        private void holdWeakly(Twin twin) {
            if (weaklyHeld.size() < 500) {
                heap.weakRetain(twin.address);
                twin.weakCount++;
                weaklyHeld.add(twin);
            }
        }

        private void useWeak() {
            if (weaklyHeld.isEmpty()) {
                return;
            }
            int index = random.nextInt(weaklyHeld.size());
            Twin twin = weaklyHeld.get(index);
            if (!automatic() || !alive.contains(twin) || held.contains(twin)) {
                if (!alive.contains(twin)) {
                    heap.drain(); // else what dead objects that wait hold may still be upgraded
                }
                long upgraded = heap.upgrade(twin.address);
                assertEquals(alive.contains(twin) ? twin.address : 0, upgraded);
                if (upgraded != 0) {
                    twin.strong++;
                    held.add(twin);
                }
            }
            if (random.nextBoolean()) {
                weaklyHeld.set(index, weaklyHeld.getLast());
                weaklyHeld.removeLast();
                heap.weakRelease(twin.address);
                twin.weakCount--;
            }
        }

        private void readBack(Twin twin) {
            if (setup != Setup.BUDGET) {
                // With a budget, references of dead objects that wait still count.
                int inHeap = (int) heap.strongCount(twin.address);
                assertTrue(automatic() ? inHeap <= twin.strong : inHeap == twin.strong);
            }
            if (twin.node) {
                assertEquals(twin.id, heap.getLong(twin.address, ID));
                assertEquals(NODE, heap.typeOf(twin.address));
            } else {
                assertEquals(twin.id, heap.length(twin.address));
            }
        }

        private void lessStrong(@Nullable Twin first) {
            Deque<Twin> open = new ArrayDeque<>();
            if (first != null) {
                open.add(first);
            }
            while (!open.isEmpty()) {
                Twin twin = open.pop();
                if (--twin.strong == 0) {
                    die(twin);
                    for (Twin child : twin.slots) {
                        if (child != null) {
                            open.push(child);
                        }
                    }
                }
            }
        }

        private void die(Twin twin) {
            assertTrue(alive.remove(twin));
            if (twin.weak != null) {
                twin.weak.weakCount--;
                twin.weak = null;
            }
        }

        private void collect() {
            heap.collectCycles();
            Set<Twin> reached = new HashSet<>(held);
            Deque<Twin> open = new ArrayDeque<>(reached);
            while (!open.isEmpty()) {
                for (Twin child : open.pop().slots) {
                    if (child != null && reached.add(child)) {
                        open.push(child);
                    }
                }
            }
            for (Twin twin : List.copyOf(alive)) {
                if (!reached.contains(twin)) {
                    die(twin);
                    for (Twin child : twin.slots) {
                        if (child != null && reached.contains(child)) {
                            child.strong--;
                        }
                    }
                    twin.strong = 0;
                }
            }
            assertEquals(alive.size(), heap.verify().objects());
            for (Twin twin : alive) {
                assertEquals(twin.strong, heap.strongCount(twin.address));
                assertEquals(twin.weakCount, heap.weakCount(twin.address));
            }
        }

        private void check() {
            long objects = heap.verify().objects();
            if (setup == Setup.MANUAL || setup == Setup.COUNTED) {
                assertEquals(alive.size(), objects);
            }
        }

        private void releaseAll() {
            while (!held.isEmpty()) {
                dropHeld(held.size() - 1);
            }
            for (Twin twin : weaklyHeld) {
                heap.weakRelease(twin.address);
            }
            weaklyHeld.clear();
            heap.collectCycles();
            heap.verify();
            assertEquals(0, heap.liveObjects(), () -> "left alive:\n" + heap.histogram());
        }
    }
}
