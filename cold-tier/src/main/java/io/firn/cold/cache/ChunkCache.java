package io.firn.cold.cache;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import io.firn.cold.segment.Checksums;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Chunks by address: one request for each, however many readers want it; verified once, on arrival; evicted least recently used first.
 *
 * <p><b>Memory.</b> All buffers come from one {@link BufferPool}. Of its units, three quarters may be pinned by reads ({@link PinBudget}: who wants more
 * waits), one quarter may be in flight ahead of readers, and one half hold chunks fetched ahead that nobody has read yet; read-ahead beyond that is
 * refused, not queued. So whoever was let in finds a buffer: what is neither pinned nor in flight can be evicted, unread chunks last.
 *
 * <p><b>Invariants.</b> A buffer is filled by one request at a time, and not read before its checksum was compared; a pinned chunk is
 * never evicted; a chunk that fails its checksum twice is {@link ColdStoreException.Corrupt} for those who wait and is not kept.
 *
 * <p>Threading: confined to the reads thread; a checksum is taken on the thread that brought the bytes, which has them in its cache: about 20 µs a MiB, less than a hop.
 */
public final class ChunkCache {

    private final RangedGets gets;
    private final ColdThreads threads;
    private final ColdMeters meters;
    private final BufferPool pool;
    private final PinBudget pins;
    private final FetchQueue fetches;
    /** In order of use, the least recent first. */
    private final Map<ChunkAddress.Key, Chunk> chunks = new LinkedHashMap<>(64, 0.75f, true);
    private int aheadInFlightUnits;
    private int aheadUnreadUnits;

    public ChunkCache(RangedGets gets, ColdThreads threads, ColdMeters meters, BufferPool pool, FetchQueue fetches) {
        this.gets = gets;
        this.threads = threads;
        this.meters = meters;
        this.pool = pool;
        this.pins = new PinBudget(Math.max(1, pool.capacityUnits() - pool.capacityUnits() / 4));
        this.fetches = fetches;
    }

    public PinBudget pins() {
        return pins;
    }

    public BufferPool pool() {
        return pool;
    }

    /**
     * A chunk, pinned for the caller, who holds enough of the budget and unpins it. Fails with {@link ColdStoreException}.
     *
     * @param reader whose turn the request takes
     */
    public CompletableFuture<Chunk> acquire(ChunkAddress address, Object reader) {
        Chunk chunk = chunks.get(address.key());
        if (chunk == null) {
            Optional<ByteBuffer> buffer = buffer(address.length(), true);
            if (buffer.isEmpty()) {
                return CompletableFuture.failedFuture(new ColdStoreException.Unavailable("No memory for a chunk of " + address.length() + " bytes", null));
            }
            chunk = enter(address, buffer.get());
        }
        endUnread(chunk);
        endAhead(chunk);
        if (chunk.state == Chunk.State.READY) {
            chunk.pins++;
            meters.chunkHit();
            return CompletableFuture.completedFuture(chunk);
        }
        CompletableFuture<Chunk> waiter = new CompletableFuture<>();
        chunk.waiters.add(waiter);
        demand(chunk, reader);
        return waiter;
    }

    private void demand(Chunk chunk, Object reader) {
        if (chunk.fetch == null) {
            meters.chunkMiss();
            chunk.fetch = fetches.demand(reader, done -> begin(chunk, done));
        } else {
            meters.chunkJoined();
            fetches.promote(chunk.fetch);
        }
    }

    /**
     * Fetches a chunk that will be wanted.
     *
     * @param sequence for whom, see {@link #abandon}
     * @return whether it is there or on its way; no when the limits of read-ahead are reached
     */
    public boolean ahead(ChunkAddress address, Object sequence) {
        if (chunks.get(address.key()) != null) {
            return true;
        }
        int units = pool.units(address.length());
        if (aheadInFlightUnits + units > Math.max(1, pool.capacityUnits() / 4) || aheadUnreadUnits + units > Math.max(1, pool.capacityUnits() / 2)) {
            return false;
        }
        Optional<ByteBuffer> buffer = buffer(address.length(), false);
        if (buffer.isEmpty()) {
            return false;
        }
        Chunk chunk = enter(address, buffer.get());
        chunk.aheadFor = sequence;
        chunk.requestedAhead = true;
        aheadUnreadUnits += units;
        aheadInFlightUnits += units;
        meters.chunkAhead();
        chunk.fetch = fetches.ahead(sequence, done -> begin(chunk, done));
        return true;
    }

    /** Nobody follows this sequence any more: what was fetched ahead for it loses its protection, what has not begun is cancelled. */
    public void abandon(Object sequence) {
        for (Chunk chunk : List.copyOf(chunks.values())) {
            if (chunk.aheadFor == sequence) {
                boolean cancelled = chunk.state == Chunk.State.QUEUED && fetches.cancel(chunk.fetch);
                endUnread(chunk);
                if (cancelled) {
                    endAhead(chunk);
                    drop(chunk);
                }
            }
        }
    }

    public void unpin(Chunk chunk) {
        if (--chunk.pins < 0) {
            throw new IllegalStateException("Chunk " + chunk.address + " was unpinned too often");
        }
    }

    /** Pins held now, for tests and metrics. */
    public int pinned() {
        return chunks.values().stream().mapToInt(chunk -> chunk.pins).sum();
    }

    /** Buffers with chunks fetched ahead that nobody has read. */
    public int unreadUnits() {
        return aheadUnreadUnits;
    }

    private Chunk enter(ChunkAddress address, ByteBuffer buffer) {
        Chunk chunk = new Chunk(address, buffer);
        chunks.put(address.key(), chunk);
        return chunk;
    }

    /** The chunk is no longer one that was fetched ahead and waits for its reader. */
    private void endUnread(Chunk chunk) {
        if (chunk.aheadFor != null) {
            chunk.aheadFor = null;
            aheadUnreadUnits -= pool.units(chunk.length());
        }
    }

    /** Its request is over, or somebody with reserved memory waits for it. */
    private void endAhead(Chunk chunk) {
        if (chunk.requestedAhead) {
            chunk.requestedAhead = false;
            aheadInFlightUnits -= pool.units(chunk.length());
        }
    }

    private Optional<ByteBuffer> buffer(int bytes, boolean demanded) {
        Optional<ByteBuffer> buffer = pool.take(bytes);
        while (buffer.isEmpty() && (evict(false) || demanded && evict(true))) {
            buffer = pool.take(bytes);
        }
        return buffer;
    }

    private boolean evict(boolean unreadToo) {
        for (Iterator<Chunk> eldest = chunks.values().iterator(); eldest.hasNext(); ) {
            Chunk chunk = eldest.next();
            if (chunk.state == Chunk.State.READY && chunk.pins == 0 && (unreadToo || chunk.aheadFor == null)) {
                eldest.remove();
                endUnread(chunk);
                pool.give(chunk.buffer);
                return true;
            }
        }
        return false;
    }

    private void drop(Chunk chunk) {
        chunks.remove(chunk.address.key());
        pool.give(chunk.buffer);
    }

    private void begin(Chunk chunk, Runnable done) {
        chunk.state = Chunk.State.FETCHING;
        ChunkAddress address = chunk.address;
        gets.get(address.object(), address.position(), chunk.buffer.slice(0, address.length()))
                .thenRun(() -> verify(chunk))
                .whenCompleteAsync((nothing, failure) -> {
                    done.run();
                    arrived(chunk, failure);
                }, threads.reads());
    }

    private static void verify(Chunk chunk) {
        int crc = Checksums.crc32c(chunk.buffer.slice(0, chunk.length()));
        if (crc != chunk.address.crc32c()) {
            throw new ColdStoreException.Corrupt("Chunk " + chunk.index() + " of " + chunk.address.object() + " fails its checksum", null);
        }
    }

    private void arrived(Chunk chunk, Throwable failure) {
        Throwable cause = ColdStoreException.unwrap(failure);
        if (cause instanceof ColdStoreException.Corrupt && chunk.corruptArrivals++ == 0) {
            meters.corruptChunk();
            chunk.fetch = fetches.demand(chunk, done -> begin(chunk, done)); // damaged on the way, perhaps: once more
            return;
        }
        endAhead(chunk);
        chunk.state = Chunk.State.READY;
        List<CompletableFuture<Chunk>> waiters = new ArrayList<>(chunk.waiters);
        chunk.waiters.clear();
        if (cause != null) {
            endUnread(chunk);
            drop(chunk);
            waiters.forEach(waiter -> waiter.completeExceptionally(cause));
            return;
        }
        chunk.pins += waiters.size();
        waiters.forEach(waiter -> waiter.complete(chunk));
    }
}
