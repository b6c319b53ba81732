package org.quantalang.memory.internal.debug;

import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

/** What a search for leaks asks of an object's header, in the terms of its kind of heap. */
public interface Holders {
    /** Strong references to the object; 0 if it is dead. */
    long strong(long header);

    /** Whether it lives until the heap closes. */
    boolean immortal(long header);

    /** Whether the references in its fields count: it lives, or is dead and not destroyed yet. */
    boolean holds(long header);

    /** Those of a confined heap. */
    Holders CONFINED =
            new Holders() {
                @Override
                public long strong(long header) {
                    return HeaderWord.strong(Memory.getLong(header));
                }

                @Override
                public boolean immortal(long header) {
                    return HeaderWord.pinned(Memory.getLong(header));
                }

                @Override
                public boolean holds(long header) {
                    long word = Memory.getLong(header);
                    return HeaderWord.alive(word) || HeaderWord.has(word, HeaderWord.DYING);
                }
            };
}
