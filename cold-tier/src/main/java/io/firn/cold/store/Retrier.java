package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats a request under a {@link RetryPolicy}; the only place that does.
 *
 * <p><b>Uncertainty sticks</b>: once one attempt's outcome is unknown, a later failure of any kind is reported as {@link ColdStoreException.Uncertain}, because that
 * later failure says nothing about the earlier attempt. Attempts are told of it, so that they can recognize their own earlier success.
 *
 * <p>Threading: thread-safe. Attempts start on the caller's thread first, then on the timer; futures complete where the last attempt did. After
 * {@link #close()} nothing is repeated any more: pauses run out (they are bounded by the policy), and end with the last error.
 */
public final class Retrier implements AutoCloseable {

    /** One attempt. */
    public interface Attempt<T> {
        /** Starts it; {@code uncertainBefore} says that an earlier attempt may have taken effect, or still may. */
        CompletableFuture<T> start(boolean uncertainBefore);
    }

    private static final Logger log = LoggerFactory.getLogger(Retrier.class);

    private final RetryPolicy policy;
    private final ScheduledExecutorService timer;
    private final DoubleSupplier jitter;
    private volatile boolean closed;

    /** Owns {@code timer}; draws each pause at random, so that many clients do not come back at once. */
    public Retrier(RetryPolicy policy, ScheduledExecutorService timer) {
        this(policy, timer, () -> ThreadLocalRandom.current().nextDouble());
    }

    /** With the chance given, for tests: {@code jitter} gives numbers from 0 to 1. */
    Retrier(RetryPolicy policy, ScheduledExecutorService timer, DoubleSupplier jitter) {
        this.policy = policy;
        this.timer = timer;
        this.jitter = jitter;
    }

    /** Runs {@code attempt} until it succeeds, fails for good, or the attempts are used up. {@code about} names the request in the log. What the first start throws, this throws. */
    public <T> CompletableFuture<T> run(String about, Attempt<T> attempt) {
        CompletableFuture<T> result = new CompletableFuture<>();
        judge(about, attempt, attempt.start(false), 1, false, result);
        return result;
    }

    private <T> void again(String about, Attempt<T> attempt, int number, boolean uncertainBefore, CompletableFuture<T> result) {
        CompletableFuture<T> started;
        try {
            started = attempt.start(uncertainBefore);
        } catch (RuntimeException e) {
            started = CompletableFuture.failedFuture(e);
        }
        judge(about, attempt, started, number, uncertainBefore, result);
    }

    private <T> void judge(String about, Attempt<T> attempt, CompletableFuture<T> started, int number, boolean uncertainBefore, CompletableFuture<T> result) {
        started.whenComplete((value, failure) -> {
            if (failure == null) {
                result.complete(value);
            } else {
                failed(about, attempt, number, uncertainBefore, ColdStoreException.unwrap(failure), result);
            }
        });
    }

    private <T> void failed(String about, Attempt<T> attempt, int number, boolean uncertainBefore, Throwable failure, CompletableFuture<T> result) {
        boolean uncertain = uncertainBefore || failure instanceof ColdStoreException.Uncertain;
        if (closed || !policy.retries(number, failure)) {
            result.completeExceptionally(uncertain ? uncertain(failure) : failure);
            return;
        }
        long delayMs = policy.delayMs(number, jitter.getAsDouble());
        log.atDebug().addKeyValue("request", about).addKeyValue("attempt", number).addKeyValue("delayMs", delayMs).addKeyValue("error", failure.toString())
                .log("Object store request failed; trying again");
        try {
            timer.schedule(() -> again(about, attempt, number + 1, uncertain, result), delayMs, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(uncertain ? uncertain(failure) : failure);
        }
    }

    private static Throwable uncertain(Throwable last) {
        if (last instanceof ColdStoreException.Uncertain) {
            return last;
        }
        return new ColdStoreException.Uncertain("An earlier attempt may have taken effect; the last one failed: " + last.getMessage(), last);
    }

    @Override
    public void close() {
        closed = true;
        timer.shutdown(); // pauses that have begun still end
    }
}
