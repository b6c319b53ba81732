package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.HeapSpace;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The heaps of this process by address, to tell whose an address is. Any thread. */
public final class OpenHeaps {
    private static final Map<HeapSpace, String> NAMES = new ConcurrentHashMap<>();

    private OpenHeaps() {}

    static void opened(HeapSpace space, String name) {
        NAMES.put(space, name);
    }

    /** A heap's memory is given back. */
    public static void closed(HeapSpace space) {
        NAMES.remove(space);
    }

    /** Name of the heap that has objects at this address, or null. */
    static @Nullable String at(long address) {
        return NAMES.entrySet().stream()
                .filter(each -> each.getKey().holdsObjectsAt(address))
                .map(Map.Entry::getValue)
                .findAny()
                .orElse(null);
    }
}
