package org.quantalang.scheduler.internal.task;

import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Pollable;

/**
 * A command as a task; nobody has its handle.
 *
 * @param command what to run
 */
public record Execution(Runnable command) implements Pollable<Boolean> {
    @Override
    public Poll<Boolean> poll(Context context) {
        command.run();
        return Poll.ready(true);
    }
}
