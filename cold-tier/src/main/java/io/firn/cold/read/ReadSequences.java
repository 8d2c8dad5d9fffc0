package io.firn.cold.read;

import io.firn.cold.cache.ChunkAddress;
import io.firn.cold.cache.ChunkCache;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The sequences of reads in progress, by the offset each will ask for next, and the read-ahead made for them. Read-ahead crosses the border of segments.
 *
 * <p>{@link #fetchAhead} is called when a read has to wait, behind the requests it waits for, and when a reader has done with its bytes. Not before: while they are on their way, reading ahead would take
 * the processor from those who send and receive them, and the reader's own work that follows leaves time enough.
 *
 * <p>A sequence outlives the replacement of the segment it stands in (compaction): its place there means nothing in the new one, so that the next read looks it up, but
 * how far it reads ahead stays. What was fetched ahead of the old object is let go.
 *
 * <p>At most {@value #LIMIT} sequences: the one that was idle longest is given up, its read-ahead cancelled. When the cache refuses read-ahead,
 * idle sequences lose what was fetched ahead for them, as these chunks are what fills it, and are given up when they have been idle for {@value #IDLE_MS} ms; and of readers that have become slow what they will not get to in {@link ReaderPace#SPAN_MS} ms.
 *
 * <p>Threading: confined to the reads thread.
 */
final class ReadSequences {

    static final int LIMIT = 1024;

    /**
     * A sequence is idle after so many of its usual pauses between two reads, but not before {@value #LEAST_IDLE_MS} ms and at {@value #IDLE_MS} ms the latest; with fewer reads than that nothing is usual yet. Longer, and what consumers hold that have left keeps a new reader at a few
     * chunks a way to the store and back for as long. It counts only when memory is short, and costs one who was just slow the fetching of its window again.
     */
    static final int IDLE_PAUSES = 16;

    static final long LEAST_IDLE_MS = 500;

    static final long IDLE_MS = 5_000;

    /** Most segments whose indexes are fetched ahead of a reader. */
    static final int SEGMENTS_AHEAD = 8;

    private record Place(TopicIdPartition partition, long offset) {}

    /** @param idleMs after which it is idle */
    private record Entry(ReadSequence sequence, long sinceMs, long idleMs) {}

    private final ChunkCache cache;
    private final IndexCache indexes;
    private final InstantSource clock;
    private final Executor further;
    private final int chunkBytes;
    private final long readAheadBytes;
    /** Idle longest first. */
    private final Map<Place, Entry> waiting = new LinkedHashMap<>();

    /** @param further runs a task on the reads thread that may make memory */
    ReadSequences(ChunkCache cache, IndexCache indexes, InstantSource clock, Executor further, int chunkBytes, long readAheadBytes) {
        this.cache = cache;
        this.indexes = indexes;
        this.clock = clock;
        this.further = further;
        this.chunkBytes = chunkBytes;
        this.readAheadBytes = readAheadBytes;
    }

    /** The sequence whose next read this is, which now belongs to the caller. */
    Optional<ReadSequence> take(LiveSegments segments, long offset) {
        Entry entry = waiting.remove(new Place(segments.partition(), offset));
        if (entry == null) {
            return Optional.empty();
        }
        ReadSequence sequence = entry.sequence();
        sequence.followedOn(chunkBytes, readAheadBytes, clock.millis());
        sequence.see(segments);
        return Optional.of(sequence);
    }

    /** A sequence whose first read, of {@code readBytes} at most, begins where its segment does. */
    ReadSequence begin(LiveSegments segments, LiveSegment segment, SegmentChunks chunks, long readBytes) {
        ReadSequence sequence = new ReadSequence();
        sequence.moveTo(segments, segment, chunks, Math.min(readBytes, chunks.logSizeBytes()), 0);
        sequence.begin(chunkBytes, readAheadBytes);
        return sequence;
    }

    /** The next read of a sequence goes to this segment: its own, the one behind it, or what has replaced it meanwhile. */
    void found(ReadSequence sequence, LiveSegment segment) {
        boolean live = sequence.segment().key().equals(segment.key()) || sequence.segment().nextOffset() <= segment.baseOffset();
        sequence.found(live);
        if (!live) {
            cache.abandon(sequence); // its segment was replaced: the read finds its place in the new one
        }
    }

    /** Keeps the sequence until its next read at {@code offset}; returns the one that is kept. */
    ReadSequence put(ReadSequence sequence, long offset) {
        long nowMs = clock.millis();
        Place place = new Place(sequence.segments().partition(), offset);
        Entry present = waiting.remove(place);
        ReadSequence kept = present == null ? sequence : further(present.sequence(), sequence);
        kept.delivered(nowMs);
        waiting.put(place, new Entry(kept, nowMs, Math.max(LEAST_IDLE_MS, Math.min(IDLE_MS, kept.pausesMs(IDLE_PAUSES, nowMs)))));
        if (waiting.size() > LIMIT) {
            giveUp(waiting.keySet().iterator().next());
        }
        return kept;
    }

    /** Two readers are at the same place: one sequence, the one that looks further ahead, serves both. */
    private ReadSequence further(ReadSequence one, ReadSequence other) {
        ReadSequence further = one.windowBytes() >= other.windowBytes() ? one : other;
        abandon(further == one ? other : one);
        return further;
    }

    private void makeRoom(long nowMs) {
        List<Place> left = new ArrayList<>();
        waiting.forEach((place, entry) -> {
            long silenceMs = nowMs - entry.sinceMs();
            if (silenceMs >= IDLE_MS) {
                left.add(place);
            } else if (silenceMs >= entry.idleMs()) {
                cache.abandon(entry.sequence()); // it may be between two bursts: what it has ahead goes, not what is known of it
            } else {
                cache.keepAhead(entry.sequence(), entry.sequence().usefulBytes(chunkBytes, nowMs));
            }
        });
        left.forEach(this::giveUp);
    }

    private void giveUp(Place place) {
        abandon(waiting.remove(place).sequence());
    }

    /** Its read-ahead is cancelled, or left to whoever wants it. */
    void abandon(ReadSequence sequence) {
        sequence.abandon();
        cache.abandon(sequence);
    }

    int size() {
        return waiting.size();
    }

    /** Requests what of the window is not there yet, or on its way. */
    void fetchAhead(ReadSequence sequence) {
        if (!sequence.abandoned() && sequence.standsInView() && sequence.looksFurther(chunkBytes)) {
            fetchIndexesAhead(sequence);
        }
        if (!sequence.abandoned() && sequence.standsInView() && !requestWindow(sequence)) {
            makeRoom(clock.millis());
        }
    }

    /** False if the cache refused some of it. */
    private boolean requestWindow(ReadSequence sequence) {
        LiveSegment segment = sequence.segment();
        SegmentChunks chunks = sequence.chunks();
        long position = sequence.position();
        long left = sequence.windowBytes();
        while (left > 0) {
            if (position >= chunks.logSizeBytes()) {
                CompletableFuture<Optional<LiveSegment>> next = sequence.segments().after(segment);
                if (!next.isDone()) {
                    if (!sequence.fetchingIndexes()) {
                        whenThere(sequence, next);
                    }
                    return true;
                }
                if (next.isCompletedExceptionally() || next.join().isEmpty()) {
                    break; // a failure shows when the reader gets there
                }
                segment = next.join().get();
                var known = indexes.ifPresent(segment);
                if (known.isEmpty()) {
                    fetchIndexes(sequence, segment);
                    return true;
                }
                chunks = SegmentChunks.of(segment, known.get());
                position = 0;
            }
            int index = chunks.indexOf(position);
            if (!cache.holds(chunks.address(index))) {
                List<ChunkAddress> run = missing(chunks, index, sequence.runBytes());
                if (chunks.end(index + run.size() - 2) - position >= left) {
                    break; // not all of it is in the window yet: it would be two requests
                }
                ChunkCache.Ahead answer = cache.ahead(run, sequence, sequence.windowBytes());
                if (answer != ChunkCache.Ahead.REQUESTED) {
                    return cannot(answer, sequence, sequence.windowBytes() - left);
                }
            }
            left -= chunks.end(index) - position;
            position = chunks.end(index);
        }
        cache.content(sequence);
        return true;
    }

    /** The chunk and those behind it that are not there either, as many as make a run. */
    private List<ChunkAddress> missing(SegmentChunks chunks, int index, long runBytes) {
        List<ChunkAddress> run = new ArrayList<>(List.of(chunks.address(index)));
        long most = Math.max(1, runBytes / chunks.chunkBytes());
        while (run.size() < most && index + run.size() < chunks.count() && !cache.holds(chunks.address(index + run.size()))) {
            run.add(chunks.address(index + run.size()));
        }
        return run;
    }

    private boolean cannot(ChunkCache.Ahead answer, ReadSequence sequence, long aheadBytes) {
        switch (answer) {
            case LATER -> whenMemoryMayBeMade(sequence);
            case SHARE_USED -> sequence.keepTo(aheadBytes, chunkBytes);
            default -> sequence.shrink(chunkBytes);
        }
        return answer == ChunkCache.Ahead.LATER;
    }

    private void whenMemoryMayBeMade(ReadSequence sequence) {
        if (!sequence.waitsForTask()) {
            sequence.waitsForTask(true);
            further.execute(() -> {
                sequence.waitsForTask(false);
                fetchAhead(sequence);
            });
        }
    }

    /** Of the segments that the window comes to next: to find out about each when it gets there would cost it a way to the store and back a segment. A failure shows when the reader gets there, which asks again. */
    private void fetchIndexesAhead(ReadSequence sequence) {
        LiveSegment segment = sequence.segment();
        long bytes = 0;
        for (int count = 0; count < SEGMENTS_AHEAD && bytes < 2 * sequence.windowBytes(); count++) {
            CompletableFuture<Optional<LiveSegment>> next = sequence.segments().after(segment);
            if (!next.isDone() || next.isCompletedExceptionally() || next.join().isEmpty()) {
                return; // a page of the manifest is on its way: the window waits for it, too
            }
            segment = next.join().get();
            bytes += segment.facts().logSizeBytes();
            indexes.ahead(sequence.segments().partition(), segment, sequence);
        }
    }

    private void fetchIndexes(ReadSequence sequence, LiveSegment segment) {
        if (!sequence.fetchingIndexes()) {
            whenThere(sequence, indexes.ahead(sequence.segments().partition(), segment, sequence).thenApply(found -> indexes.ifPresent(segment)));
        }
    }

    /** Goes on when what is to be known first has come: a page of the manifest, or the indexes of a segment. A failure shows when the reader gets there. */
    private void whenThere(ReadSequence sequence, CompletableFuture<? extends Optional<?>> known) {
        sequence.fetchingIndexes(true);
        known.whenComplete((found, failure) -> {
            sequence.fetchingIndexes(false);
            if (failure == null && found.isPresent()) {
                fetchAhead(sequence);
            }
        });
    }
}
