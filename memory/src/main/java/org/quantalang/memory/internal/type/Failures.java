package org.quantalang.memory.internal.type;

import org.quantalang.memory.FailureHandler;
import org.quantalang.memory.TypeInfo;

/**
 * Tells the user's handler what the user's code threw while an object died. Whatever the handler
 * does, the release or collection goes on. Any thread that the handler is made for.
 */
public final class Failures {
    private final FailureHandler handler;

    public Failures(FailureHandler handler) {
        this.handler = handler;
    }

    private interface Report {
        void to(FailureHandler handler, Throwable failure);
    }

    /** A destructor threw. */
    public void ofDestructor(TypeInfo type, long object, Throwable failure) {
        tell((handler, thrown) -> handler.destructorFailed(type, object, thrown), failure);
    }

    /** A tracer threw when the references of a dead object were to be released. */
    public void ofTracer(TypeInfo type, long object, Throwable failure) {
        tell((handler, thrown) -> handler.tracerFailed(type, object, thrown), failure);
    }

    private void tell(Report report, Throwable failure) {
        try {
            report.to(handler, failure);
        } catch (Throwable handlerFailed) { // an Error too: the objects after this one wait
            log(report, handlerFailed);
        }
    }

    private static void log(Report report, Throwable failure) {
        try {
            report.to(FailureHandler.LOG, failure);
        } catch (Throwable ignored) {
            // Whoever was to be told cannot be told.
            return;
        }
    }
}
