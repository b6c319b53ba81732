package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageAccount;
import org.quantalang.memory.internal.debug.HeapCensus;
import org.quantalang.memory.internal.shared.Owner;

/** The accounts of a shared heap: each thread enters one for what it allocates. Any thread. */
final class SharedAccounts extends AccountHost {
    private final SharedObjects heap;

    SharedAccounts(SharedObjects heap, HeapConfig config) {
        super(config, heap.pages.accounts());
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
        Owner self = heap.owners.current();
        if (self.isCommon()) {
            throw new IllegalStateException(
                    ("virtual threads cannot enter accounts: thread=%s; nor can platform threads"
                                    + " beyond those that the heap has numbers for; what they"
                                    + " allocate is charged to the heap")
                            .formatted(Thread.currentThread()));
        }
        return self.blocks;
    }

    @Override
    @Nullable BlockAllocator blocksOfUser() {
        Owner self = heap.owners.ofCaller();
        return self == null || self.isCommon() ? null : blocks();
    }

    @Override
    boolean prepare(PageAccount opened) {
        return heap.owners.passing(() -> heap.pages.openAccount(opened));
    }

    @Override
    void reap() {
        heap.reclaimer.reap();
    }

    @Override
    Histogram histogram(PageAccount account) {
        return heap.owners.passing(() -> super.histogram(account));
    }

    @Override
    void merge() {
        heap.trim();
    }

    @Override
    void settle() {
        heap.drain();
    }

    @Override
    HeapCensus census() {
        return heap.census();
    }
}
