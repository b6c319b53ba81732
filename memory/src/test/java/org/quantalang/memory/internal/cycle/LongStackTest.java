package org.quantalang.memory.internal.cycle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.alloc.PageSource;

class LongStackTest {
    private static final long SMALL = 2048;
    private static final long MANY = 3_000_000;

    @Test
    void keepsItsValuesWhereverItGrows() {
        for (PageSource source :
                new PageSource[] {PageSource.forThisSystem(), PageSource.arena()}) {
            LongStack stack = new LongStack(source);
            for (long i = 0; i < MANY; i++) {
                assertTrue(stack.tryPush(3 * i));
            }
            for (long i = 0; i < MANY; i++) {
                assertEquals(3 * i, stack.get(i));
            }
            for (long i = MANY - 1; i >= 0; i--) {
                assertEquals(3 * i, stack.pop());
            }
            assertTrue(stack.isEmpty());
            stack.close();
        }
    }

    /** What is copied to grow is copied in one go, however many entries there are. */
    @Test
    void isCopiedOnlyWhileItIsSmall() {
        PageSource source = PageSource.forThisSystem();
        assumeTrue(source.reservesWithoutMemory(), "lists are copied on " + source.name());
        LongStack stack = new LongStack(source);
        for (long i = 0; i <= SMALL; i++) {
            assertTrue(stack.tryPush(i));
        }
        long bottom = stack.bottom();
        for (long i = stack.size(); i < MANY; i++) {
            assertTrue(stack.tryPush(i));
        }
        assertEquals(bottom, stack.bottom(), "moved");
        stack.close();
    }
}
