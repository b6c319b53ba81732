package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;

/** Lets tasks wait for what {@code java.util.concurrent} completes. */
public final class Futures {
    private Futures() {}

    /**
     * Returns a pollable that is ready when {@code stage} completes, and fails with what it failed
     * with. If the task is cancelled, the stage's future is cancelled too.
     */
    public static <T extends @Nullable Object> Pollable<T> await(CompletionStage<T> stage) {
        Objects.requireNonNull(stage, "stage is null");
        return new Awaiting<>(stage.toCompletableFuture());
    }

    private static final class Awaiting<T extends @Nullable Object> implements Pollable<T> {
        private final CompletableFuture<T> future;
        private volatile @Nullable Waker waker; // of the last poll
        private boolean registered;

        Awaiting(CompletableFuture<T> future) {
            this.future = future;
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // waking cannot fail
        public Poll<T> poll(Context context) throws Exception {
            if (!context.mayGoOn()) {
                return Poll.pending();
            }
            if (!future.isDone()) {
                // Said, then looked again: a completion between the two sees the waker, or is seen.
                waker = context.waker();
                if (!registered) {
                    registered = true;
                    future.whenComplete((_, _) -> wakeLast()); // at once if it is done by now
                }
            }
            if (!future.isDone()) {
                return Poll.pending();
            }
            try {
                return Poll.ready(future.get());
            } catch (ExecutionException failed) {
                throw causeOf(failed);
            }
        }

        private void wakeLast() {
            Waker last = waker;
            if (last != null) {
                last.wake();
            }
        }

        private static Exception causeOf(ExecutionException failed) {
            Throwable cause = failed.getCause();
            if (cause instanceof CompletionException && cause.getCause() != null) {
                cause = cause.getCause();
            }
            if (cause instanceof Error error) {
                throw error;
            }
            return cause instanceof Exception exception ? exception : failed;
        }

        @Override
        public void cancelled() {
            future.cancel(false);
        }
    }
}
