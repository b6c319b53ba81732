package org.quantalang.scheduler;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayDeque;
import java.util.List;

/** The primitives that tasks wait with, under Lincheck: each against itself in one thread. */
@Timeout(1200)
class WaitingLincheckTest {
    @Nested
    class AChannel {
        @Test
        void behavesAsIfOneThreadUsedIt() {
            ModelCheck.passes(OfTwo.class);
        }

        @Test
        void behavesAsIfOneThreadUsedItWhenItHoldsFour() {
            ModelCheck.passes(OfFour.class);
        }

        @Test
        void failsTheCheckWithoutItsLock() {
            ModelCheck.fails(FaultyChannel.class);
        }
    }

    @Nested
    class ASemaphore {
        @Test
        void behavesAsIfOneThreadUsedIt() {
            ModelCheck.passes(OfTwoPermits.class);
        }

        @Test
        void failsTheCheckWhenAPermitIsTakenWithoutComparing() {
            ModelCheck.fails(FaultySemaphore.class);
        }
    }

    @Nested
    class AOneshot {
        @Test
        void behavesAsIfOneThreadUsedIt() {
            ModelCheck.passes(OneValue.class);
        }

        @Test
        void failsTheCheckWhenItLooksBeforeItWrites() {
            ModelCheck.fails(FaultyOneshot.class);
        }
    }

    @Test
    @Tag("soak")
    @Timeout(3600)
    void behaveSoInManyMorePrograms() {
        for (Class<?> each :
                List.of(OfTwo.class, OfFour.class, OfTwoPermits.class, OneValue.class)) {
            ModelCheck.passesMore(each, each);
        }
    }

    /** A task that polls, and is never run again. */
    private static final class Bystander implements Context {
        @Override
        public Waker waker() {
            return () -> {};
        }

        @Override
        public Timers timers() {
            throw new AssertionError("nothing here needs a clock");
        }
    }

    private static <T extends @Nullable Object> String poll(Pollable<T> pollable) {
        try {
            return pollable.poll(new Bystander()) instanceof Poll.Ready<T>(T value)
                    ? "ready " + value
                    : "pending";
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    /** A channel with a task that sends, one that receives, and others that do not wait. */
    @Param(name = "element", gen = IntGen.class, conf = "1:9")
    public abstract static class ChannelOperations {
        private final Channel<Integer> channel;
        private final Pollable<@Nullable Integer> receive;
        private final Pollable<Boolean> send;

        ChannelOperations(int capacity) {
            channel = new Channel<>(capacity);
            receive = channel.receive();
            send = channel.send(100);
        }

        @Operation
        public Channel.SendResult trySend(@Param(name = "element") int element) {
            return channel.trySend(element);
        }

        @Operation
        public @Nullable Integer tryReceive() {
            return channel.tryReceive();
        }

        @Operation(nonParallelGroup = "receiver")
        public String receive() {
            return poll(receive);
        }

        @Operation(nonParallelGroup = "receiver")
        public void giveUpReceiving() {
            receive.cancelled();
        }

        @Operation(nonParallelGroup = "sender")
        public String send() {
            return poll(send);
        }

        @Operation(nonParallelGroup = "sender")
        public void giveUpSending() {
            send.cancelled();
        }

        @Operation(runOnce = true)
        public void close() {
            channel.close();
        }

        @Operation
        public int size() {
            return channel.size();
        }
    }

    /** Holds two elements. */
    public static final class OfTwo extends ChannelOperations {
        public OfTwo() {
            super(2);
        }
    }

    /** Holds four elements. */
    public static final class OfFour extends ChannelOperations {
        public OfFour() {
            super(4);
        }
    }

    /** A buffer that is looked at before it is changed. */
    @Param(name = "element", gen = IntGen.class, conf = "1:9")
    public static final class FaultyChannel {
        private final ArrayDeque<Integer> buffer = new ArrayDeque<>();

        public FaultyChannel() {}

        @Operation
        public boolean trySend(@Param(name = "element") int element) {
            return buffer.size() < 2 && buffer.add(element);
        }

        @Operation
        public @Nullable Integer tryReceive() {
            return buffer.poll();
        }
    }

    /** Two permits, a task that acquires, and others that do not wait. */
    public static final class OfTwoPermits {
        private final Semaphore semaphore = new Semaphore(2);
        private final Pollable<Boolean> acquire = semaphore.acquire();

        public OfTwoPermits() {}

        @Operation
        public boolean tryAcquire() {
            return semaphore.tryAcquire();
        }

        @Operation(nonParallelGroup = "acquirer")
        public String acquire() {
            return poll(acquire);
        }

        @Operation(nonParallelGroup = "acquirer")
        public void giveUp() {
            acquire.cancelled();
        }

        @Operation
        public boolean release() {
            try {
                semaphore.release();
                return true;
            } catch (IllegalStateException tooOften) {
                return false;
            }
        }

        @Operation(runOnce = true)
        public void close() {
            semaphore.close();
        }

        @Operation
        public int available() {
            return semaphore.available();
        }
    }

    /** Permits that are counted by reading and then writing. */
    public static final class FaultySemaphore {
        private volatile int free = 2;

        public FaultySemaphore() {}

        @Operation
        public boolean tryAcquire() {
            int before = free;
            if (before == 0) {
                return false;
            }
            free = before - 1;
            return true;
        }

        @Operation
        public boolean release() {
            int before = free;
            if (before == 2) {
                return false;
            }
            free = before + 1;
            return true;
        }
    }

    /** One value, a task that receives it, and others that look. */
    @Param(name = "value", gen = IntGen.class, conf = "1:9")
    public static final class OneValue {
        private final Oneshot<Integer> oneshot = new Oneshot<>();

        public OneValue() {}

        @Operation
        public boolean send(@Param(name = "value") int value) {
            return oneshot.send(value);
        }

        @Operation
        public boolean close() {
            return oneshot.close();
        }

        @Operation(nonParallelGroup = "receiver")
        public String receive() {
            return poll(oneshot);
        }

        @Operation
        public @Nullable Integer tryReceive() {
            return oneshot.tryReceive();
        }

        @Operation
        public boolean isSettled() {
            return oneshot.isSettled();
        }
    }

    /** A value that is looked at before it is written. */
    @Param(name = "value", gen = IntGen.class, conf = "1:9")
    public static final class FaultyOneshot {
        private volatile int value;

        public FaultyOneshot() {}

        @Operation
        public boolean send(@Param(name = "value") int sent) {
            if (value != 0) {
                return false;
            }
            value = sent;
            return true;
        }

        @Operation
        public int tryReceive() {
            return value;
        }
    }
}
