package io.firn.cold;

import io.firn.cold.read.BatchRun;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/** Reads that have come, without a cold tier behind them, for tests of who gets them. It knows how many were given back. Thread-safe. */
public final class SimColdReads {

    private final AtomicInteger released = new AtomicInteger();

    /** One record's worth of zeros from {@code offset} on; not to be asked for aborted transactions. */
    public ColdRead read(long offset, int sizeBytes) {
        ByteBuffer[] bytes = {ByteBuffer.allocateDirect(sizeBytes).asReadOnlyBuffer()};
        return new ColdRead(new BatchRun(bytes, sizeBytes, offset, offset + 1, () -> {}, released::incrementAndGet), null, offset + 1);
    }

    /** Reads given back. */
    public int released() {
        return released.get();
    }
}
