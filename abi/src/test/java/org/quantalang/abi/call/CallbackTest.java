package org.quantalang.abi.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.ADDRESS;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.quantalang.abi.CDeclarations;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CType;
import org.quantalang.abi.CTypes;
import org.quantalang.abi.Target;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;

class CallbackTest {
    private static final CFunctionSignature COMPARE =
            CFunctionSignature.of(CTypes.INT, CTypes.CONST_VOID_POINTER, CTypes.CONST_VOID_POINTER);
    // void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
    private static final MethodHandle QSORT =
            NativeLibrary.libc()
                    .downcall(
                            "qsort",
                            CFunctionSignature.of(
                                    CTypes.VOID,
                                    CTypes.VOID_POINTER,
                                    CTypes.SIZE_T,
                                    CTypes.SIZE_T,
                                    CType.functionPointer(COMPARE)))
                    .handle();

    private int calls;

    @SuppressWarnings("restricted") // qsort passes pointers into the array
    private static String stringAt(MemorySegment slot) {
        return CString.read(MemorySegment.ofAddress(slot.reinterpret(8).get(ADDRESS, 0).address()));
    }

    @SuppressWarnings("unused") // by name
    private int compareStrings(MemorySegment a, MemorySegment b) {
        calls++;
        return stringAt(a).compareTo(stringAt(b));
    }

    @SuppressWarnings("unused") // by name
    private int failOnThird(MemorySegment a, MemorySegment b) throws IOException {
        if (++calls == 3) {
            throw new IOException("third comparison");
        }
        return Long.compare(a.address(), b.address());
    }

    private MethodHandle method(String name) throws ReflectiveOperationException {
        MethodType type =
                MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class);
        return MethodHandles.lookup().bind(this, name, type);
    }

    private static MemorySegment strings(Arena arena, List<String> texts) {
        MemorySegment array = arena.allocate(ADDRESS, texts.size());
        for (int i = 0; i < texts.size(); i++) {
            array.setAtIndex(ADDRESS, i, CString.allocate(arena, texts.get(i)));
        }
        return array;
    }

    @Test
    void sortsStringsThroughQsort() throws Throwable {
        List<String> texts = new ArrayList<>();
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            texts.add("class" + random.nextInt(100_000));
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment array = strings(arena, texts);
            Callback compare = Callback.create(arena, COMPARE, method("compareStrings"));
            QSORT.invokeExact(array, (long) texts.size(), 8L, compare.pointer());
            compare.rethrow();
            List<String> sorted = new ArrayList<>();
            for (int i = 0; i < texts.size(); i++) {
                sorted.add(stringAt(array.asSlice(8L * i, 8)));
            }
            texts.sort(null);
            assertEquals(texts, sorted);
        }
    }

    @Nested
    class WhenTheTargetThrows {
        @Test
        void theDowncallReturnsAndTheFailureIsThrownAfterIt() throws Throwable {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment array = strings(arena, List.of("d", "c", "b", "a", "e", "f"));
                Callback compare = Callback.create(arena, COMPARE, method("failOnThird"));
                QSORT.invokeExact(array, 6L, 8L, compare.pointer());
                assertEquals(3, calls, "later comparisons answer zero without running Java");
                IOException thrown = assertThrows(IOException.class, compare::rethrow);
                assertEquals("third comparison", thrown.getMessage());
                compare.rethrow(); // nothing left
            }
        }

        @Test
        void aGuardedDowncallThrowsIt() throws Throwable {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment array = strings(arena, List.of("d", "c", "b", "a"));
                Callback compare = Callback.create(arena, COMPARE, method("failOnThird"));
                MethodHandle guarded = compare.guard(QSORT);
                assertEquals(QSORT.type(), guarded.type());
                assertThrows(
                        IOException.class,
                        () -> {
                            guarded.invokeExact(array, 4L, 8L, compare.pointer());
                        });
                calls = 10;
                guarded.invokeExact(array, 4L, 8L, compare.pointer());
                assertTrue(calls > 10, "runs again after the failure was thrown");
            }
        }

        /** The zeroed record that C gets instead must be readable there. */
        @Test
        void onAnotherThreadThanThatOfItsArenaTheFailureIsThrownAfterIt() throws Throwable {
            CFunctionSignature record =
                    CDeclarations.parse(
                                    "struct three { long a, b, c; }; struct three record(void);",
                                    Target.host())
                            .functions()
                            .getFirst()
                            .signature();
            MethodHandle failing =
                    MethodHandles.throwException(MemorySegment.class, IOException.class)
                            .bindTo(new IOException("no record"));
            try (Arena arena = Arena.ofConfined()) {
                Callback callback = Callback.create(arena, record, failing);
                MemorySegment pointer = MemorySegment.ofAddress(callback.pointer().address());
                MethodHandle call = Downcall.bind(pointer, record).handle();
                var answer = new FutureTask<>(() -> sumOf(call));
                Thread.ofPlatform().start(answer).join();
                assertEquals(0, answer.get());
                assertEquals(
                        "no record",
                        assertThrows(IOException.class, callback::rethrow).getMessage());
            }
        }

        private static long sumOf(MethodHandle call) {
            try {
                var record = (MemorySegment) call.invoke((SegmentAllocator) Arena.ofAuto());
                return record.elements(ValueLayout.JAVA_LONG)
                        .mapToLong(each -> each.get(ValueLayout.JAVA_LONG, 0))
                        .sum();
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }

        @Test
        void aHandlerGetsItAndLaterCallsRun() throws Throwable {
            List<Throwable> seen = new ArrayList<>();
            RuntimeException ofHandler = new IllegalStateException("handler");
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment array = strings(arena, List.of("d", "c", "b", "a", "e", "f"));
                Callback compare =
                        Callback.create(
                                arena,
                                COMPARE,
                                method("failOnThird"),
                                thrown -> {
                                    seen.add(thrown);
                                    throw ofHandler;
                                });
                QSORT.invokeExact(array, 6L, 8L, compare.pointer());
                assertTrue(calls > 3);
                assertEquals(1, seen.size());
                assertSame(ofHandler, seen.getFirst().getSuppressed()[0]);
                compare.rethrow();
            }
        }
    }

    @Nested
    class WhenTheResultIsNotFitForC {
        private static final CDeclarations C =
                CDeclarations.parse(
                        "struct three { long a, b, c; }; struct three record(void); void"
                                + " *pointer(void);",
                        Target.host());

        private static CFunctionSignature signature(String name) {
            return C.functions().stream()
                    .filter(function -> function.name().equals(name))
                    .findFirst()
                    .orElseThrow()
                    .signature();
        }

        private static Callback answering(
                Arena arena, String function, @Nullable MemorySegment result) {
            return Callback.create(
                    arena,
                    signature(function),
                    MethodHandles.constant(MemorySegment.class, result));
        }

        private static void isAFailureOfTheTarget(
                String function, @Nullable MemorySegment result, String message) {
            try (Arena arena = Arena.ofConfined()) {
                Callback callback = answering(arena, function, result);
                MethodHandle call = Downcall.bind(callback.pointer(), signature(function)).handle();
                var failure =
                        assertThrows(
                                RuntimeException.class,
                                () -> {
                                    if (function.equals("record")) {
                                        Object _ = call.invoke((SegmentAllocator) arena);
                                    } else {
                                        Object _ = call.invoke();
                                    }
                                    callback.rethrow();
                                });
                assertTrue(String.valueOf(failure.getMessage()).startsWith(message));
            }
        }

        @Test
        void aRecordOfAnotherSizeNeitherOverrunsNorEndsTheProcess() {
            String refused = "callback returned no record of the declared size: result=";
            isAFailureOfTheTarget("record", null, refused + "null bytes=24");
            isAFailureOfTheTarget("record", Arena.global().allocate(1), refused);
            Arena closed = Arena.ofConfined();
            MemorySegment gone = closed.allocate(24, 8);
            closed.close();
            isAFailureOfTheTarget("record", gone, "Already closed");
        }

        @Test
        void aLargerRecordIsCut() throws Throwable {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment large = MemorySegment.ofArray(new long[512]).fill((byte) 7);
                Callback callback = answering(arena, "record", large);
                MethodHandle call = Downcall.bind(callback.pointer(), signature("record")).handle();
                var record = (MemorySegment) call.invoke((SegmentAllocator) arena);
                callback.rethrow();
                assertEquals(24, record.byteSize());
                assertEquals(7, record.get(ValueLayout.JAVA_BYTE, 23));
            }
        }

        @Test
        void aPointerIntoTheJavaHeapOrNone() {
            String refused = "callback returned no pointer that C can use: result=";
            isAFailureOfTheTarget("pointer", null, refused + "null");
            isAFailureOfTheTarget("pointer", MemorySegment.ofArray(new byte[8]), refused);
        }

        @Test
        void aHandlerMayThrowWhatItWasGiven() throws Throwable {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment array = strings(arena, List.of("d", "c", "b", "a"));
                Callback compare =
                        Callback.create(
                                arena,
                                COMPARE,
                                method("failOnThird"),
                                thrown -> {
                                    throw CallbackTest.<RuntimeException>sneaky(thrown);
                                });
                QSORT.invokeExact(array, 4L, 8L, compare.pointer());
                assertTrue(calls > 3);
            }
        }
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> E sneaky(Throwable thrown) throws E {
        throw (E) thrown;
    }

    @Test
    void refusesATargetOfAnotherType() {
        MethodHandle wrong = MethodHandles.constant(int.class, 1);
        try (Arena arena = Arena.ofConfined()) {
            var refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> Callback.create(arena, COMPARE, wrong));
            assertEquals(
                    "target has another type than the signature: signature=int (const void *, const"
                            + " void *) needs=(MemorySegment,MemorySegment)int target=()int",
                    refused.getMessage());
        }
    }

    @Test
    void refusesAVariadicSignature() {
        CFunctionSignature variadic =
                CFunctionSignature.builder(CTypes.INT).parameter("", CTypes.INT).variadic().build();
        try (Arena arena = Arena.ofConfined()) {
            var refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    Callback.create(
                                            arena, variadic, MethodHandles.identity(int.class)));
            assertEquals(
                    "a callback cannot be variadic: signature=int (int, ...); write the wrapper in"
                            + " C",
                    refused.getMessage());
        }
    }
}
