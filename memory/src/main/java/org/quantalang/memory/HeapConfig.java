package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.cycle.LocalCollector;
import org.quantalang.memory.internal.debug.CheckedLevel;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * How a heap is set up. Immutable; start from {@link #DEFAULT} and change what differs:
 *
 * {@snippet :
 * HeapConfig config = HeapConfig.DEFAULT.withLimitBytes(256L << 20).withReleaseBudget(10_000);
 * }
 */
public final class HeapConfig {
    /** 64 GiB of address space, no limit, releases unbounded, cycles collected automatically. */
    public static final HeapConfig DEFAULT = new HeapConfig(new Values());

    private final Values values;

    /** The settings; copied, changed and frozen by each {@code with} method. */
    private static final class Values implements Cloneable {
        private String name = "heap";
        private long addressSpaceBytes = 64L << 30;
        private long limitBytes = Long.MAX_VALUE;
        private long releaseBudget;
        private Duration returnDelay = Duration.ofMillis(500);
        private boolean automaticCollection = true;
        private CycleOptions cycleOptions = CycleOptions.DEFAULT;
        private long lastEpoch = LocalCollector.LAST_EPOCH;
        private boolean countsPerType;
        private LeakPolicy leakPolicy = CheckedLevel.ON ? LeakPolicy.REPORT : LeakPolicy.FREE_ALL;
        private FailureHandler failureHandler = FailureHandler.LOG;
        private @Nullable Consumer<CollectionResult> collectionListener;
        private Consumer<String> notices = HeapConfig::log;
        private PageSource pageSource = PageSource.forThisSystem();

        Values() {}

        @Override
        protected Values clone() {
            try {
                return (Values) super.clone();
            } catch (CloneNotSupportedException impossible) {
                throw new AssertionError(impossible);
            }
        }
    }

    private HeapConfig(Values values) {
        this.values = values;
    }

    private interface Change {
        void in(Values values);
    }

    private HeapConfig with(Change change) {
        Values changed = values.clone();
        change.in(changed);
        return new HeapConfig(changed);
    }

    private static long positive(String what, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(
                    "heap setting is not positive: %s=%d".formatted(what, value));
        }
        return value;
    }

    /**
     * Names the heap in reports.
     *
     * @param name the name
     * @return the changed copy
     */
    public HeapConfig withName(String name) {
        return with(to -> to.name = Objects.requireNonNull(name));
    }

    /**
     * Sets how much address space is reserved; less is taken, with a notice, if the system says no.
     *
     * @param bytes number of bytes
     * @return the changed copy
     */
    public HeapConfig withAddressSpaceBytes(long bytes) {
        return with(to -> to.addressSpaceBytes = positive("addressSpaceBytes", bytes));
    }

    /**
     * Sets the most bytes that the pages of objects may take.
     *
     * @param bytes number of bytes
     * @return the changed copy
     */
    public HeapConfig withLimitBytes(long bytes) {
        return with(to -> to.limitBytes = positive("limitBytes", bytes));
    }

    /**
     * Sets how many dead objects one release frees at most; the rest goes on at the next allocation
     * or {@link Heap#drain}. 0, the default, frees all at once.
     *
     * @param objects number of objects
     * @return the changed copy
     */
    public HeapConfig withReleaseBudget(long objects) {
        return with(to -> to.releaseBudget = objects == 0 ? 0 : positive("releaseBudget", objects));
    }

    /**
     * Sets how long an empty page stays with the heap before its memory goes back to the system.
     *
     * <p>It goes back when another page falls empty after that time, some pages with each, so that
     * nobody waits for many at once; with a delay of 0 every page goes back at once.
     *
     * @param delay how long
     * @return the changed copy
     * @throws IllegalArgumentException if it is negative
     */
    public HeapConfig withReturnDelay(Duration delay) {
        if (delay.isNegative()) {
            throw new IllegalArgumentException("delay is negative: delay=" + delay);
        }
        return with(to -> to.returnDelay = delay);
    }

    /** Nanoseconds of a duration; what does not fit is {@code most}. */
    static long nanosAtMost(Duration duration, long most) {
        return duration.compareTo(Duration.ofNanos(most)) > 0 ? most : duration.toNanos();
    }

    /**
     * Sets whether the heap collects cycles by itself; {@link Heap#collectCycles} always does.
     *
     * @param automatic whether it does
     * @return the changed copy
     */
    public HeapConfig withAutomaticCollection(boolean automatic) {
        return with(to -> to.automaticCollection = automatic);
    }

    /**
     * Sets how the heap looks for garbage cycles.
     *
     * @param options the options
     * @return the changed copy
     */
    public HeapConfig withCycleOptions(CycleOptions options) {
        return with(to -> to.cycleOptions = Objects.requireNonNull(options));
    }

    /**
     * Sets how many possible roots make a collection due.
     *
     * @param candidates number of possible roots
     * @return the changed copy
     */
    public HeapConfig withCollectionThreshold(int candidates) {
        int value = (int) positive("collectionThreshold", candidates);
        return withCycleOptions(cycleOptions().withThreshold(value));
    }

    /**
     * Sets whether allocated and freed objects are counted for each type.
     *
     * @param counts whether to count
     * @return the changed copy
     */
    public HeapConfig withCountsPerType(boolean counts) {
        return with(to -> to.countsPerType = counts);
    }

    /**
     * Sets what closing the heap does if objects are still held from outside. The default is {@link
     * LeakPolicy#FREE_ALL}, in checked mode {@link LeakPolicy#REPORT}.
     *
     * @param policy what it does
     * @return the changed copy
     */
    public HeapConfig withLeakPolicy(LeakPolicy policy) {
        return with(to -> to.leakPolicy = Objects.requireNonNull(policy));
    }

    /**
     * Sets who is told of destructors that fail.
     *
     * @param handler told of failures
     * @return the changed copy
     */
    public HeapConfig withFailureHandler(FailureHandler handler) {
        return with(to -> to.failureHandler = Objects.requireNonNull(handler));
    }

    /**
     * Sets what is told of every collection of cycles when it is over, in the thread that made it,
     * but of those that it makes itself. It may be often: at the default settings, every 32
     * candidates.
     *
     * @param listener the listener; must not throw
     * @return the changed copy
     */
    public HeapConfig withCollectionListener(Consumer<CollectionResult> listener) {
        return with(to -> to.collectionListener = Objects.requireNonNull(listener));
    }

    /**
     * Sets who is told of what is no error but should be known: less address space than wanted, a
     * heap that was never closed. The default writes to the log of this package.
     *
     * @param notices told from any thread; must not lead to the heap
     * @return the changed copy
     */
    public HeapConfig withNotices(Consumer<String> notices) {
        return with(to -> to.notices = Objects.requireNonNull(notices));
    }

    private static void log(String notice) {
        System.getLogger("org.quantalang.memory").log(System.Logger.Level.WARNING, notice);
    }

    /** Sets where memory comes from: for tests. */
    HeapConfig withPageSource(PageSource source) {
        return with(to -> to.pageSource = source);
    }

    /** Sets after how many traces their numbering starts anew: for tests. */
    HeapConfig withLastEpoch(long epoch) {
        return with(to -> to.lastEpoch = epoch);
    }

    /** {@return name of the heap in reports} */
    public String name() {
        return values.name;
    }

    /** {@return address space to reserve} */
    public long addressSpaceBytes() {
        return values.addressSpaceBytes;
    }

    /** {@return most bytes of pages} */
    public long limitBytes() {
        return values.limitBytes;
    }

    /** {@return dead objects that one release frees at most; 0 for all} */
    public long releaseBudget() {
        return values.releaseBudget;
    }

    /** {@return how long an empty page stays} */
    public Duration returnDelay() {
        return values.returnDelay;
    }

    /** {@return whether the heap collects cycles by itself} */
    public boolean automaticCollection() {
        return values.automaticCollection;
    }

    /** {@return how the heap looks for garbage cycles} */
    public CycleOptions cycleOptions() {
        return values.cycleOptions;
    }

    /** {@return whether objects are counted for each type} */
    public boolean countsPerType() {
        return values.countsPerType;
    }

    /** {@return what closing the heap does if objects are still held} */
    public LeakPolicy leakPolicy() {
        return values.leakPolicy;
    }

    /** {@return who is told of destructors that fail} */
    public FailureHandler failureHandler() {
        return values.failureHandler;
    }

    /** {@return what is told of collections, or null} */
    @Nullable Consumer<CollectionResult> collectionListener() {
        return values.collectionListener;
    }

    /** {@return who is told of notices} */
    public Consumer<String> notices() {
        return values.notices;
    }

    PageSource pageSource() {
        return values.pageSource;
    }

    long lastEpoch() {
        return values.lastEpoch;
    }
}
