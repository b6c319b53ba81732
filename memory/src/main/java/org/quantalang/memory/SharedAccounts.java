package org.quantalang.memory;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageAccount;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.debug.HeapCensus;
import org.quantalang.memory.internal.shared.Owner;
import org.quantalang.memory.internal.shared.Owners;
import org.quantalang.memory.internal.shared.SharedReclaimer;

/** The accounts of a shared heap: each thread enters one for what it allocates. Any thread. */
final class SharedAccounts extends AccountHost {
    private final SharedHeap heap;
    private final SharedSpace pages;
    private final Owners owners;
    private final SharedReclaimer reclaimer;

    SharedAccounts(
            SharedHeap heap,
            HeapConfig config,
            SharedSpace pages,
            Owners owners,
            SharedReclaimer reclaimer) {
        super(config, pages.accounts());
        this.heap = heap;
        this.pages = pages;
        this.owners = owners;
        this.reclaimer = reclaimer;
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
        Owner self = owners.current();
        if (self.isCommon()) {
            throw new IllegalStateException(
                    "virtual threads cannot enter accounts: thread=%s; what they allocate is"
                                    .formatted(Thread.currentThread())
                            + " charged to the heap");
        }
        return self.blocks;
    }

    @Override
    boolean prepare(PageAccount opened) {
        return pages.openAccount(opened);
    }

    @Override
    void merge() {
        reclaimer.reap(); // ended threads leave pages
        heap.trim();
    }

    @Override
    void settle() {
        heap.poll();
    }

    @Override
    HeapCensus census() {
        return heap.census();
    }
}
