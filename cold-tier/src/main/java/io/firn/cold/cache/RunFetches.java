package io.firn.cold.cache;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import io.firn.cold.segment.Checksums;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * Fetches chunks by runs: one request for neighbours, however many, and each of them handed over as soon as its own bytes have come and its checksum was compared.
 *
 * <pre>
 *   demand, ahead ─▶ queued ─▶ one GET ──▶ first targets full: claimed, verified ─▶ arrived
 *                      │                └─▶ the end: the rest verified, or all of it failed ─▶ arrived
 *                      └─ cancelled, if nobody waits for it
 *   a chunk that fails its checksum: once more, by itself
 * </pre>
 *
 * <p><b>Invariants.</b> Each chunk given arrives once, unless its run was cancelled. What has failed with a request says nothing of the chunks of that run that had come before. A run's place among the requests in flight is free when its request has ended, whatever became of
 * its chunks.
 *
 * <p>Threading: confined to the reads thread; checksums are taken on the thread that brought the bytes, whose processor has them at hand, but on {@code work} where the table they are compared with comes later.
 */
final class RunFetches {

    /**
     * Most bytes of one request that a read waits for. A store far away takes 30 to 200 ms to the first byte, and a connection brings some 90 MB/s: so two chunks of 1 MiB, which is what an ordinary fetch touches, come by one
     * request 11 ms later than by two, and four would come 35 ms later, as long as the nearest of such stores takes for all of it.
     */
    static final int DEMANDED_RUN_BYTES = 2 << 20;

    /** Where chunks go. */
    interface Arrivals {
        /** On the reads thread, once a chunk: verified, or why it could not be had. */
        void arrived(Chunk chunk, Optional<Throwable> failure);
    }

    private final RangedGets gets;
    private final ColdThreads threads;
    private final ColdMeters meters;
    private final FetchQueue fetches;
    private final Arrivals arrivals;

    RunFetches(RangedGets gets, ColdThreads threads, ColdMeters meters, FetchQueue fetches, Arrivals arrivals) {
        this.gets = gets;
        this.threads = threads;
        this.meters = meters;
        this.fetches = fetches;
        this.arrivals = arrivals;
    }

    /** Chunks that a read of {@code reader} waits for, in order; neighbours go together. */
    void demand(List<Chunk> chunks, Object reader) {
        List<Chunk> together = new ArrayList<>();
        long bytes = 0;
        for (Chunk chunk : chunks) {
            if (!together.isEmpty() && (!follows(together.get(together.size() - 1), chunk) || bytes + chunk.length() > DEMANDED_RUN_BYTES)) {
                demandRun(together, reader);
                together.clear();
                bytes = 0;
            }
            together.add(chunk);
            bytes += chunk.length();
        }
        if (!together.isEmpty()) {
            demandRun(together, reader);
        }
    }

    private static boolean follows(Chunk one, Chunk other) {
        return one.index() + 1 == other.index() && one.address.object().equals(other.address.object());
    }

    private void demandRun(List<Chunk> chunks, Object reader) {
        Run run = enter(chunks);
        run.fetch = fetches.demand(reader, done -> begin(run, done));
    }

    /** Neighbours that nobody waits for yet, by one request. */
    void ahead(List<Chunk> neighbours, Object sequence) {
        Run run = enter(neighbours);
        run.fetch = fetches.ahead(sequence, done -> begin(run, done));
    }

    private static Run enter(List<Chunk> chunks) {
        Run run = new Run(chunks);
        run.chunks().forEach(chunk -> {
            chunk.run = run;
            chunk.state = Chunk.State.QUEUED;
        });
        return run;
    }

    /** Somebody waits for this chunk now: its run goes before what is fetched ahead. */
    void promote(Chunk chunk) {
        fetches.promote(chunk.run.fetch);
    }

    /** Takes the run of a queued chunk out, if nobody waits for any of it; gives the chunks that will not arrive. */
    List<Chunk> cancel(Chunk chunk) {
        return chunk.state == Chunk.State.QUEUED && fetches.cancel(chunk.run.fetch) ? chunk.run.chunks() : List.of();
    }

    private void begin(Run run, Runnable done) {
        run.chunks().forEach(chunk -> chunk.state = Chunk.State.FETCHING);
        gets.get(run.object(), run.position(), run.targets(), full -> partlyThere(run, full)).whenComplete((nothing, failure) -> {
            onReads(done);
            List<Chunk> rest = run.claim(run.size());
            if (failure == null) {
                verify(rest);
            } else {
                onReads(() -> arrived(rest, Collections.nCopies(rest.size(), Optional.of(ColdStoreException.unwrap(failure)))));
            }
        });
    }

    /** On a thread of the store, sockets' perhaps. The last chunk is left to the end of the request, which follows at once. */
    private void partlyThere(Run run, int full) {
        if (full == run.size()) {
            return;
        }
        verify(run.claim(full)); // none, if the end of the request was faster
    }

    /** Here and now, or if their checksums are on their way, which are of one table, when these have come. */
    private void verify(List<Chunk> there) {
        if (there.isEmpty()) {
            return;
        }
        CompletableFuture<int[]> checksums = there.get(0).address.checksums();
        if (checksums.isDone()) {
            compare(there);
        } else {
            checksums.whenCompleteAsync((known, unknown) -> compare(there), threads.work());
        }
    }

    private void compare(List<Chunk> there) {
        List<Optional<Throwable>> found = there.stream().map(RunFetches::damage).toList();
        onReads(() -> arrived(there, found));
    }

    private void onReads(Runnable task) {
        try {
            threads.reads().execute(task);
        } catch (RejectedExecutionException closed) {
            return; // reads in progress were failed when the store was closed, and the buffers go with it
        }
    }

    private static Optional<Throwable> damage(Chunk chunk) {
        if (!chunk.address.hasChecksum()) {
            return Optional.of(chunk.address.checksums().handle((known, unknown) -> ColdStoreException.unwrap(unknown)).join());
        }
        return Checksums.crc32c(chunk.buffer.slice(0, chunk.length())) == chunk.address.crc32c() ? Optional.empty()
                : Optional.of(new ColdStoreException.Corrupt("Chunk " + chunk.index() + " of " + chunk.address.object() + " fails its checksum", null));
    }

    private void arrived(List<Chunk> chunks, List<Optional<Throwable>> failures) {
        for (int i = 0; i < chunks.size(); i++) {
            arrived(chunks.get(i), failures.get(i));
        }
    }

    private void arrived(Chunk chunk, Optional<Throwable> failure) {
        if (failure.isPresent() && failure.get() instanceof ColdStoreException.Corrupt && chunk.address.hasChecksum() && chunk.corruptArrivals++ == 0) {
            meters.corruptChunk();
            demandRun(List.of(chunk), chunk); // damaged on the way, perhaps: once more, and not its neighbours
            return;
        }
        arrivals.arrived(chunk, failure);
    }
}
