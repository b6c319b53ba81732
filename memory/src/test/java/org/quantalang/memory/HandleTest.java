package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.debug.CheckedLevel;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

class HandleTest {
    interface Node {}

    interface Numbers {}

    interface Nodes {}

    interface Bytes {}

    interface Other {}

    static final RefType<Node> NODE =
            RefType.of(
                    Node.class,
                    TypeInfo.builder("Node")
                            .reference("next", "Node")
                            .reference("any")
                            .weakReference("owner", "Node")
                            .int64("long")
                            .int32("int")
                            .int16("short")
                            .int8("byte")
                            .float64("double")
                            .float32("float")
                            .javaObject("java")
                            .build());
    private static final RefType<Other> OTHER =
            RefType.of(Other.class, TypeInfo.builder("Other").int64("long").build());
    private static final RefType<Numbers> LONGS = RefType.of(Numbers.class, TypeInfo.longArray());
    private static final RefType<Nodes> NODES =
            RefType.of(Nodes.class, TypeInfo.referenceArray("Node[]", NODE.info()));
    static final RefField<Node> NEXT = NODE.refField("next", NODE);
    private static final RefField<Node> ANY = NODE.refField("any", NODE);
    private static final RefField<Other> ANY_OTHER = NODE.refField("any", OTHER);
    static final WeakRefField<Node> OWNER = NODE.weakRefField("owner", NODE);
    static final LongField LONG = NODE.longField("long");
    private static final IntField INT = NODE.intField("int");
    private static final ShortField SHORT = NODE.shortField("short");
    private static final ByteField BYTE = NODE.byteField("byte");
    private static final DoubleField DOUBLE = NODE.doubleField("double");
    private static final FloatField FLOAT = NODE.floatField("float");
    static final JavaField<List<?>> JAVA = NODE.javaField("java", listType());
    private static final RefType<Bytes> BYTES = RefType.of(Bytes.class, TypeInfo.byteArray());
    private static final ByteField BYTE_ELEMENTS = BYTES.byteElements();
    private static final LongField ELEMENTS = LONGS.longElements();
    private static final RefField<Node> NODE_ELEMENTS = NODES.refElements(NODE);

    private final BlockingQueue<String> notices = new LinkedBlockingQueue<>();

    private final HandleTier heap = open(HeapConfig.DEFAULT.withNotices(this::take));

    /** Only of handles: an arena has less address space than was asked for, and says so. */
    private void take(String notice) {
        if (notice.startsWith("handle")) {
            notices.add(notice);
        }
    }

    private boolean mayLeak;

    /** The kind of heap that is tested. */
    HandleTier open(HeapConfig config) {
        return ConfinedHeap.open(config);
    }

    /** What another thread is told that uses a handle. */
    String whoseItIs() {
        return "heap belongs to another thread: name=heap owner=main caller=intruder";
    }

    HandleTier heap() {
        return heap;
    }

    @AfterEach
    void closeHeap() {
        try (HandleTier used = heap) {
            used.verify();
            used.collectCycles();
            used.verify();
            if (!mayLeak) {
                assertEquals(0, used.liveObjects(), () -> "left alive:\n" + used.histogram());
            }
        }
    }

    /**
     * Objects whose blocks are in use once no candidate of the cycle collector holds a dead one.
     */
    private long live() {
        heap().collectCycles();
        return heap().liveObjects();
    }

    @SuppressWarnings("unchecked")
    private static Class<List<?>> listType() {
        return (Class<List<?>>) (Class<?>) List.class;
    }

    static RuntimeException refuses(String start, Executable misuse) {
        RuntimeException refusal = assertThrows(RuntimeException.class, misuse);
        String text = String.valueOf(refusal.getMessage());
        assertTrue(text.startsWith(start), text);
        return refusal;
    }

    /** Runs on a thread of its own; returns what it threw. */
    static @Nullable Throwable elsewhere(Runnable work) throws InterruptedException {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                work.run();
                            } catch (RuntimeException refusal) {
                                thrown.set(refusal);
                            }
                        },
                        "intruder");
        thread.start();
        thread.join();
        return thrown.get();
    }

    @Nested
    class GivenAHandle {
        @Test
        void everyKindOfFieldKeepsItsValue() {
            try (Ref<Node> node = NODE.allocate(heap())) {
                LONG.set(node, Long.MIN_VALUE + 1);
                INT.set(node, -7);
                SHORT.set(node, (short) -8);
                BYTE.set(node, (byte) -9);
                DOUBLE.set(node, 0.1);
                FLOAT.set(node, 0.2f);
                assertEquals(Long.MIN_VALUE + 1, LONG.get(node));
                assertEquals(-7, INT.get(node));
                assertEquals(-8, SHORT.get(node));
                assertEquals(-9, BYTE.get(node));
                assertEquals(0.1, DOUBLE.get(node));
                assertEquals(0.2f, FLOAT.get(node));
            }
            assertEquals(0, live());
        }

        @Test
        void pointingItElsewhereCountsBothObjects() {
            try (Ref<Node> a = NODE.allocate(heap());
                    Ref<Node> b = NODE.allocate(heap());
                    Ref<Node> c = a.copy()) {
                assertEquals(2, a.strongCount());
                assertTrue(a.sameAs(c));
                c.set(b);
                assertEquals(1, a.strongCount());
                assertEquals(2, b.strongCount());
                c.move(a);
                assertTrue(a.isEmpty());
                assertEquals(1, c.strongCount());
                c.clear();
                assertEquals(1, live());
            }
        }

        @Test
        void walksAListWithoutFurtherHandles() {
            int length = 1000;
            try (Ref<Node> head = NODE.empty(heap());
                    Ref<Node> fresh = NODE.empty(heap());
                    Ref<Node> at = NODE.empty(heap())) {
                for (int i = 0; i < length; i++) {
                    fresh.allocate();
                    LONG.set(fresh, i);
                    NEXT.move(fresh, head);
                    head.move(fresh);
                }
                long sum = 0;
                for (at.set(head); !at.isEmpty(); NEXT.get(at, at)) {
                    sum += LONG.get(at);
                }
                assertEquals(length * (length - 1L) / 2, sum);
            }
            assertEquals(0, live());
        }

        @Test
        void closingItTwiceIsHarmless() {
            Ref<Node> node = NODE.allocate(heap());
            WeakRef<Node> weak = node.weak();
            node.close();
            node.close();
            assertTrue(weak.upgrade().isEmpty());
            weak.close();
            weak.close();
            assertEquals(0, live());
        }

        @Test
        void weakHandlesAndFieldsSeeTheDeath() {
            Ref<Node> a = NODE.allocate(heap());
            Ref<Node> b = NODE.allocate(heap());
            WeakRef<Node> weak = b.weak();
            OWNER.set(a, b);
            try (Ref<Node> into = NODE.empty(heap())) {
                assertTrue(weak.upgrade(into));
                assertTrue(OWNER.get(a, into));
                assertTrue(into.sameAs(b));
                into.clear();
                b.close();
                assertFalse(OWNER.get(a, into));
                assertFalse(weak.upgrade(into));
                assertTrue(into.isEmpty());
            }
            OWNER.clear(a);
            weak.close();
            a.close();
        }

        @Test
        void elementsAreReachedByIndex() {
            try (Ref<Numbers> longs = LONGS.allocateArray(heap(), 3);
                    Ref<Nodes> nodes = NODES.allocateArray(heap(), 2);
                    Ref<Node> node = NODE.allocate(heap())) {
                ELEMENTS.set(longs, 2, 5);
                assertEquals(5, ELEMENTS.get(longs, 2));
                assertEquals(3, longs.length());
                NODE_ELEMENTS.set(nodes, 1, node);
                try (Ref<Node> same = NODE_ELEMENTS.get(nodes, 1)) {
                    assertTrue(same.sameAs(node));
                }
                NODE_ELEMENTS.clear(nodes, 1);
                assertEquals(1, node.strongCount());
                refuses(
                        "index is out of bounds: type=long[] index=3 length=3",
                        () -> ELEMENTS.get(longs, 3));
                refuses(
                        "index is out of bounds: type=long[] index=-1 length=3",
                        () -> ELEMENTS.set(longs, -1, 0));
                refuses(
                        "index is out of bounds: type=Node[] index=2 length=2",
                        () -> NODE_ELEMENTS.get(nodes, 2));
            }
        }
    }

    @Nested
    class GivenAWrongUse {
        @Test
        void aClosedHandleIsRefused() {
            Ref<Node> node = NODE.allocate(heap());
            node.close();
            refuses("handle is closed: type=Node", () -> LONG.get(node));
            refuses("handle is closed: type=Node", () -> LONG.set(node, 1));
            refuses("handle is closed: type=Node", node::copy);
            refuses("handle is closed: type=Node", node::allocate);
            refuses("handle is closed: type=Node", node::weak);
        }

        @Test
        void theSiteOfTheCloseIsToldInFullCheckedMode() {
            Ref<Node> node = NODE.allocate(heap());
            WeakRef<Node> weak = node.weak();
            closeHere(node, weak);
            Throwable strong =
                    refuses("handle is closed: type=Node", () -> LONG.get(node)).getCause();
            Throwable other = refuses("handle is closed: weak type=Node", weak::upgrade).getCause();
            if (!CheckedLevel.ALL) {
                assertNull(strong);
                assertNull(other);
                return;
            }
            for (Throwable cause :
                    List.of(Objects.requireNonNull(strong), Objects.requireNonNull(other))) {
                assertEquals("it was closed here (thread main)", cause.getMessage());
                assertEquals("closeHere", cause.getStackTrace()[0].getMethodName());
            }
        }

        private void closeHere(Ref<Node> node, WeakRef<Node> weak) {
            node.close();
            weak.close();
        }

        @Test
        void theWrongKindOfAccessIsRefused() {
            try (Ref<Numbers> longs = LONGS.allocateArray(heap(), 3);
                    Ref<Bytes> bytes = BYTES.allocateArray(heap(), 3);
                    Ref<Nodes> nodes = NODES.allocateArray(heap(), 2);
                    Ref<Node> node = NODE.allocate(heap())) {
                refuses("elements need an index: type=long[]", () -> ELEMENTS.get(longs));
                refuses("elements need an index: type=Node[]", () -> NODE_ELEMENTS.clear(nodes));
                refuses("field takes no index: type=Node field=long", () -> LONG.get(node, 0));
                refuses("field takes no index: type=Node field=next", () -> NEXT.get(node, 0));
                refuses("handle is of another type", () -> ELEMENTS.get(nodes, 0));
                refuses("handle is of another type", () -> NODE_ELEMENTS.set(longs, 0, node));
                refuses("handle's object is no array: type=Node", node::length);
                refuses(
                        "index is out of bounds: type=Node[] index=2 length=2",
                        () -> NODE_ELEMENTS.move(nodes, 2, node));
                refuses(
                        "index is out of bounds: type=Node[] index=-1 length=2",
                        () -> NODE_ELEMENTS.refersTo(nodes, -1, node));
                assertEquals(1, node.strongCount(), "what was refused counted nothing");
                BYTE_ELEMENTS.fill(bytes, 0, 3, (byte) 5);
                BYTE_ELEMENTS.set(bytes, 1, new byte[] {6, 7});
                byte[] read = new byte[3];
                BYTE_ELEMENTS.get(bytes, 0, read);
                assertArrayEquals(new byte[] {5, 6, 7}, read);
                BYTE_ELEMENTS.fill(bytes, 3, 0, (byte) 0);
                String range = "range is out of bounds: type=byte[] first=%d count=%d length=3";
                refuses(range.formatted(1, 3), () -> BYTE_ELEMENTS.fill(bytes, 1, 3, (byte) 0));
                refuses(range.formatted(-1, 3), () -> BYTE_ELEMENTS.get(bytes, -1, new byte[3]));
                refuses(range.formatted(2, 2), () -> BYTE_ELEMENTS.set(bytes, 2, new byte[2]));
                refuses(range.formatted(0, -1), () -> BYTE_ELEMENTS.fill(bytes, 0, -1, (byte) 0));
            }
        }

        @Test
        void anEmptyHandleIsRefused() {
            try (Ref<Node> node = NODE.empty(heap())) {
                refuses("handle is empty: type=Node; point it at an object", () -> LONG.get(node));
                refuses("handle is empty: type=Node", node::weak);
            }
        }

        @Test
        void anotherTypeIsRefused() {
            try (Ref<Other> other = OTHER.allocate(heap());
                    Ref<Node> node = NODE.allocate(heap())) {
                refuses("handle is of another type: handle=Ref[type=Other", () -> LONG.get(other));
                ANY_OTHER.set(node, other);
                refuses("object is of another type: address=0x", () -> ANY.get(node).close());
                refuses(
                        "object is of another type: address=0x",
                        () -> NODE.adopt(heap(), other.address()).close());
            }
            refuses(
                    "field is declared for another type: type=Node field=next declared=Node"
                            + " wanted=Other",
                    () -> NODE.refField("next", OTHER));
            refuses(
                    "field holds something else: type=Node field=long kind=INT64 wanted=INT32",
                    () -> NODE.intField("long"));
            refuses("type has no such field: type=Node field=no", () -> NODE.longField("no"));
            refuses("type has no such elements: type=Node", () -> NODE.longElements());
        }

        @Test
        void anotherHeapIsRefused() {
            try (HandleTier second = open(HeapConfig.DEFAULT);
                    Ref<Node> here = NODE.allocate(heap());
                    Ref<Node> there = NODE.allocate(second)) {
                refuses("handle is of another heap", () -> NEXT.set(here, there));
                refuses("handle is of another heap", () -> here.set(there));
                refuses("handle is of another heap", () -> NEXT.get(here, there));
            }
        }

        @Test
        void anotherThreadIsRefused() throws InterruptedException {
            try (Ref<Node> node = NODE.allocate(heap())) {
                for (Runnable use :
                        List.<Runnable>of(
                                () -> LONG.get(node),
                                () -> node.view(Arena.ofAuto()),
                                node::clear,
                                node::close,
                                node::weak)) {
                    Throwable refusal = elsewhere(use);
                    assertNotNull(refusal);
                    String text = String.valueOf(refusal.getMessage());
                    assertEquals(whoseItIs(), text.replaceAll("0x\\w+", "0x1"));
                }
                assertEquals(1, node.strongCount());
            }
        }

        @Test
        void aClosedHeapIsRefusedAndItsHandlesCloseQuietly() {
            HandleTier gone = open(HeapConfig.DEFAULT);
            Ref<Node> node = NODE.allocate(gone);
            WeakRef<Node> weak = node.weak();
            gone.close();
            refuses("heap is closed", () -> LONG.get(node));
            refuses("heap is closed", () -> weak.upgrade(node));
            node.close();
            weak.close();
        }
    }

    @Nested
    class GivenAView {
        @Test
        void holdsItsObjectUntilItsArenaCloses() {
            Ref<Node> node = NODE.allocate(heap());
            LONG.set(node, 77);
            MemorySegment view;
            try (Arena arena = Arena.ofConfined()) {
                view = node.view(arena);
                node.close();
                assertEquals(NODE.info().size(), view.byteSize());
                assertEquals(77, view.get(ValueLayout.JAVA_LONG, NODE.info().offset("long")));
                assertEquals(1, live());
                refuses("heap has open views: name=heap views=1", heap()::close);
            }
            assertEquals(0, live());
            MemorySegment closed = view;
            refuses("Already closed", () -> closed.get(ValueLayout.JAVA_LONG, 0));
            refuses("Already closed", () -> closed.set(ValueLayout.JAVA_LONG, 0, 1));
        }

        @Test
        void eachHoldsAReferenceOfItsOwn() {
            try (Ref<Node> node = NODE.allocate(heap());
                    Arena outer = Arena.ofConfined()) {
                node.view(outer);
                try (Arena inner = Arena.ofConfined()) {
                    node.view(inner);
                    node.view(inner);
                    assertEquals(4, node.strongCount());
                }
                try (Ref<Node> any = NODE.empty(heap())) {
                    assertTrue(any.isEmpty()); // making a handle takes what was let go of
                }
                assertEquals(2, node.strongCount());
            }
        }

        @Test
        @SuppressWarnings("restricted") // the prototype is that of the C standard
        void canBeHandedToC() throws Throwable {
            Linker linker = Linker.nativeLinker();
            MethodHandle memset =
                    linker.downcallHandle(
                            linker.defaultLookup().find("memset").orElseThrow(),
                            FunctionDescriptor.of(
                                    ValueLayout.ADDRESS,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG));
            Ref<Numbers> longs = LONGS.allocateArray(heap(), 4);
            try (Ref<Numbers> same = longs.copy()) {
                MemorySegment view;
                try (Arena arena = Arena.ofConfined()) {
                    view = longs.view(arena);
                    longs.close();
                    MemorySegment end = (MemorySegment) memset.invokeExact(view, 1, 16L);
                    assertEquals(view.address(), end.address());
                }
                assertEquals(0x0101010101010101L, ELEMENTS.get(same, 1));
                assertEquals(0, ELEMENTS.get(same, 2));
                MemorySegment closed = view;
                refuses(
                        "Already closed",
                        () -> {
                            MemorySegment _ = (MemorySegment) memset.invokeExact(closed, 1, 16L);
                        });
                assertEquals(0, ELEMENTS.get(same, 2));
            }
        }

        @Test
        void ofNothingOrIntoAClosedArenaIsRefused() {
            Arena gone = Arena.ofConfined();
            gone.close();
            try (Ref<Node> node = NODE.allocate(heap());
                    Ref<Node> empty = NODE.empty(heap());
                    Arena arena = Arena.ofConfined()) {
                refuses("handle is empty: type=Node", () -> empty.view(arena));
                refuses("Already closed", () -> node.view(gone));
                NODE.empty(heap()).close(); // takes what was let go of
                assertEquals(1, node.strongCount());
                Ref<Node> closed = node.copy();
                closed.close();
                refuses("handle is closed: type=Node", () -> closed.view(arena));
            }
            assertEquals(0, heap().numbers().openViews());
        }

        @Test
        void itsArenaAloneDecidesWhichThreadMayUseIt() throws InterruptedException {
            try (Ref<Node> node = NODE.allocate(heap());
                    Arena confined = Arena.ofConfined();
                    Arena shared = Arena.ofShared()) {
                MemorySegment mine = node.view(confined);
                MemorySegment everybodys = node.view(shared);
                Throwable refusal = elsewhere(() -> mine.get(ValueLayout.JAVA_LONG, 0));
                assertTrue(refusal instanceof WrongThreadException, () -> "" + refusal);
                long offset = NODE.info().offset("long");
                assertNull(elsewhere(() -> everybodys.set(ValueLayout.JAVA_LONG, offset, 9)));
                assertEquals(9, LONG.get(node));
            }
        }

        @Test
        void ofAnArrayIsItsElements() {
            try (Ref<Numbers> longs = LONGS.allocateArray(heap(), 4);
                    Arena arena = Arena.ofConfined()) {
                ELEMENTS.set(longs, 3, 9);
                MemorySegment view = longs.view(arena);
                assertEquals(32, view.byteSize());
                assertEquals(9, view.getAtIndex(ValueLayout.JAVA_LONG, 3));
                assertThrows(
                        IndexOutOfBoundsException.class,
                        () -> view.getAtIndex(ValueLayout.JAVA_LONG, 4));
            }
        }

        @Test
        void closedByAnotherThreadIsReleasedByTheOwner() throws InterruptedException {
            Arena arena = Arena.ofShared();
            try (Ref<Node> node = NODE.allocate(heap())) {
                node.view(arena);
            }
            Thread closer = new Thread(arena::close);
            closer.start();
            closer.join();
            NODE.empty(heap()).close(); // any use by the owner takes what others let go of
            assertEquals(0, live());
        }
    }

    @Nested
    class GivenAJavaObject {
        @Test
        void isHeldUntilItsHolderDies() {
            List<String> list = List.of("held");
            try (Ref<Node> node = NODE.allocate(heap())) {
                assertNull(JAVA.get(node));
                JAVA.set(node, list);
                assertSame(list, JAVA.get(node));
                JAVA.set(node, List.of());
                JAVA.set(node, list);
                assertEquals(1, heap().javaObjects().held());
                heap().verify();
            }
            assertEquals(0, heap().javaObjects().held());
        }

        @Test
        void ofAnotherJavaTypeIsRefused() {
            JavaField<String> strings = NODE.javaField("java", String.class);
            try (Ref<Node> node = NODE.allocate(heap())) {
                JAVA.set(node, List.of());
                ClassCastException refusal =
                        assertThrows(ClassCastException.class, () -> strings.get(node));
                assertTrue(
                        String.valueOf(refusal.getMessage()).contains("java.lang.String"),
                        refusal::toString);
                assertEquals(List.of(), JAVA.get(node));
            }
            refuses(
                    "field holds something else: type=Node field=long kind=INT64"
                            + " wanted=JAVA_OBJECT",
                    () -> NODE.javaField("long", String.class));
        }

        @Test
        void afterTheDeathOfItsHolderIsRefusedAndItsNumberServesAnother() {
            Ref<Node> node = NODE.allocate(heap());
            JAVA.set(node, List.of("first"));
            node.close();
            refuses("handle is closed: type=Node", () -> JAVA.get(node));
            try (Ref<Node> next = NODE.allocate(heap())) {
                JAVA.set(next, List.of("second"));
                assertEquals(List.of("second"), JAVA.get(next));
                assertEquals(1, heap().javaObjects().held());
            }
        }

        @Test
        void ofAnotherHeapIsNotFoundThroughACopiedWord() {
            long slot = NODE.info().offset("java");
            try (HandleTier second = open(HeapConfig.DEFAULT);
                    Ref<Node> here = NODE.allocate(heap());
                    Ref<Node> there = NODE.allocate(second)) {
                JAVA.set(here, List.of("here"));
                second.putLong(there.address(), slot, heap().getLong(here.address(), slot));
                refuses(
                        "slot holds no Java object: word=0x1 held=0; something wrote over it",
                        () -> JAVA.get(there));
                second.putLong(there.address(), slot, 0);
                assertEquals(List.of("here"), JAVA.get(here));
            }
        }

        @Test
        void isGivenToTheCollectorOfTheJvmWithItsHolder() throws InterruptedException {
            Object[] only = {new ArrayList<>(List.of("held"))};
            WeakReference<Object> watched = new WeakReference<>(only[0]);
            try (Ref<Node> node = NODE.allocate(heap())) {
                JAVA.set(node, (List<?>) only[0]);
                only[0] = "";
                System.gc();
                assertNotNull(watched.get());
            }
            for (int i = 0; i < 500 && watched.get() != null; i++) {
                System.gc();
            }
            assertNull(watched.get());
        }

        @Test
        void isLetGoOfWithAHolderThatHasNothingElse() {
            RefType<Other> holder =
                    RefType.of(Other.class, TypeInfo.builder("Holder").javaObject("java").build());
            JavaField<String> held = holder.javaField("java", String.class);
            try (Ref<Other> first = holder.allocate(heap())) {
                held.set(first, "held");
                assertEquals(1, heap().javaObjects().held());
            }
            assertEquals(0, heap().javaObjects().held());
            long again = heap().allocateUninitialized(holder.info());
            assertEquals(0, heap().getLong(again, 0), "the field refers to nothing");
            heap().release(again);
        }

        @Test
        void isLetGoOfWithAGarbageCycle() {
            try (Ref<Node> node = NODE.allocate(heap())) {
                NEXT.set(node, node);
                JAVA.set(node, List.of(1));
            }
            heap().collectCycles();
            assertEquals(0, heap().javaObjects().held());
        }
    }

    @Test
    void forgottenHandlesAreReportedAndTheirObjectsStay() throws InterruptedException {
        forget();
        List<String> told = new ArrayList<>();
        for (int i = 0; i < 500 && told.size() < SAMPLE; i++) {
            System.gc();
            String notice = notices.poll(20, TimeUnit.MILLISECONDS);
            while (notice != null) {
                told.add(notice);
                notice = notices.poll();
            }
        }
        assertEquals(SAMPLE, told.size());
        assertTrue(
                told.stream()
                        .allMatch(
                                each ->
                                        each.startsWith(
                                                "handle was never closed: type=Node address=0x")),
                told::toString);
        long places = told.stream().filter(each -> each.contains("HandleTest.forget(")).count();
        assertEquals(CheckedLevel.ALL ? SAMPLE : 1, places, told::toString);
        assertEquals(SAMPLE, live());
        mayLeak = true;
    }

    @Test
    void aForgottenWeakHandleIsReportedToo() throws InterruptedException {
        try (Ref<Node> node = NODE.allocate(heap())) {
            forgetWeak(node);
            String notice = null;
            for (int i = 0; i < 500 && notice == null; i++) {
                System.gc();
                notice = notices.poll(20, TimeUnit.MILLISECONDS);
            }
            assertTrue(
                    String.valueOf(notice)
                            .startsWith("handle was never closed: weak type=Node address=0x"),
                    String.valueOf(notice));
            assertTrue(
                    String.valueOf(notice)
                            .contains(
                                    "its reference stays until the heap closes; close handles, or"
                                            + " open them in try-with-resources; made "),
                    notice);
            assertEquals(1, heap().weakCount(node.address()));
        }
        mayLeak = true;
    }

    private static void forgetWeak(Ref<Node> node) {
        assertNotNull(node.weak());
    }

    /** Of so many handles one has its place taken down. */
    private static final int SAMPLE = 128;

    private void forget() {
        for (int i = 0; i < SAMPLE; i++) {
            long object = NODE.allocate(heap()).address();
            assertTrue(object != 0);
        }
    }
}
