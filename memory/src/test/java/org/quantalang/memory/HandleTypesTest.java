package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;

/**
 * A handle only ever holds objects of its own type, also where the compiler is content: one Java
 * name may stand for two types, and one may extend another.
 */
class HandleTypesTest {
    private interface Animal {}

    private interface Dog extends Animal {}

    private static final TypeInfo SMALL_INFO =
            TypeInfo.builder("Small")
                    .reference("strong", "Small")
                    .weakReference("weak", "Small")
                    .build();
    private static final RefType<Animal> SMALL = RefType.of(Animal.class, SMALL_INFO);
    private static final RefType<Animal> LARGE =
            RefType.of(
                    Animal.class,
                    TypeInfo.builder("Large").reference("strong").bytes("rest", 48).build());
    private static final RefType<Dog> DOG =
            RefType.of(Dog.class, TypeInfo.builder("Dog").bytes("rest", 48).build());
    private static final RefField<Animal> STRONG = SMALL.refField("strong", SMALL);
    private static final WeakRefField<Animal> WEAK = SMALL.weakRefField("weak", SMALL);

    @RegisterExtension final HeapUnderTest test = new HeapUnderTest();

    private Ref<Animal> small;
    private Ref<Animal> large;

    @BeforeEach
    void allocate() {
        small = SMALL.allocate(test.heap());
        large = LARGE.allocate(test.heap());
        STRONG.set(small, small);
        WEAK.set(small, small);
    }

    @AfterEach
    void close() {
        STRONG.clear(small);
        small.close();
        large.close();
    }

    private static void refuses(Ref<?> handle, String wanted, Executable wrong) {
        var refusal = assertThrows(IllegalArgumentException.class, wrong);
        assertEquals(
                "handle is for another type: handle=%s wanted=%s".formatted(handle, wanted),
                refusal.getMessage());
    }

    @Test
    void soItIsNotSetOrMovedToAnother() {
        refuses(small, "Large", () -> large.set(small));
        refuses(small, "Large", () -> large.move(small));
        try (Ref<Dog> dog = DOG.allocate(test.heap())) {
            refuses(dog, "Small", () -> small.set(dog));
        }
        assertEquals(2, small.strongCount());
    }

    @Test
    void norLoadedWithAnother() {
        refuses(large, "Small", () -> STRONG.get(small, large));
        refuses(large, "Small", () -> WEAK.get(small, large));
        try (WeakRef<Animal> weak = small.weak()) {
            refuses(large, "Small", () -> weak.upgrade(large));
        }
        assertEquals(2, small.strongCount());
    }

    @Test
    void norStoredInAFieldOfAnother() {
        refuses(large, "Small", () -> STRONG.set(small, large));
        refuses(large, "Small", () -> STRONG.move(small, large));
        refuses(large, "Small", () -> WEAK.set(small, large));
        assertEquals(1, large.strongCount());
    }

    @Test
    void butTwoNamesOfOneTypeAgree() {
        RefType<Dog> again = RefType.of(Dog.class, SMALL_INFO);
        try (Ref<Dog> same = again.allocate(test.heap())) {
            small.set(same);
            STRONG.set(small, same);
            assertTrue(small.sameAs(same));
            STRONG.clear(small);
        }
    }

    @Test
    void andNothingIsTakenOverAsAnEmptyHandle() {
        ConfinedHeap heap = test.heap();
        long object = heap.allocate(SMALL_INFO);
        long dead = heap.loadWeak(object, 8);
        heap.release(object);
        try (Ref<Animal> none = SMALL.adopt(heap, dead)) {
            assertTrue(none.isEmpty());
        }
    }
}
