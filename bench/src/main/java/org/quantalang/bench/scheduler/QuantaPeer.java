package org.quantalang.bench.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Channel;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.JoinHandle;
import org.quantalang.scheduler.Oneshot;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.Semaphore;
import org.quantalang.scheduler.TaskExecutor;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.Waker;

import java.util.concurrent.TimeUnit;

/** This runtime's executor. */
final class QuantaPeer implements TaskPeer {
    private final TaskExecutor executor;

    private QuantaPeer(int workers) {
        executor = TaskExecutor.start(ExecutorConfig.defaults().withWorkers(workers));
    }

    /** The provider. */
    public static final class Provider implements TaskPeer.Provider {
        /** Creates the provider; the service loader does. */
        public Provider() {}

        @Override
        public String name() {
            return "quanta";
        }

        @Override
        public TaskPeer start(int workers) {
            return new QuantaPeer(workers);
        }
    }

    @Override
    public void spawn(int first, int count, Countdown done) {
        for (int i = first; i < first + count; i++) {
            long value = i;
            executor.spawn(_ -> ended(done, value));
        }
    }

    private static Poll<Boolean> ended(Countdown done, long value) {
        done.end(value);
        return Poll.ready(true);
    }

    @Override
    public void spawnLocal(int count, Countdown done) {
        executor.spawn(
                _ -> {
                    spawn(0, count, done);
                    return Poll.ready(true);
                });
    }

    @Override
    public void chained(int links, Countdown done) {
        executor.spawn(_ -> link(1, links, done));
    }

    private Poll<Boolean> link(int number, int links, Countdown done) {
        if (number == links) {
            return ended(done, links);
        }
        executor.spawn(_ -> link(number + 1, links, done));
        return Poll.ready(true);
    }

    @Override
    public void pingPong(int rounds, Countdown done) {
        executor.spawn(
                _ -> {
                    for (int i = 0; i < rounds; i++) {
                        executor.spawn(new Ping(i, done));
                    }
                    return Poll.ready(true);
                });
    }

    private final class Ping implements Pollable<Boolean> {
        private final Integer number;
        private final Countdown done;
        private @Nullable Oneshot<Integer> pong;

        Ping(int number, Countdown done) {
            this.number = number;
            this.done = done;
        }

        @Override
        public Poll<Boolean> poll(Context context) {
            Oneshot<Integer> answer = pong;
            if (answer == null) {
                var ping = new Oneshot<Integer>();
                answer = new Oneshot<>();
                pong = answer;
                executor.spawn(new Pong(ping, answer));
                ping.send(number);
            }
            return answer.poll(context) instanceof Poll.Ready(Integer value)
                    ? ended(done, value)
                    : Poll.pending();
        }
    }

    private record Pong(Oneshot<Integer> ping, Oneshot<Integer> pong) implements Pollable<Boolean> {
        @Override
        public Poll<Boolean> poll(Context context) {
            return ping.poll(context) instanceof Poll.Ready(Integer value)
                    ? Poll.ready(pong.send(value))
                    : Poll.pending();
        }
    }

    @Override
    public void yields(int tasks, int yields, Countdown done) {
        executor.spawn(
                _ -> {
                    for (int i = 0; i < tasks; i++) {
                        executor.spawn(new Yielder(yields, done));
                    }
                    return Poll.ready(true);
                });
    }

    private static final class Yielder implements Pollable<Boolean> {
        private final int yields;
        private final Countdown done;
        private int yielded;

        Yielder(int yields, Countdown done) {
            this.yields = yields;
            this.done = done;
        }

        @Override
        public Poll<Boolean> poll(Context context) {
            if (yielded == yields) {
                return ended(done, yielded);
            }
            yielded++;
            context.waker().wake();
            return Poll.pending();
        }
    }

    @Override
    public void semaphore(int tasks, int acquires, Countdown done) {
        var shared = new Shared(tasks * (long) acquires);
        executor.spawn(
                _ -> {
                    for (int i = 0; i < tasks; i++) {
                        executor.spawn(new Contender(shared, acquires, done));
                    }
                    return Poll.ready(true);
                });
    }

    /** What the tasks of the semaphore row count up. */
    private static final class Shared {
        private final Semaphore semaphore = new Semaphore(1);
        private final long goal;
        private long count;

        Shared(long goal) {
            this.goal = goal;
        }
    }

    private static final class Contender implements Pollable<Boolean> {
        private final Shared shared;
        private final Countdown done;
        private final Pollable<Boolean> acquire;
        private int left;
        private long last;

        Contender(Shared shared, int acquires, Countdown done) {
            this.shared = shared;
            this.done = done;
            this.acquire = shared.semaphore.acquire();
            left = acquires;
        }

        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            while (left > 0) {
                if (acquire.poll(context).isPending()) {
                    return Poll.pending();
                }
                left--;
                last = ++shared.count;
                shared.semaphore.release();
            }
            return ended(done, last == shared.goal ? last : 0);
        }
    }

    @Override
    public void channel(int capacity, int elements, Countdown done) {
        var channel = new Channel<Integer>(capacity);
        executor.spawn(new Sender(channel, elements));
        executor.spawn(new Receiver(channel.receive(), elements, done));
    }

    private static final class Sender implements Pollable<Boolean> {
        private final Channel<Integer> channel;
        private final int elements;
        private int sent;
        private @Nullable Pollable<Boolean> send;

        Sender(Channel<Integer> channel, int elements) {
            this.channel = channel;
            this.elements = elements;
        }

        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            while (sent < elements) {
                if (send == null) {
                    send = channel.send(sent);
                }
                if (send.poll(context).isPending()) {
                    return Poll.pending();
                }
                send = null;
                sent++;
            }
            return Poll.ready(true);
        }
    }

    private static final class Receiver implements Pollable<Boolean> {
        private final Pollable<@Nullable Integer> receive;
        private final Countdown done;
        private int left;
        private long sum;

        Receiver(Pollable<@Nullable Integer> receive, int elements, Countdown done) {
            this.receive = receive;
            this.done = done;
            left = elements;
        }

        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            while (left > 0) {
                if (!(receive.poll(context) instanceof Poll.Ready(Integer value))) {
                    return Poll.pending();
                }
                sum += value;
                left--;
            }
            return ended(done, sum);
        }
    }

    @Override
    public void timers(int batch, int batches, Countdown done) {
        executor.spawn(
                context -> {
                    var set = new Timers.Timer[batch];
                    Timers timers = context.timers();
                    Waker waker = context.waker();
                    long deadline = timers.nanoTime() + TimeUnit.HOURS.toNanos(1);
                    long cancelled = 0;
                    for (int i = 0; i < batches; i++) {
                        for (int k = 0; k < batch; k++) {
                            set[k] = timers.schedule(deadline, waker);
                        }
                        for (int k = 0; k < batch; k++) {
                            cancelled += set[k].cancel() ? 1 : 0;
                        }
                    }
                    return ended(done, cancelled);
                });
    }

    @Override
    public void skynet(int leaves, Countdown done) {
        executor.spawn(new Root(new Node(0, leaves), done));
    }

    private static final class Root implements Pollable<Boolean> {
        private final Node node;
        private final Countdown done;

        Root(Node node, Countdown done) {
            this.node = node;
            this.done = done;
        }

        @Override
        public Poll<Boolean> poll(Context context) {
            return node.poll(context) instanceof Poll.Ready<Long>(Long sum)
                    ? ended(done, sum)
                    : Poll.pending();
        }
    }

    private final class Node implements Pollable<Long> {
        private static final int CHILDREN = 10;

        private final long first;
        private final int leaves;
        private JoinHandle<Long> @Nullable [] children;
        private int left = CHILDREN;
        private long sum;

        Node(long first, int leaves) {
            this.first = first;
            this.leaves = leaves;
        }

        @Override
        public Poll<Long> poll(Context context) {
            if (leaves == 1) {
                return Poll.ready(first);
            }
            if (children == null) {
                children = spawned();
            }
            // The youngest first: once it has ended most of the others have, and each wait is a
            // poll.
            while (left > 0) {
                if (!(children[left - 1].poll(context) instanceof Poll.Ready<Long>(Long value))) {
                    return Poll.pending();
                }
                sum += value;
                left--;
            }
            return Poll.ready(sum);
        }

        @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type
        private JoinHandle<Long>[] spawned() {
            var made = (JoinHandle<Long>[]) new JoinHandle[CHILDREN];
            int each = leaves / CHILDREN;
            for (int i = 0; i < CHILDREN; i++) {
                made[i] = executor.spawn(new Node(first + (long) i * each, each));
            }
            return made;
        }
    }

    @Override
    public void close() {
        executor.close();
    }
}
