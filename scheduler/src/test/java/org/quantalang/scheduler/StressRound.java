package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Some hundred tasks that wait for each other in every way there is, drawn from a seed; each is
 * watched: it must be polled by one thread at a time and end once.
 */
final class StressRound {
    private final TaskExecutor executor;
    private final SplittableRandom random;
    private final AtomicLong progress;
    private final List<JoinHandle<?>> tasks = new ArrayList<>();
    private final Map<JoinHandle<?>, String> kinds = new HashMap<>();
    private String kind = "";
    private final List<Runnable> outside = new ArrayList<>(); // what other threads do meanwhile
    private final List<Runnable> checks = new ArrayList<>();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();

    StressRound(TaskExecutor executor, long seed, AtomicLong progress) {
        this.executor = executor;
        this.random = new SplittableRandom(seed);
        this.progress = progress;
    }

    /** Watches the polls of one task. */
    private final class Watched<T extends @Nullable Object> implements Pollable<T> {
        private final Pollable<T> pollable;
        private final AtomicBoolean polled = new AtomicBoolean();
        private boolean over;

        Watched(Pollable<T> pollable) {
            this.pollable = pollable;
        }

        @Override
        public Poll<T> poll(Context context) throws Exception {
            if (polled.getAndSet(true)) {
                faults.add("two threads poll one task: " + pollable);
            }
            if (over) {
                faults.add("polled after its end: " + pollable);
            }
            progress.incrementAndGet();
            Poll<T> answer = pollable.poll(context);
            over = answer.isReady();
            polled.set(false);
            return answer;
        }

        @Override
        public void cancelled() {
            if (polled.getAndSet(true) || over) {
                faults.add("cancelled during a poll or after its end: " + pollable);
            }
            over = true;
            pollable.cancelled();
        }
    }

    private <T extends @Nullable Object> JoinHandle<T> spawn(Pollable<T> pollable) {
        return executor.spawn(new Watched<>(pollable));
    }

    private void add(JoinHandle<?> task) {
        tasks.add(task);
        kinds.put(task, kind);
    }

    /** Draws the programs of this round. */
    void fill() {
        draw("tree", () -> tree(3 + random.nextInt(5)));
        draw("balls", () -> balls(1 + random.nextInt(3), 50));
        draw("channel", () -> channel());
        draw("semaphore", () -> semaphore());
        draw("oneshots", () -> oneshots(20));
        draw("timers", () -> timers(10));
        draw("wakes from outside", () -> wakesFromOutside(5, 10));
        draw("family", () -> family());
        draw("yields", () -> yields(4, 50));
        draw("joins", () -> joins(30));
    }

    private void draw(String what, Runnable program) {
        kind = what;
        program.run();
    }

    /** Runs what other threads do, waits for all tasks, and looks at the results. */
    void finish(StallWatchdog watchdog) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (Runnable each : outside) {
            threads.add(Thread.ofPlatform().daemon().start(each));
        }
        var end = new CountDownLatch(tasks.size());
        for (JoinHandle<?> task : tasks) {
            task.onEnd(end::countDown);
        }
        watchdog.await(end, () -> executor.stats() + " " + unfinished());
        for (Thread thread : threads) {
            thread.join();
        }
        checks.forEach(Runnable::run);
        if (!faults.isEmpty()) {
            throw new AssertionError(faults.toString());
        }
    }

    private List<String> unfinished() {
        return tasks.stream()
                .filter(task -> !task.isFinished())
                .map(task -> kinds.get(task) + ": " + task)
                .toList();
    }

    private void check(boolean holds, String otherwise) {
        if (!holds) {
            faults.add(otherwise);
        }
    }

    /** Tasks that spawn two each; the root's end says nothing about the leaves. */
    private void tree(int depth) {
        var leaves = new AtomicInteger();
        var all = new CountDownLatch(1 << depth);
        add(spawn(_ -> grow(depth, leaves, all)));
        var grown = new Oneshot<Integer>();
        add(spawn(grown));
        outside.add(
                () -> {
                    try {
                        all.await();
                    } catch (InterruptedException e) {
                        faults.add("interrupted");
                    }
                    grown.send(leaves.get());
                });
        checks.add(() -> check(leaves.get() == 1 << depth, "leaves " + leaves));
    }

    private Poll<Boolean> grow(int depth, AtomicInteger leaves, CountDownLatch all) {
        if (depth == 0) {
            leaves.incrementAndGet();
            all.countDown();
        } else {
            spawn(_ -> grow(depth - 1, leaves, all));
            spawn(_ -> grow(depth - 1, leaves, all));
        }
        return Poll.ready(true);
    }

    /**
     * Pairs that wake each other in turn: each registers its waker, then looks whose turn it is.
     */
    private void balls(int pairs, int rounds) {
        for (int pair = 0; pair < pairs; pair++) {
            var turn = new AtomicInteger();
            var first = new AtomicReference<@Nullable Waker>();
            var second = new AtomicReference<@Nullable Waker>();
            add(spawn(context -> play(context, turn, 0, 2 * rounds, first, second)));
            add(spawn(context -> play(context, turn, 1, 2 * rounds, second, first)));
            checks.add(() -> check(turn.get() == 2 * rounds, "turns " + turn));
        }
    }

    private static Poll<Boolean> play(
            Context context,
            AtomicInteger turn,
            int side,
            int last,
            AtomicReference<@Nullable Waker> own,
            AtomicReference<@Nullable Waker> others) {
        own.set(context.waker());
        int now = turn.get();
        if (now < last && now % 2 != side) {
            return Poll.pending();
        }
        if (now < last) {
            turn.incrementAndGet();
            context.waker().wake();
        }
        Waker other = others.get();
        if (other != null) {
            other.wake();
        }
        return now < last ? Poll.pending() : Poll.ready(true);
    }

    /** Many to many, with a receiver that is cancelled; what it was given goes to another. */
    private void channel() {
        int each = 30;
        int senders = 1 + random.nextInt(3);
        var channel = new Channel<Integer>(1 + random.nextInt(3));
        var received = new AtomicInteger();
        var sending = new ArrayList<JoinHandle<Boolean>>();
        for (int i = 0; i < senders; i++) {
            sending.add(spawn(new SendMany(channel, each)));
        }
        sending.forEach(this::add);
        var receivers = new ArrayList<JoinHandle<Boolean>>();
        for (int i = 0; i < 3; i++) {
            Pollable<@Nullable Integer> receive = channel.receive();
            receivers.add(
                    spawn(
                            context -> {
                                while (receive.poll(context)
                                        instanceof Poll.Ready<@Nullable Integer> ready) {
                                    if (ready.value() == null) {
                                        return Poll.ready(true);
                                    }
                                    received.incrementAndGet();
                                }
                                return Poll.pending();
                            }));
        }
        receivers.forEach(this::add);
        add(
                spawn(
                        context -> {
                            receivers.getFirst().cancel();
                            for (JoinHandle<Boolean> sender : sending) {
                                if (sender.poll(context).isPending()) {
                                    return Poll.pending();
                                }
                            }
                            channel.close();
                            return Poll.ready(true);
                        }));
        checks.add(
                () -> {
                    while (channel.tryReceive() != null) {
                        received.incrementAndGet();
                    }
                    check(received.get() == senders * each, "elements " + received);
                });
    }

    private static final class SendMany implements Pollable<Boolean> {
        private final Channel<Integer> channel;
        private int left;
        private @Nullable Pollable<Boolean> send;

        SendMany(Channel<Integer> channel, int count) {
            this.channel = channel;
            this.left = count;
        }

        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            while (left > 0) {
                if (send == null) {
                    send = channel.send(left);
                }
                if (send.poll(context).isPending()) {
                    return Poll.pending();
                }
                send = null;
                left--;
            }
            return Poll.ready(true);
        }
    }

    /** Tasks that hold a permit over a yield; one of them is cancelled. */
    private void semaphore() {
        int permits = 1 + random.nextInt(2);
        var semaphore = new Semaphore(permits);
        var inside = new AtomicInteger();
        JoinHandle<?> victim = spawn(new Visit(semaphore, inside, permits, 20));
        add(victim);
        for (int i = 0; i < 4; i++) {
            add(spawn(new Visit(semaphore, inside, permits, 20)));
        }
        outside.add(victim::cancel);
        checks.add(
                () ->
                        check(
                                semaphore.available() == permits && inside.get() == 0,
                                "permits " + semaphore.available()));
    }

    private final class Visit implements Pollable<Boolean> {
        private final Semaphore semaphore;
        private final Pollable<Boolean> acquire;
        private final AtomicInteger inside;
        private final int permits;
        private int left;
        private boolean holds;

        Visit(Semaphore semaphore, AtomicInteger inside, int permits, int times) {
            this.semaphore = semaphore;
            this.acquire = semaphore.acquire();
            this.inside = inside;
            this.permits = permits;
            this.left = times;
        }

        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            while (left > 0) {
                if (!holds) {
                    if (acquire.poll(context).isPending()) {
                        return Poll.pending();
                    }
                    holds = true;
                    check(inside.incrementAndGet() <= permits, "too many inside");
                    context.waker().wake();
                    return Poll.pending();
                }
                cancelled();
                left--;
            }
            return Poll.ready(true);
        }

        @Override
        public void cancelled() {
            if (holds) {
                holds = false;
                inside.decrementAndGet();
                semaphore.release();
            }
        }
    }

    /** Values that another thread sends while tasks begin to wait for them. */
    private void oneshots(int count) {
        var all = new ArrayList<Oneshot<Integer>>();
        for (int i = 0; i < count; i++) {
            all.add(new Oneshot<>());
        }
        all.forEach(each -> add(spawn(each)));
        outside.add(() -> all.forEach(each -> each.send(1)));
    }

    private void timers(int count) {
        for (int i = 0; i < count; i++) {
            add(spawn(Sleep.of(Duration.ofMillis(random.nextInt(4)))));
            add(spawn(Timeout.of(new Oneshot<>(), Duration.ofMillis(1 + random.nextInt(3)))));
        }
    }

    /** Tasks that pass their wakers to another thread some times. */
    private void wakesFromOutside(int count, int times) {
        var wakers = new ConcurrentLinkedQueue<Waker>();
        for (int i = 0; i < count; i++) {
            var polls = new int[1];
            add(
                    spawn(
                            context -> {
                                if (polls[0]++ == times) {
                                    return Poll.ready(true);
                                }
                                wakers.add(context.waker());
                                return Poll.pending();
                            }));
        }
        outside.add(
                () -> {
                    for (int left = count * times; left > 0; ) {
                        Waker waker = wakers.poll();
                        if (waker == null) {
                            Thread.onSpinWait();
                        } else {
                            waker.wake();
                            left--;
                        }
                    }
                });
    }

    /** A task whose descendants wait for ever, until it is cancelled by another. */
    private void family() {
        JoinHandle<Boolean> root = spawn(_ -> Poll.pending());
        add(root);
        Task parent = root;
        for (int i = 0; i < 10; i++) {
            JoinHandle<Boolean> child =
                    executor.spawnChild(parent, new Watched<Boolean>(_ -> Poll.pending()));
            add(child);
            parent = random.nextBoolean() ? child : parent;
        }
        add(
                spawn(
                        _ -> {
                            root.cancel();
                            return Poll.ready(true);
                        }));
    }

    private void yields(int count, int times) {
        for (int i = 0; i < count; i++) {
            var left = new int[] {times};
            add(
                    spawn(
                            context -> {
                                if (left[0]-- == 0) {
                                    return Poll.ready(true);
                                }
                                context.waker().wake();
                                return Poll.pending();
                            }));
        }
    }

    /** A chain of tasks, each of which waits for the one before it. */
    private void joins(int length) {
        JoinHandle<Integer> before = spawn(_ -> Poll.ready(0));
        for (int i = 0; i < length; i++) {
            JoinHandle<Integer> joined = before;
            before = spawn(context -> joined.poll(context).map(value -> value + 1));
            add(before);
        }
        JoinHandle<Integer> last = before;
        checks.add(
                () -> {
                    try {
                        check(last.join() == length, "chain " + last);
                    } catch (InterruptedException e) {
                        faults.add("interrupted");
                    }
                });
    }

    /** A task that is never woken: what the watchdog is for. */
    JoinHandle<Boolean> loseAWake() {
        JoinHandle<Boolean> lost = spawn(_ -> Poll.pending());
        kind = "lost";
        add(lost);
        return lost;
    }

    /** Polls one watched pollable while it is being polled: what the watch is for. */
    void pollTwiceAtOnce() throws Exception {
        Context nobody =
                new Context() {
                    @Override
                    public Waker waker() {
                        return () -> {};
                    }

                    @Override
                    public Timers timers() {
                        return executor.timers();
                    }
                };
        var inner = new AtomicReference<@Nullable Pollable<Boolean>>();
        var watched =
                new Watched<Boolean>(
                        context -> {
                            Pollable<Boolean> again = inner.getAndSet(null);
                            return again == null ? Poll.pending() : again.poll(context);
                        });
        inner.set(watched);
        watched.poll(nobody);
    }
}
