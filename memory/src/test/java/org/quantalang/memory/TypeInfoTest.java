package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.RecordLayout;
import org.quantalang.memory.internal.object.Memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class TypeInfoTest {
    @RegisterExtension
    final HeapUnderTest test = new HeapUnderTest(HeapUnderTest.COLLECTS_WHEN_ASKED);

    private ConfinedHeap heap() {
        return test.heap();
    }

    @Nested
    class WhatNoObjectCanBe {
        private static void refuses(String message, Executable wrong) {
            assertEquals(message, assertThrows(IllegalArgumentException.class, wrong).getMessage());
        }

        @Test
        void isTooLarge() {
            long most = TypeInfo.Builder.MAX_SIZE;
            assertEquals(most, TypeInfo.leaf("Most", most, 1).size());
            String rest = " most=1073741824; use an array";
            refuses(
                    "type is too large: type=Leaf offset=0 bytes=1073741825" + rest,
                    () -> TypeInfo.leaf("Leaf", most + 1, 1));
            refuses(
                    "type is too large: type=Leaf offset=0 bytes=9223372036854775807" + rest,
                    () -> TypeInfo.leaf("Leaf", Long.MAX_VALUE, 1));
            refuses(
                    "type is too large: type=T offset=8 bytes=9223372036854775807" + rest,
                    () -> TypeInfo.builder("T").int64("a").bytes("b", Long.MAX_VALUE));
            refuses(
                    "type is too large: type=T offset=1073741824 bytes=8" + rest,
                    () -> TypeInfo.builder("T").bytes("b", most).reference("r"));
        }

        @Test
        void isAlignedToLessThanNothing() {
            refuses(
                    "alignment is not a power of two up to 65536: type=T alignment=-2147483648",
                    () -> TypeInfo.builder("T").align(Integer.MIN_VALUE));
        }

        @Test
        void holdsAReferenceInAUnion() {
            CType pointer = new CType.Pointer(CStructDef.declare(false, "Node"));
            RecordLayout layout =
                    CStructDef.union(
                                    "u",
                                    CStructField.of("x", pointer),
                                    CStructField.of("y", pointer),
                                    CStructField.of("z", CPrimitive.INT))
                            .layout(Target.host());
            String any = TypeInfo.ANY_TYPE;
            for (Map<String, String> references :
                    List.of(Map.of("x", any), Map.of("x", any, "y", any))) {
                var refusal =
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> TypeInfo.builder(layout, references).build());
                assertTrue(
                        refusal.toString()
                                .contains("reference shares its place with another field: type=u"));
            }
            assertEquals(8, TypeInfo.builder(layout, Map.of()).build().size());
        }
    }

    @Nested
    class Layout {
        @Test
        void fieldsLieAsInACStruct() {
            TypeInfo type =
                    TypeInfo.builder("Mixed")
                            .int8("a")
                            .int32("b")
                            .int16("c")
                            .reference("d")
                            .float32("e")
                            .bytes("f", 3)
                            .build();
            long[] offsets = {0, 4, 8, 16, 24, 28};
            String[] names = {"a", "b", "c", "d", "e", "f"};
            for (int i = 0; i < names.length; i++) {
                assertEquals(offsets[i], type.offset(names[i]), names[i]);
            }
            assertEquals(32, type.size());
            assertEquals(8, type.align());
            assertArrayEquals(new long[] {16}, type.referenceOffsets());
        }

        @Test
        void wrongDescriptionsAreRefused() {
            TypeInfo type = TypeInfo.builder("T").int64("x").build();
            assertThrows(IllegalArgumentException.class, () -> type.offset("y"));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> TypeInfo.builder("T").int64("x").int64("x"));
            assertThrows(IllegalArgumentException.class, () -> TypeInfo.leaf("T", 8, 3));
            assertThrows(IllegalArgumentException.class, () -> TypeInfo.builder(" "));
        }

        @Test
        void referencesAnywhereInALargeObjectAreFound() {
            TypeInfo.Builder builder = TypeInfo.builder("Wide");
            for (int i = 0; i < 200; i++) {
                builder.int64("n" + i);
                if (i % 3 == 0) {
                    builder.reference("r" + i);
                }
            }
            TypeInfo wide = builder.build();
            TypeInfo leaf = TypeInfo.leaf("Leaf", 8, 8);
            long object = heap().allocate(wide);
            for (int i = 0; i < 200; i++) {
                heap().putLong(object, wide.offset("n" + i), -1);
                if (i % 3 == 0) {
                    heap().moveReference(object, wide.offset("r" + i), heap().allocate(leaf));
                }
            }
            assertEquals(68, heap().liveObjects());
            heap().verify();
            heap().release(object);
            assertEquals(0, heap().liveObjects());
        }
    }

    @Nested
    class GivenACRecord {
        private final CType pointer = new CType.Pointer(CStructDef.declare(false, "Node"));
        private final RecordLayout record =
                CStructDef.struct(
                                "Node",
                                CStructField.of("tag", CPrimitive.CHAR),
                                CStructField.of("next", pointer),
                                CStructField.bits("flag", CPrimitive.INT, 3),
                                CStructField.of("other", pointer))
                        .layout(Target.host());

        @Test
        void referencesAreWhereTheRecordHasThem() {
            TypeInfo type =
                    TypeInfo.builder(record, Map.of("next", "Node", "other", TypeInfo.ANY_TYPE))
                            .build();
            assertEquals(record.sizeBytes(), type.size());
            assertEquals(8, type.offset("next"));
            assertArrayEquals(
                    new long[] {8, record.field("other").offsetBytes()}, type.referenceOffsets());
            long a = heap().allocate(type);
            heap().moveReference(a, type.offset("next"), heap().allocate(type));
            heap().moveReference(a, type.offset("other"), heap().allocate(type));
            assertTrue(heap().canCycle(type));
            heap().release(a);
            heap().collectCycles();
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void whatIsNoPointerIsRefusedAsAReference() {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> TypeInfo.builder(record, Map.of("tag", "Node")));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> TypeInfo.builder(record, Map.of("missing", "Node")));
        }
    }

    @Nested
    class WhetherATypeCanBePartOfACycle {
        @Test
        void followsFromTheDeclaredFieldTypes() {
            TypeInfo leaf = TypeInfo.leaf("Leaf", 8, 8);
            TypeInfo box = TypeInfo.builder("Box").reference("leaf", leaf).build();
            TypeInfo list = TypeInfo.builder("List").reference("next", "List").build();
            TypeInfo holder = TypeInfo.builder("Holder").reference("list", list).build();
            TypeInfo any = TypeInfo.builder("Any").reference("any").build();
            heap().register(box, holder, any);
            assertFalse(heap().canCycle(leaf));
            assertFalse(heap().canCycle(box));
            assertTrue(heap().canCycle(list));
            assertFalse(heap().canCycle(holder), "nothing leads back to it");
            assertTrue(heap().canCycle(any));
        }

        @Test
        void mutualReferenceByNameIsFound() {
            TypeInfo a = TypeInfo.builder("A").reference("b", "B").build();
            TypeInfo b = TypeInfo.builder("B").reference("a", "A").build();
            heap().register(a);
            assertFalse(heap().canCycle(a), "no object of type B can exist yet");
            heap().register(b);
            assertTrue(heap().canCycle(a));
            assertTrue(heap().canCycle(b));
        }

        @Test
        void weakFieldsDoNotMakeCycles() {
            TypeInfo child = TypeInfo.builder("Child").weakReference("parent", "Parent").build();
            TypeInfo parent = TypeInfo.builder("Parent").reference("child", child).build();
            heap().register(parent);
            assertFalse(heap().canCycle(parent));
        }

        @Test
        void changingTheVerdictOfATypeWithLiveObjectsIsRefusedAndChangesNothing() {
            TypeInfo a = TypeInfo.builder("A").reference("b", "B").build();
            TypeInfo b = TypeInfo.builder("B").reference("a", "A").build();
            long object = heap().allocate(a);
            IllegalStateException refused =
                    assertThrows(IllegalStateException.class, () -> heap().register(b));
            assertEquals(
                    "type would make objects of another type part of cycles: type=B other=A"
                            + " liveObjects=1; register both before allocating",
                    refused.getMessage());
            heap().verify();
            heap().release(object);
            heap().register(b);
            assertTrue(heap().canCycle(a));
            heap().release(heap().allocate(a));
        }

        @Test
        void twoTypesOfOneNameAreRefused() {
            heap().register(TypeInfo.leaf("T", 8, 8));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> heap().register(TypeInfo.leaf("T", 16, 8)));
        }
    }

    @Nested
    class CustomTracers {
        /** Count at 0, then as many references: the rest of the payload is not looked at. */
        private final TypeInfo vector =
                TypeInfo.builder("Vector")
                        .opaque(8 * 9, 8)
                        .tracer(
                                (object, visitor) -> {
                                    long count = Memory.getLong(object);
                                    for (long i = 1; i <= count; i++) {
                                        visitor.slot(object + 8 * i);
                                    }
                                })
                        .build();

        @Test
        void tellWhatIsReleasedWithTheObject() {
            long object = heap().allocate(vector);
            for (int i = 1; i <= 5; i++) {
                heap().moveReference(object, 8L * i, heap().allocate(vector));
            }
            heap().putLong(object, 0, 5);
            heap().putLong(object, 48, 0x5555);
            heap().verify();
            heap().release(object);
            heap().collectCycles();
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void areFollowedByTheCycleCollector() {
            List<Long> ring = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                ring.add(heap().allocate(vector));
            }
            for (int i = 0; i < 10; i++) {
                heap().putLong(ring.get(i), 0, 1);
                heap().moveReference(ring.get(i), 8, ring.get((i + 1) % 10));
            }
            heap().retain(ring.getFirst());
            heap().collectCycles();
            assertEquals(10, heap().liveObjects());
            heap().verify();
            heap().release(ring.getFirst());
            assertEquals(10, heap().collectCycles().freedObjects());
        }
    }

    @Test
    void countsPerTypeAreKeptWhenAskedFor() {
        TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").build();
        try (ConfinedHeap counting =
                ConfinedHeap.open(HeapConfig.DEFAULT.withCountsPerType(true))) {
            for (int i = 0; i < 10; i++) {
                long object = counting.allocate(node);
                counting.setReference(object, 0, object);
                counting.release(object);
            }
            counting.release(counting.allocateArray(TypeInfo.intArray(), 5));
            counting.collectCycles();
            assertEquals(
                    "[TypeCounts[type=Node, allocated=10, freed=10],"
                            + " TypeCounts[type=int[], allocated=1, freed=1]]",
                    counting.typeCounts().toString());
        }
        assertEquals(List.of(), heap().typeCounts());
    }

    @Test
    @SuppressWarnings("NullAway") // what a program without null checks may do
    void whatIsMissingIsRefusedAtOnce() {
        TypeInfo.Builder builder = TypeInfo.builder("Type");
        assertThrows(NullPointerException.class, () -> builder.destructor((Destructor) null));
        assertThrows(NullPointerException.class, () -> builder.tracer(null));
        assertThrows(NullPointerException.class, () -> builder.int64(null));
        assertThrows(IllegalArgumentException.class, () -> builder.int64(""));
        TypeInfo holder = builder.javaObject("object").build();
        RefType<Object> type = RefType.of(Object.class, holder);
        assertThrows(NullPointerException.class, () -> type.javaField("object", null));
        try (ConfinedHeap heap = ConfinedHeap.open();
                SharedHeap shared = SharedHeap.open()) {
            assertThrows(NullPointerException.class, () -> heap.close(null));
            assertThrows(NullPointerException.class, () -> shared.close(null));
            assertThrows(IllegalArgumentException.class, () -> heap.histogram().table(-1));
        }
    }
}
