package io.firn.it.bench;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** How fast somebody takes bytes: no more than a rate, as a link would let through. What was not taken in time is not made up for, but for {@value #CREDIT_MS} ms. Confined to one thread. */
final class Pace {

    private static final long CREDIT_MS = 20;
    private static final long CREDIT_NANOS = TimeUnit.MILLISECONDS.toNanos(CREDIT_MS);

    private final long bytesPerSecond;
    private long due;

    /** @param bytesPerSecond 0 is as fast as it goes */
    Pace(long bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
        this.due = System.nanoTime();
    }

    /** These bytes have been taken: returns when the link is free for more, or nobody wants more. */
    void took(long bytes, BooleanSupplier over) {
        if (bytesPerSecond == 0) {
            return;
        }
        long now = System.nanoTime();
        due = (due - (now - CREDIT_NANOS) > 0 ? due : now - CREDIT_NANOS) + (long) (bytes * 1e9 / bytesPerSecond);
        while (System.nanoTime() - due < 0 && !over.getAsBoolean()) {
            LockSupport.parkNanos(due - System.nanoTime());
        }
    }
}
