package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.shared.SharedHeader;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

class HeapLifecycleTest {
    private static final TypeInfo NODE = TypeInfo.builder("Node").reference("next", "Node").build();

    private static long mappings() throws IOException {
        Path maps = Path.of("/proc/self/maps");
        Assumptions.assumeTrue(Files.exists(maps), "skipped: no /proc/self/maps on this system");
        try (var lines = Files.lines(maps)) {
            return lines.count();
        }
    }

    @Test
    void tenThousandHeapsLeaveNothingBehind() throws IOException {
        use(10);
        long before = mappings();
        use(10_000);
        long after = mappings();
        assertTrue(after <= before + 50, "mappings before=%d after=%d".formatted(before, after));
    }

    private static void use(int heaps) {
        for (int i = 0; i < heaps; i++) {
            try (ConfinedHeap heap = ConfinedHeap.open()) {
                long object = heap.allocate(NODE);
                heap.setReference(object, 0, object);
                heap.release(object);
            }
        }
    }

    @Test
    void heapsThatShareADescriptionOpenAndCloseInAnyOrder() {
        TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").build();
        ConfinedHeap first = ConfinedHeap.open();
        ConfinedHeap second = ConfinedHeap.open();
        assertEquals(node, first.typeOf(first.allocate(node)));
        second.release(second.allocate(TypeInfo.leaf("Leaf", 8, 8))); // so its indices differ
        assertEquals(node, second.typeOf(second.allocate(node)));
        first.close();
        assertThrows(IllegalStateException.class, () -> first.allocate(node));
        assertEquals(node, second.typeOf(second.allocate(node)));
        try (ConfinedHeap third = ConfinedHeap.open()) {
            assertEquals(node, third.typeOf(third.allocate(node)));
        }
        second.close();
        assertThrows(IllegalStateException.class, () -> second.allocateUninitialized(node));
    }

    @Test
    void aForgottenHeapIsReportedAndItsMemoryReturned() throws Exception {
        checkForgotten(ConfinedHeap::open, 68_719_476_736L);
    }

    @Test
    void soIsAForgottenSharedHeap() throws Exception {
        checkForgotten(SharedHeap::open, SharedHeader.MOST_BYTES);
    }

    private static void checkForgotten(Function<HeapConfig, Heap> open, long reservedBytes)
            throws Exception {
        BlockingQueue<String> notices = new LinkedBlockingQueue<>();
        WeakReference<Heap> gone = forget(open, notices);
        String notice = null;
        for (int i = 0; i < 500 && notice == null; i++) {
            System.gc();
            notice = notices.poll(10, TimeUnit.MILLISECONDS);
        }
        assertEquals(null, gone.get());
        assertEquals(
                ("heap was never closed: name=forgotten reservedBytes=%d; close it,"
                                + " or open it in try-with-resources")
                        .formatted(Math.min(reservedBytes, 68_719_476_736L)),
                notice);
        assertEquals(List.of(), List.copyOf(notices)); // reported once
    }

    private static WeakReference<Heap> forget(
            Function<HeapConfig, Heap> open, Queue<String> notices) {
        Heap heap = open.apply(HeapConfig.DEFAULT.withName("forgotten").withNotices(notices::add));
        heap.release(heap.allocate(NODE));
        return new WeakReference<>(heap);
    }

    @Test
    void lessAddressSpaceThanWantedIsTold() {
        List<String> notices = new ArrayList<>();
        HeapConfig config =
                HeapConfig.DEFAULT.withAddressSpaceBytes(1L << 50).withNotices(notices::add);
        try (ConfinedHeap heap = ConfinedHeap.open(config)) {
            heap.release(heap.allocate(NODE));
        }
        assertEquals(1, notices.size());
        assertTrue(
                notices.getFirst().startsWith("heap has less address space than wanted: bytes="),
                notices.getFirst());
    }

    @Test
    void durationsMayBeAsLongAsTheyLike() {
        Duration longest = Duration.ofSeconds(Long.MAX_VALUE);
        try (ConfinedHeap heap =
                ConfinedHeap.open(
                        HeapConfig.DEFAULT
                                .withReturnDelay(longest)
                                .withCycleOptions(CycleOptions.DEFAULT.withSlice(longest)))) {
            heap.release(heap.allocate(NODE));
            assertTrue(heap.collectCycles(longest).complete());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> heap.collectCycles(Duration.ofSeconds(-1)));
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> HeapConfig.DEFAULT.withReturnDelay(Duration.ofNanos(-1)));
    }

    @Test
    void aClosedHeapLetsGoOfJavaObjectsThoughAHandleIsLeft() {
        RefType<Object> type =
                RefType.of(Object.class, TypeInfo.builder("Holder").javaObject("held").build());
        JavaField<Object> held = type.javaField("held", Object.class);
        try (ConfinedHeap heap = ConfinedHeap.open();
                Ref<Object> holder = type.allocate(heap)) {
            Object value = new byte[10];
            var reference = new WeakReference<Object>(value);
            held.set(holder, value);
            value = "";
            heap.close(LeakPolicy.FREE_ALL);
            while (reference.get() != null) {
                System.gc();
            }
            assertEquals("", value);
        }
    }

    @Test
    void useAfterCloseOrFromAnotherThreadIsRefused() throws InterruptedException {
        ConfinedHeap heap = ConfinedHeap.open(HeapConfig.DEFAULT.withName("mine"));
        Queue<String> refused = new ConcurrentLinkedQueue<>();
        Thread other =
                new Thread(
                        () -> {
                            try {
                                heap.collectCycles();
                            } catch (IllegalStateException failure) {
                                refused.add(String.valueOf(failure.getMessage()));
                            }
                        },
                        "other");
        other.start();
        other.join();
        assertTrue(
                refused.element().startsWith("heap belongs to another thread: name=mine"),
                refused.toString());
        heap.close();
        heap.close();
        assertThrows(IllegalStateException.class, heap::verify);
    }

    @Test
    void aHeapMayBeSmall() {
        try (ConfinedHeap heap =
                ConfinedHeap.open(HeapConfig.DEFAULT.withAddressSpaceBytes(1 << 20))) {
            assertThrows(
                    HeapOutOfMemoryError.class,
                    () -> heap.allocateArray(TypeInfo.byteArray(), 1 << 20));
            heap.release(heap.allocate(NODE));
            heap.verify();
        }
    }
}
