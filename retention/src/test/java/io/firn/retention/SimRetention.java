package io.firn.retention;

import io.firn.cold.ColdStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.function.DoubleSupplier;

/** The real worker on executors that are given to it, for simulations outside of this module: whoever makes it runs its rounds. */
public final class SimRetention {

    private final RetentionWorker worker;

    /** @param mailbox runs one task after the other; {@link #tick} is to be called on it each check interval */
    public SimRetention(RetentionConfig config, ColdStore cold, InstantSource clock, DoubleSupplier random, MeterRegistry meters, Executor mailbox, Executor compactors, Executor coldCompactor,
            ScratchSpace scratch) {
        this.worker = new RetentionWorker(config, cold, clock, random, meters, mailbox, compactors, ColdCompactions.of(config, scratch, coldCompactor), Scrubs.of(config, scratch, coldCompactor, meters), () -> {});
    }

    public RetentionWorker worker() {
        return worker;
    }

    public void tick() {
        worker.tick();
    }
}
