package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What checked mode asks before an operation on an object: is the address one of an object of this
 * heap that lives, and is it within the object. A refusal is an exception that leaves the heap as
 * it was, and names the address, what is there, and in full mode where the object was allocated and
 * where it last lost a reference.
 *
 * <p>Whoever may use the heap.
 */
public final class ObjectChecks implements AllocationSites {
    private final String heapName;
    private final BlockWalk walk;
    private final TypeTable types;
    private final Counts counts;

    /** By header: the last object that was allocated there. Full mode only. */
    private final Map<Long, History> histories = new ConcurrentHashMap<>();

    /** How a kind of heap counts, asked by an object's header. */
    public interface Counts {
        /** Strong references; 0 if the object is dead. */
        long strong(long header);

        /** Weak references. */
        long weak(long header);
    }

    /** What is known of the last object at an address. */
    private static final class History {
        private final String type;
        private final Site allocated;
        private volatile @Nullable Site released;

        History(String type, Site allocated) {
            this.type = type;
            this.allocated = allocated;
        }
    }

    public ObjectChecks(String heapName, BlockWalk walk, TypeTable types, Counts counts) {
        this.counts = counts;
        this.heapName = heapName;
        this.walk = walk;
        this.types = types;
    }

    /** An object was allocated. */
    public void allocated(long header, HeapType type) {
        if (CheckedLevel.ALL) {
            histories.put(header, new History(type.info.name(), Site.here()));
        }
    }

    @Override
    public @Nullable Site of(long header) {
        History history = histories.get(header);
        return history == null ? null : history.allocated;
    }

    /** An object is about to lose a reference; where it lost its last one is remembered. */
    public void releasing(long object) {
        alive("release", object);
        long header = object - HeaderWord.BYTES;
        if (CheckedLevel.ALL && counts.strong(header) == 1) {
            History history = histories.get(header);
            if (history != null) {
                history.released = Site.here();
            }
        }
    }

    /** An operation needs a living object of this heap. */
    public void alive(String operation, long object) {
        String fault = fault(object, true);
        if (fault != null) {
            throw refused(operation, object, fault);
        }
    }

    /** An operation needs an object of this heap, which may be dead but held weakly. */
    public void known(String operation, long object) {
        String fault = fault(object, false);
        if (fault != null) {
            throw refused(operation, object, fault);
        }
    }

    /** A value to be stored: null, or a living object of this heap. */
    public void aliveOrNull(String operation, long object) {
        if (object != 0) {
            alive(operation, object);
        }
    }

    /** An access to {@code bytes} bytes at an offset of an object that may be dying. */
    public void within(String operation, long object, long offset, long bytes) {
        known(operation, object);
        long size = payloadBytes(object);
        if (offset < 0 || bytes < 0 || offset > size - bytes) {
            throw refused(
                    operation,
                    object,
                    "out of bounds: offset=%d bytes=%d payloadBytes=%d"
                            .formatted(offset, bytes, size));
        }
    }

    private long payloadBytes(long object) {
        HeapType type = types.at(HeaderWord.type(Memory.getLong(object - HeaderWord.BYTES)));
        return type.elementBytes == 0
                ? type.payloadBytes
                : type.payloadBytes + Memory.getLong(object) * type.elementBytes;
    }

    private @Nullable String fault(long object, boolean mustLive) {
        long header = object - HeaderWord.BYTES;
        String fault = walk.whyNotABlock(header);
        if (fault != null) {
            return fault;
        }
        long word = Memory.getLong(header);
        int type = HeaderWord.type(word);
        if (type < 1 || type > types.count()) {
            return "header is damaged: no such type";
        }
        return mustLive && counts.strong(header) == 0 ? "dead" : null;
    }

    private IllegalStateException refused(String operation, long object, String fault) {
        long header = object - HeaderWord.BYTES;
        StringBuilder report = new StringBuilder();
        report.append(
                String.format(
                        Locale.ROOT,
                        "%s of what is no such object (%s): address=0x%x heap=%s",
                        operation,
                        fault,
                        object,
                        heapName));
        History history = histories.get(header);
        if (walk.whyNotABlock(header) == null) {
            long word = Memory.getLong(header);
            int type = HeaderWord.type(word);
            boolean known = type >= 1 && type <= types.count();
            report.append(
                    String.format(
                            Locale.ROOT,
                            " type=%s strong=%d weak=%d header=0x%x",
                            known ? types.at(type).info.name() : "none",
                            counts.strong(header),
                            counts.weak(header),
                            word));
        } else if (history != null) {
            report.append(" type=").append(history.type);
        }
        report.append(
                "; keep a reference as long as the address is used, and release it only once");
        if (history != null) {
            appendSite(report, "allocated", history.allocated);
            if (history.released != null) {
                appendSite(report, "last released", history.released);
            }
        }
        return new IllegalStateException(report.toString());
    }

    private static void appendSite(StringBuilder report, String what, Site site) {
        String line = System.lineSeparator();
        report.append(line)
                .append("  ")
                .append(what)
                .append(" by thread ")
                .append(site.thread())
                .append(line)
                .append(site.lines("    "));
    }
}
