package io.firn.gateway.handler;

import io.firn.gateway.api.Timer;
import io.firn.membership.Answer;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.TimeoutException;

/** Asks the controller for changes, with a time limit. Thread-safe; futures complete on the metadata thread or the timer. */
final class Commands {
    private final Metadata metadata;
    private final Timer timer;

    Commands(Metadata metadata, Timer timer) {
        this.metadata = metadata;
        this.timer = timer;
    }

    /**
     * Completes with the view that has the change; fails with {@link io.firn.membership.CommandRefused}, or after {@code timeoutMs}
     * (if that is positive) with {@link TimeoutException}: whether the change happens is then not known.
     */
    CompletableFuture<ClusterView> submit(Command command, long timeoutMs) {
        return bounded(metadata.submit(command), timeoutMs);
    }

    /** The same for a command of many partitions: the answer also says what became of each. */
    CompletableFuture<Answer> ask(Command command, long timeoutMs) {
        return bounded(metadata.ask(command), timeoutMs);
    }

    private <T> CompletableFuture<T> bounded(CompletableFuture<T> outcome, long timeoutMs) {
        if (timeoutMs <= 0 || outcome.isDone()) {
            return outcome;
        }
        CompletableFuture<T> bounded = outcome.copy();
        Runnable cancel = timer.after(timeoutMs, () -> bounded.completeExceptionally(new TimeoutException("The change was not confirmed in time; it may still happen.")));
        return bounded.whenComplete((answer, failure) -> cancel.run());
    }
}
