package io.firn.hot;

import io.firn.hot.flush.Flusher;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** The real store on executors that are given to it, for simulations outside of this module: whoever makes it runs the rounds of forcing and closes it in steps. */
public final class SimHotStore {

    private final StoreDirectory directory;
    private final Flusher flusher;
    private final HotStore store;

    /** @param io the pool */
    public SimHotStore(HotStoreConfig config, Disk disk, Executor io, InstantSource clock, MeterRegistry meters) {
        HotMeters hotMeters = new HotMeters(meters);
        this.flusher = new Flusher(config.flushTickMs(), () -> 0, hotMeters);
        this.directory = StoreDirectory.open(disk, config.directory());
        this.store = new HotStore(config, directory, new StoreThreads(io, flusher, () -> {}), clock, hotMeters);
    }

    public HotStore store() {
        return store;
    }

    /** One round over all logs that have asked. @return how many */
    public int force() {
        return flusher.runRound();
    }

    /** The first half of {@link HotStore#close()}; whether every log was closed cleanly. */
    public CompletableFuture<Boolean> closeLogs() {
        return store.closeLogs();
    }

    /** The second half. */
    public void release(boolean clean) {
        directory.close(clean);
    }
}
