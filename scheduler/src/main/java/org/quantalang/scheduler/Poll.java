package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;

import java.util.function.Function;

/**
 * What a pollable answers: a value, or that it cannot go on yet.
 *
 * @param <T> type of the value
 */
public sealed interface Poll<T extends @Nullable Object> {
    /**
     * The pollable is done.
     *
     * @param value its value
     * @param <T> type of the value
     */
    record Ready<T extends @Nullable Object>(T value) implements Poll<T> {
        private static final Ready<?> TRUE = new Ready<>(true);
        private static final Ready<?> FALSE = new Ready<>(false);
    }

    /**
     * The pollable cannot go on; a waker has been kept and will bring it back.
     *
     * @param <T> type of the value
     */
    final class Pending<T extends @Nullable Object> implements Poll<T> {
        private static final Pending<?> INSTANCE = new Pending<>();

        private Pending() {}

        @Override
        public String toString() {
            return "Pending";
        }
    }

    /** Returns that the pollable is done with {@code value}; for a boolean allocates nothing. */
    @SuppressWarnings("unchecked") // the constant of the same value
    static <T extends @Nullable Object> Poll<T> ready(T value) {
        if (value instanceof Boolean truth) {
            return (Poll<T>) (truth ? Ready.TRUE : Ready.FALSE);
        }
        return new Ready<>(value);
    }

    /** Returns that the pollable cannot go on yet; allocates nothing. */
    @SuppressWarnings("unchecked") // it holds no value, so it is pending for every type
    static <T extends @Nullable Object> Poll<T> pending() {
        return (Poll<T>) Pending.INSTANCE;
    }

    /** Whether there is a value. */
    default boolean isReady() {
        return this instanceof Ready<T>;
    }

    /** Whether there is no value yet. */
    default boolean isPending() {
        return this instanceof Pending<T>;
    }

    /** Applies {@code function} to the value, if there is one. */
    default <R extends @Nullable Object> Poll<R> map(Function<? super T, ? extends R> function) {
        return this instanceof Ready<T>(T value) ? ready(function.apply(value)) : pending();
    }
}
