package io.firn.gateway.rig;

import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/** Time that stands still until the test moves it. Thread-safe. */
public final class ManualClock implements InstantSource {

    private final AtomicLong nowMs = new AtomicLong(1_700_000_000_000L);

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(nowMs.get());
    }

    public void advanceMs(long ms) {
        nowMs.addAndGet(ms);
    }
}
