package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.time.DeadlineWait;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeoutException;

/**
 * A pollable with a limit on its time, counted from the first poll. When the time is up first, the
 * pollable is told that it was cancelled and this throws {@link TimeoutException}.
 *
 * @param <T> type of the value
 */
public final class Timeout<T extends @Nullable Object> implements Pollable<T> {
    private final Pollable<T> limited;
    private final Duration limit;
    private final DeadlineWait wait;
    private boolean over;

    private Timeout(Pollable<T> limited, Duration limit) {
        this.limited = Objects.requireNonNull(limited, "limited is null");
        this.limit = Objects.requireNonNull(limit, "limit is null");
        this.wait = new DeadlineWait(Sleep.nanosOf(limit));
    }

    /**
     * Limits a pollable.
     *
     * <p>What the pollable waits for ends with the time if its {@link Pollable#cancelled} gives it
     * up, as those of this package do. A lambda has none: an operation that was polled within it,
     * say {@link Semaphore#acquire}, keeps its place until the task ends. Limit that operation
     * itself, or write a class that passes {@code cancelled} on.
     *
     * @throws IllegalArgumentException if the limit is negative
     */
    public static <T extends @Nullable Object> Timeout<T> of(Pollable<T> limited, Duration limit) {
        return new Timeout<>(limited, limit);
    }

    @Override
    public Poll<T> poll(Context context) throws Exception {
        // The beginning is charged alone: a pollable that uses up the budget in each poll would
        // otherwise keep this from ever looking at the clock.
        if (!wait.isStarted() && !context.mayGoOn()) {
            return Poll.pending();
        }
        wait.start(context.timers());
        boolean goesOn = false;
        try {
            Poll<T> answer = limited.poll(context);
            if (answer.isReady()) {
                return answer;
            }
            over = over || wait.pollUncharged(context);
            if (over) {
                throw timeIsUp();
            }
            goesOn = true;
            return answer;
        } finally {
            if (!goesOn) {
                wait.giveUp();
            }
        }
    }

    private TimeoutException timeIsUp() {
        var timeIsUp = new TimeoutException("time is up: limit=" + limit);
        try {
            limited.cancelled();
        } catch (Throwable failure) {
            timeIsUp.addSuppressed(failure);
        }
        return timeIsUp;
    }

    @Override
    public void cancelled() {
        wait.giveUp();
        limited.cancelled();
    }
}
