package org.quantalang.memory;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageAccount;
import org.quantalang.memory.internal.debug.HeapCensus;

/** The accounts of a confined heap. Its owner only. */
final class ConfinedAccounts extends AccountHost {
    private final ConfinedObjects heap;

    ConfinedAccounts(ConfinedObjects heap, HeapConfig config) {
        super(config, heap.blocks.accounts());
        this.heap = heap;
    }

    @Override
    void checkCaller() {
        heap.checkCaller();
    }

    @Override
    boolean ended() {
        return heap.life().ended();
    }

    @Override
    BlockAllocator blocks() {
        return heap.blocks;
    }

    @Override
    BlockAllocator blocksOfUser() {
        return blocks();
    }

    @Override
    boolean prepare(PageAccount opened) {
        return heap.blocks.openAccount(opened);
    }

    @Override
    void reap() {
        // There is one thread, which is the caller.
    }

    @Override
    void merge() {
        heap.blocks.mergeClosed();
    }

    @Override
    void settle() {
        heap.collectCycles();
    }

    @Override
    HeapCensus census() {
        return heap.census;
    }
}
