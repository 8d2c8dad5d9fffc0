package io.firn.cold.cache;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * A chunk in a pooled buffer, on its way or there. Its buffer is not used for anything else while {@code pins > 0} or a request or the disk fills it; if the disk does not end, the chunk gets another one.
 *
 * <pre>
 *   QUEUED ──▶ FETCHING ──verified──▶ READY ──evicted──▶ (buffer back to the pool)
 *     │ ▲          └──failed──▶ waiters fail, buffer back to the pool
 *     │ └─too late─ LOADING ──from the local disk, verified──▶ READY
 *     └─ read-ahead cancelled
 * </pre>
 *
 * <p>Confined to the reads thread, but for {@link #bytes}.
 */
public final class Chunk {

    enum State {
        QUEUED,
        LOADING,
        FETCHING,
        READY
    }

    ChunkAddress address;
    ByteBuffer buffer;
    final List<CompletableFuture<Chunk>> waiters = new ArrayList<>();
    State state = State.QUEUED;
    /** What it comes, or came, with; null until it is asked of the store. */
    Run run;
    int pins;
    int corruptArrivals;
    /** Whether a reader has asked for it since it is in memory. */
    boolean asked;
    /** When it was asked for before, if it is to be written to the local disk once it is here. */
    OptionalLong keep = OptionalLong.empty();
    /** Whose read-ahead it is or was; null if it was asked for by a read that waits. */
    AheadBudget.Share share;
    /** Whether it was fetched ahead and nobody has read it. */
    boolean unread;
    /** Whether its request counts as one made ahead: nobody has reserved memory for it. */
    boolean onTheWayAhead;

    Chunk(ChunkAddress address, ByteBuffer buffer) {
        this.address = address;
        this.buffer = buffer;
    }

    public int index() {
        return address.index();
    }

    public int length() {
        return address.length();
    }

    /** A read-only view of the bytes, position 0 to limit; only while pinned. */
    public ByteBuffer bytes() {
        return buffer.slice(0, address.length()).asReadOnlyBuffer();
    }
}
