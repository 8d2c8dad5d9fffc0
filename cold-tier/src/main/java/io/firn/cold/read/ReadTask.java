package io.firn.cold.read;

import io.firn.cold.ColdStoreException;
import io.firn.cold.cache.Chunk;
import io.firn.cold.cache.ChunkAddress;
import io.firn.cold.cache.PinBudget;
import io.firn.cold.segment.SegmentIndexes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * One read, from the question to pinned chunks.
 *
 * <pre>
 *   find the segment ─▶ place known (a sequence) ───────────────┐
 *          ├─▶ at its first offset: the place is its start, indexes are fetched beside its chunks and what follows
 *          │                                                    │◀── chunks are of another size than expected: by the indexes
 *          └─▶ fetch indexes ─▶ place before the offset ────────┤
 *                                                               ▼
 *   ┌─▶ reserve pins ─▶ acquire the chunks of a window at the place ─▶ walk to the batch that holds the offset
 *   │                                                  │        │
 *   └── window too small for the batch: larger ◀───────┘        ├── walked to the window's end: next window from there
 *                                                               └── found: cut at a batch boundary ─▶ DONE
 *   any failure, or the deadline: unpin all, fail
 * </pre>
 *
 * <p>Invariants: it pins no more than it reserved; whatever ends it, each chunk and the reservation is given back exactly once (by the reader's release, if
 * it succeeds). Chunks that arrive after the end are unpinned on the spot. Each round moves the place forward or enlarges the window, so it ends.
 *
 * <p>Threading: confined to the reads thread.
 */
final class ReadTask {

    /** A batch that is no longer than a chunk lies in two at most. */
    private static final int LEAST_CHUNKS = 2;

    private final ColdReads reads;
    private final ReadRequest request;
    private final CompletableFuture<BatchRun> result;
    private final List<Chunk> window = new ArrayList<>();

    private Optional<ReadSequence> sequence = Optional.empty();
    private LiveSegment segment;
    private SegmentChunks chunks;
    private long place;
    /** Log bytes from the place on that a window should hold, and those it has to hold to be of use. */
    private long wantedBytes;
    private long mustBytes;
    private PinBudget.Ticket ticket;
    private Runnable cancelDeadline = () -> {};
    private int rounds;
    private boolean over;

    ReadTask(ColdReads reads, ReadRequest request, CompletableFuture<BatchRun> result) {
        this.reads = reads;
        this.request = request;
        this.result = result;
    }

    void start() {
        Optional<ReadSequence> taken = request.goesOn() ? reads.sequences().take(request.segments(), request.offset()) : Optional.empty();
        sequence = taken;
        guarded(() -> {
            Optional<LiveSegment> known = taken.filter(ReadSequence::standsInView).map(ReadSequence::segment).filter(at -> request.offset() < at.nextOffset());
            if (known.isPresent()) {
                begin(known);
            } else {
                request.segments().at(request.offset()).whenComplete((found, failure) -> proceed(failure, () -> begin(found)));
            }
        });
        if (!over) {
            cancelDeadline = reads.threads().reads().executeAfter(reads.deadlineMs(), this::expire);
            taken.ifPresent(reads.sequences()::fetchAhead); // behind what this read waits for
        }
    }

    private void begin(Optional<LiveSegment> found) {
        if (found.isEmpty()) {
            throw new ColdStoreException.Missing("Offset " + request.offset() + " of " + request.segments().partition() + " is not in the cold tier, which holds ["
                    + request.segments().startOffset() + "," + request.segments().endOffset() + ")");
        }
        segment = found.get();
        if (request.limitOffset() <= request.offset()) {
            giveNothing();
            return;
        }
        wantedBytes = Math.max(BatchWalk.HEAD_BYTES, request.maxBytes());
        sequence.ifPresent(followed -> reads.sequences().found(followed, segment));
        if (sequence.isPresent() && sequence.get().segment().key().equals(segment.key())) {
            place = sequence.get().position();
            chunks = sequence.get().chunks();
            reserve();
        } else if (sequence.isEmpty() && request.goesOn() && request.offset() == segment.baseOffset()) {
            enterAtItsStart();
        } else {
            enter(segment);
        }
    }

    /** Who begins where a segment does will go through it: the sequence begins now, not with the next read, and nothing waits for the indexes but the comparison of checksums. */
    private void enterAtItsStart() {
        Optional<SegmentIndexes> known = reads.indexes().ifPresent(segment);
        SegmentChunks expected = known.map(found -> SegmentChunks.of(segment, found))
                .orElseGet(() -> SegmentChunks.expected(segment, reads.chunkBytes(), reads.indexes().get(request.segments().partition(), segment, reader())));
        if (known.isEmpty() && reads.cache().isNear(expected.address(0))) {
            enter(segment); // of what is at hand nothing is asked of the store
            return;
        }
        chunks = expected;
        place = 0;
        sequence = Optional.of(reads.sequences().begin(request.segments(), segment, chunks, Math.min(wantedBytes, (long) Math.max(LEAST_CHUNKS, fairChunks()) * chunks.chunkBytes())));
        reserve();
        if (!over) {
            reads.sequences().fetchAhead(sequence.get());
        }
    }

    private void enter(LiveSegment next) {
        segment = next;
        reads.indexes().get(request.segments().partition(), segment, reader()).whenComplete((found, failure) -> proceed(failure, () -> {
            chunks = SegmentChunks.of(segment, found);
            place = found.positionBefore(request.offset());
            reserve();
        }));
    }

    /** Whose turn our requests take: the sequence's, or our own. */
    private Object reader() {
        return sequence.<Object>map(s -> s).orElse(this);
    }

    private void reserve() {
        int most = mostChunks();
        int needed = Math.max(LEAST_CHUNKS, countTo(mustBytes));
        if (needed > most) {
            throw new ColdStoreException.Misconfigured("The cold cache lets a read hold " + most + " chunks of " + chunks.chunkBytes() + " bytes; the batch at offset "
                    + request.offset() + " of " + request.segments().partition() + " needs " + needed, null);
        }
        int count = Math.max(needed, Math.min(fairChunks(), countTo(wantedBytes)));
        ticket = reads.cache().pins().request(count * reads.cache().pool().units(chunks.chunkBytes()));
        if (ticket.granted().isDone() && rounds++ == 0) {
            acquire(); // further rounds begin anew, however many follow
        } else {
            ticket.granted().whenCompleteAsync((nothing, failure) -> proceed(failure, this::acquire), reads.threads().reads());
        }
    }

    private int mostChunks() {
        return reads.cache().pins().capacityUnits() / reads.cache().pool().units(chunks.chunkBytes());
    }

    private int fairChunks() {
        return mostChunks() / ColdReads.READS_AT_ONCE;
    }

    /** Chunks that hold the next {@code bytes} of the log from the place on. */
    private int countTo(long bytes) {
        return chunks.indexOf(Math.min(place + Math.max(1, bytes), chunks.logSizeBytes()) - 1) - chunks.indexOf(place) + 1;
    }

    private void acquire() {
        int count = Math.min(countTo(wantedBytes), ticket.units() / reads.cache().pool().units(chunks.chunkBytes()));
        acquire(new Chunk[count], new ArrayList<>());
    }

    /** Asks for what of the window was not asked for: at most as much as this task may make memory for, the rest in a further one. */
    private void acquire(Chunk[] arrived, List<CompletableFuture<?>> asked) {
        int first = chunks.indexOf(place);
        List<ChunkAddress> missing = IntStream.range(first + asked.size(), first + arrived.length).mapToObj(chunks::address).toList();
        for (CompletableFuture<Chunk> chunk : reads.cache().acquire(missing, reader())) {
            int slot = asked.size();
            asked.add(chunk.thenAccept(there -> arrive(arrived, slot, there)));
        }
        if (asked.size() < arrived.length) {
            reads.inFurtherTask(() -> proceed(null, () -> acquire(arrived, asked)));
        } else {
            CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).whenComplete((nothing, failure) -> proceed(failure, () -> look(arrived)));
        }
    }

    private void arrive(Chunk[] arrived, int slot, Chunk chunk) {
        if (over) {
            reads.cache().unpin(chunk);
        } else {
            arrived[slot] = chunk;
            window.add(chunk);
        }
    }

    private void look(Chunk[] arrived) {
        ChunkSpan span = new ChunkSpan(chunks.chunkBytes(), List.of(arrived));
        BatchWalk walk = new BatchWalk(span, chunks.logSizeBytes());
        place = walk.seek(place, request.offset());
        if (place >= chunks.logSizeBytes()) {
            nextSegment();
        } else if (place + BatchWalk.HEAD_BYTES > chunks.logSizeBytes()) {
            throw new ColdStoreException.Corrupt("The log of " + segment.key() + " ends within a batch header at " + place, null);
        } else if (!walk.hasHead(place)) {
            closeWindow();
            reserve();
        } else {
            found(span, walk, walk.batchAt(place));
        }
    }

    /** The offset lies in a gap at the segment's end, which compaction leaves: the next batch is in the next segment, or behind the cold tier's end. */
    private void nextSegment() {
        closeWindow();
        request.segments().after(segment).whenComplete((next, failure) -> proceed(failure, () -> {
            if (next.isEmpty() || next.get().baseOffset() >= request.limitOffset()) {
                giveNothing(Math.min(segment.nextOffset(), request.limitOffset()));
            } else {
                enter(next.get());
            }
        }));
    }

    private void found(ChunkSpan span, BatchWalk walk, BatchWalk.Batch first) {
        boolean tooLarge = first.sizeBytes() > request.maxBytes() && !request.minOneBatch();
        if (tooLarge || first.nextOffset() > request.limitOffset()) {
            giveNothing();
            return;
        }
        if (first.end() > span.end()) {
            closeWindow();
            mustBytes = first.sizeBytes();
            wantedBytes = Math.max(wantedBytes, mustBytes);
            reserve();
            return;
        }
        long limit = Math.min(span.end(), place + Math.max(request.maxBytes(), first.sizeBytes()));
        deliver(span, first, cut(walk, first, limit));
    }

    /** The indexes, if they are kept, save the walk; they are not held until here, as they are megabytes and a read may have waited long. */
    private BatchWalk.End cut(BatchWalk walk, BatchWalk.Batch first, long limit) {
        BatchWalk.End none = new BatchWalk.End(first.end(), first.nextOffset());
        long jump = reads.indexes().ifPresent(segment).map(known -> known.boundaryBefore(limit - BatchWalk.HEAD_BYTES, request.limitOffset())).orElse(0L);
        if (jump > first.end()) {
            BatchWalk.End end = walk.end(jump, none, limit, request.limitOffset());
            if (end.position() > jump) {
                return end;
            }
        }
        return walk.end(first.end(), none, limit, request.limitOffset());
    }

    private void deliver(ChunkSpan span, BatchWalk.Batch first, BatchWalk.End end) {
        List<Chunk> held = span.holding(first.position(), end.position());
        ByteBuffer[] buffers = span.slices(first.position(), end.position());
        window.stream().filter(chunk -> !held.contains(chunk)).forEach(reads.cache()::unpin);
        window.clear();
        PinBudget.Ticket used = ticket;
        ticket = null;
        int size = (int) (end.position() - first.position());
        Optional<ReadSequence> kept = request.goesOn() ? Optional.of(keep(end, size)) : Optional.empty();
        succeed(new BatchRun(buffers, size, first.baseOffset(), end.nextOffset(), () -> reads.meters().delivered(size), () -> reads.release(held, used, kept)));
    }

    private ReadSequence keep(BatchWalk.End end, int size) {
        ReadSequence followed = sequence.orElseGet(ReadSequence::new);
        followed.moveTo(request.segments(), segment, chunks, end.position(), size);
        return reads.sequences().put(followed, end.nextOffset());
    }

    private void expire() {
        fail(new ColdStoreException.Unavailable("No answer for offset " + request.offset() + " of " + request.segments().partition() + " within "
                + reads.deadlineMs() + " ms", null));
    }

    private void proceed(Throwable failure, Runnable next) {
        if (over) {
            return;
        }
        if (failure == null) {
            guarded(next);
            return;
        }
        Throwable cause = ColdStoreException.unwrap(failure);
        if (cause instanceof SegmentChunks.OtherSize) {
            guarded(this::startAgain);
        } else {
            fail(cause);
        }
    }

    /** By what the indexes say, which have come meanwhile; what is asked for by them is of the right size. */
    private void startAgain() {
        closeWindow();
        sequence.ifPresent(reads.sequences()::abandon);
        sequence = Optional.empty();
        enter(segment);
    }

    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            if (over) {
                throw e; // read-ahead after a read that succeeded: the executor's handler reports it
            }
            fail(e);
        }
    }

    private void succeed(BatchRun run) {
        end();
        reads.hand(run, result, request.completion());
    }

    private void giveNothing() {
        giveNothing(request.offset());
    }

    /** There is no batch from the offset asked for up to {@code goOnAt}. */
    private void giveNothing(long goOnAt) {
        closeWindow();
        sequence.ifPresent(reads.sequences()::abandon);
        succeed(BatchRun.empty(request.offset(), goOnAt));
    }

    private void end() {
        over = true;
        cancelDeadline.run();
        reads.ended(this);
    }

    void fail(Throwable cause) {
        if (over) {
            return;
        }
        end();
        closeWindow();
        reads.meters().readFailed();
        sequence.ifPresent(reads.sequences()::abandon);
        reads.hand(cause, result, request.completion());
    }

    private void closeWindow() {
        window.forEach(reads.cache()::unpin);
        window.clear();
        if (ticket != null) {
            reads.cache().pins().giveBack(ticket);
            ticket = null;
        }
    }
}
