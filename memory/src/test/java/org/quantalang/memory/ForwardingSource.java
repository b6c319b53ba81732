package org.quantalang.memory;

import org.quantalang.memory.internal.alloc.PageSource;

/** The system's source; what a test changes about it, it overrides. */
class ForwardingSource implements PageSource {
    private final PageSource real = PageSource.forThisSystem();

    @Override
    public long reserve(long bytes) {
        return real.reserve(bytes);
    }

    @Override
    public boolean commit(long address, long bytes) {
        return real.commit(address, bytes);
    }

    @Override
    public void decommit(long address, long bytes) {
        real.decommit(address, bytes);
    }

    @Override
    public void release(long address, long bytes) {
        real.release(address, bytes);
    }

    @Override
    public boolean reservesWithoutMemory() {
        return real.reservesWithoutMemory();
    }

    @Override
    public long largestReservation() {
        return real.largestReservation();
    }

    @Override
    public String name() {
        return real.name();
    }
}
