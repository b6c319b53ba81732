package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;

/** A source that says no at its n-th call. */
final class FailingSource extends ForwardingSource {
    final Map<Long, Long> reserved = new HashMap<>();
    private long callsUntilFailure = Long.MAX_VALUE;
    private boolean forEver;
    long failures;

    void failAfter(long calls, boolean fromThereOn) {
        callsUntilFailure = calls;
        forEver = fromThereOn;
    }

    void stop() {
        callsUntilFailure = Long.MAX_VALUE;
        forEver = false;
    }

    private boolean fails() {
        boolean now = callsUntilFailure == 0 || (callsUntilFailure < 0 && forEver);
        callsUntilFailure--;
        failures += now ? 1 : 0;
        return now;
    }

    @Override
    public long reserve(long bytes) {
        if (fails()) {
            return REFUSED;
        }
        long address = super.reserve(bytes);
        reserved.put(address, bytes);
        return address;
    }

    @Override
    public boolean commit(long address, long bytes) {
        return !fails() && super.commit(address, bytes);
    }

    @Override
    public void release(long address, long bytes) {
        assertEquals(bytes, reserved.remove(address));
        super.release(address, bytes);
    }

    @Override
    public String name() {
        return "failing";
    }
}
