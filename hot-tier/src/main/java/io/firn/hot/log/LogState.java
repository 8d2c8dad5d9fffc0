package io.firn.hot.log;

import io.firn.hot.Durability;
import io.firn.hot.HotLogConfig;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.flush.FlushTarget;
import io.firn.hot.log.Availability.Busy;
import io.firn.hot.log.Availability.Closed;
import io.firn.hot.log.Availability.Offline;
import io.firn.hot.log.Availability.Writable;
import io.firn.hot.producer.ProducerStates;
import io.firn.hot.recovery.RecoveredLog;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.Segment;
import io.firn.hot.segment.SegmentFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything one log knows in memory: its segments, offsets, epochs, producers, and whether it is in service.
 *
 * <p><i>Invariants</i>: segments follow each other without gap, the active one last; log start ≤ log end; durable offset ≤ log end. Under
 * {@link Durability#OS} the durable offset is the log end, unless {@code flush.messages} holds it back: the append that makes so many records un-forced, and what comes
 * after it, counts when that append was forced.
 *
 * <p>Threading: confined to the loop of the partition.
 */
public final class LogState implements FlushTarget.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(LogState.class);

    private static final long EXPIRY_INTERVAL_MS = 60_000;
    private static final long NEVER = -1;

    private final LogContext context;
    private final RecentBatches recent = new RecentBatches();
    private final Residency residency = new Residency();
    private final List<SealedPart> sealed = new ArrayList<>();
    private HotLogConfig config;
    private ActiveSegment active;
    private ProducerStates producers;
    private LeaderEpochs epochs;
    private FlushTarget flush;
    private long logStartOffset;
    private long gapsBelow;
    private long cleanTo;
    private long durableOffset;
    private long dirtyBytes;
    private long dirtyRecords;
    private long dirtySinceMs;
    private long forceUpTo;
    private long holdUpTo;
    private boolean beingCut;
    private long lastExpiryMs;
    private Runnable durableListener = () -> {};
    private Availability availability = new Writable();

    /** Done when no segments are being replaced. Appends go on meanwhile. */
    private CompletableFuture<Void> swapping = CompletableFuture.completedFuture(null);

    public LogState(LogContext context, HotLogConfig config, RecoveredLog recovered) {
        this.context = context;
        this.config = config;
        install(recovered);
    }

    /** The log's end is about to be cut off: until {@link #install} its files may be shorter than this state says. */
    void beginCut() {
        beingCut = true;
        flush.close();
    }

    /** Whether what lies in the files is changing; reads have to wait. */
    public boolean isBeingCut() {
        return beingCut;
    }

    /** Reading {@code files} failed in the background: the log is offline, unless they are no longer its own, or being cut: then nothing follows from it. */
    void onReadFailure(List<SegmentFile> files, Throwable failure) {
        if (failure instanceof Exception && !beingCut && files().containsAll(files)) {
            goOffline("reading failed: " + failure.getMessage(), failure);
        }
    }

    /** Takes over what recovery (at the opening, or after a truncation) found. The files held before must have been released. */
    void install(RecoveredLog recovered) {
        beingCut = false;
        sealed.clear();
        sealed.addAll(recovered.sealed());
        producers = recovered.producers();
        logStartOffset = recovered.checkpoint().logStartOffset();
        gapsBelow = recovered.checkpoint().gapsBelow();
        cleanTo = recovered.checkpoint().cleanTo();
        epochs = recovered.epochs();
        flush = new FlushTarget(context.flusher(), context.loop(), context.directory(), recovered.active().file(), recovered.active().nextOffset(), this);
        durableOffset = recovered.active().nextOffset();
        forceUpTo = durableOffset;
        holdUpTo = durableOffset;
        clean();
        activate(recovered.active());
    }

    private void activate(ActiveSegment segment) {
        active = segment;
        recent.reset(segment.nextOffset(), segment.sizeBytes());
        residency.onActive(segment.file(), segment.sizeBytes());
    }

    /** Seals the active segment and goes on in {@code next}; returns what was sealed. */
    SealedPart roll(ActiveSegment next) {
        SealedPart part = active.seal();
        sealed.add(part);
        flush.onNewFile(next.file());
        activate(next);
        context.meters().rolled();
        return part;
    }

    /** The batches up to the active segment's end are written. */
    void onAppended(int bytes, int records) {
        recent.add(active.nextOffset(), active.sizeBytes());
        residency.onAppended(active.sizeBytes());
        context.meters().appended(bytes);
        flush.onWritten(active.nextOffset());
        dirtyBytes += bytes;
        dirtyRecords += records;
    }

    /** After an append: makes it durable, or has it made so. */
    void commitAppend(long nowMs) {
        if (context.store().durability() == Durability.FSYNC) {
            flush.request();
            return;
        }
        if (dirtySinceMs == NEVER) {
            dirtySinceMs = nowMs;
        }
        if (dirtyRecords >= config.flush().messages()) {
            holdUpTo = active.nextOffset();
            force();
        } else if (dirtyBytes >= context.store().maxDirtyBytes()) {
            force();
        }
        if (flushedUpToHold()) {
            advanceDurable(active.nextOffset());
        }
    }

    /** Under {@link Durability#OS}: forces what has waited for {@code flush.ms}. */
    public void forceAged(long nowMs) {
        if (dirtySinceMs != NEVER && nowMs - dirtySinceMs >= config.flush().ms() && isServing()) {
            force();
        }
    }

    private void force() {
        forceUpTo = active.nextOffset();
        clean();
        flush.request();
    }

    private void clean() {
        dirtyBytes = 0;
        dirtyRecords = 0;
        dirtySinceMs = NEVER;
    }

    private boolean flushedUpToHold() {
        return holdUpTo <= durableOffset;
    }

    @Override
    public void onForced(long endOffset) {
        if (context.store().durability() == Durability.FSYNC) {
            flush.request();
            advanceDurable(endOffset);
            return;
        }
        if (endOffset < forceUpTo) {
            flush.request();
        }
        if (!flushedUpToHold()) {
            advanceDurable(endOffset >= holdUpTo ? active.nextOffset() : endOffset);
        }
    }

    @Override
    public void onForceFailed(IOException error) {
        goOffline("forcing to disk failed: " + error.getMessage(), error);
    }

    private void advanceDurable(long offset) {
        if (offset > durableOffset && !(availability instanceof Offline) && !(availability instanceof Closed)) {
            durableOffset = offset;
            durableListener.run();
        }
    }

    /** Forgets idle producers, now and then: it looks at all of them. */
    public void expireProducers(long nowMs) {
        if (isServing() && nowMs - lastExpiryMs >= EXPIRY_INTERVAL_MS) {
            lastExpiryMs = nowMs;
            producers.expire(nowMs);
        }
    }

    // Availability

    Availability availability() {
        return availability;
    }

    public boolean isServing() {
        return !(availability instanceof Offline) && !(availability instanceof Closed);
    }

    /** Moves on, unless the log has gone out of service meanwhile. Whoever waited for a busy log is told after the move. */
    void become(Availability next) {
        Availability before = availability;
        if (isServing()) {
            availability = next;
        }
        if (before instanceof Busy busy && availability != before) {
            busy.over().complete(null);
        }
    }

    /** Stops serving for good; an operator has to act. Only the first reason counts. */
    public void goOffline(String reason, Throwable cause) {
        if (isServing()) {
            LOG.atError().addKeyValue("partition", context.partition()).addKeyValue("reason", reason).setCause(cause).log("log is offline");
            context.meters().offline(1);
            flush.close();
            become(new Offline(reason));
        }
    }

    /** The owner is done with the log. */
    void close() {
        if (availability instanceof Offline) {
            context.meters().offline(-1);
        }
        Availability before = availability;
        availability = new Closed();
        if (before instanceof Busy busy) {
            busy.over().complete(null);
        }
    }

    /** Completes at once when appends are taken or refused for good; else when the file work under way has ended. */
    public CompletableFuture<Void> whenWritable() {
        return availability instanceof Busy busy ? busy.over() : CompletableFuture.completedFuture(null);
    }

    /** Segments are about to be replaced; to be completed on the loop when that has ended, well or not. */
    CompletableFuture<Void> beginSwap() {
        swapping = new CompletableFuture<>();
        return swapping;
    }

    /** What has to end before segments may be taken away or replaced: a roll, a truncation, a replacement. */
    Optional<CompletableFuture<Void>> changeUnderWay() {
        if (availability instanceof Busy busy) {
            return Optional.of(busy.over());
        }
        return swapping.isDone() ? Optional.empty() : Optional.of(swapping);
    }

    /** Why nothing is served, or empty. */
    public String offlineReason() {
        if (availability instanceof Offline offline) {
            return offline.reason();
        }
        return availability instanceof Closed ? "the log is closed" : "";
    }

    // What is known

    public LogContext context() {
        return context;
    }

    public HotLogConfig config() {
        return config;
    }

    public void reconfigure(HotLogConfig newConfig) {
        config = newConfig;
    }

    public void onDurable(Runnable listener) {
        durableListener = listener;
    }

    ActiveSegment active() {
        return active;
    }

    /** Oldest first; changed by the log's own parts only. */
    List<SealedPart> sealed() {
        return sealed;
    }

    RecentBatches recent() {
        return recent;
    }

    Residency residency() {
        return residency;
    }

    FlushTarget flush() {
        return flush;
    }

    public ProducerStates producers() {
        return producers;
    }

    public LeaderEpochs epochs() {
        return epochs;
    }

    void epochs(LeaderEpochs changed) {
        epochs = changed;
    }

    public void beginEpoch(int leaderEpoch) {
        epochs = epochs.assign(leaderEpoch, logEndOffset());
    }

    public long logStartOffset() {
        return logStartOffset;
    }

    void logStartOffset(long offset) {
        logStartOffset = offset;
        epochs = epochs.truncateFromStart(offset);
    }

    /** Whether a batch may begin at {@code offset} though a lower one is next: compaction took those between. */
    boolean mayHaveGaps(long offset) {
        return config.compacted() || offset <= gapsBelow;
    }

    /** How far compaction has got. */
    public long cleanTo() {
        return cleanTo;
    }

    void cleanTo(long offset) {
        cleanTo = offset;
    }

    void gapsBelow(long offset) {
        gapsBelow = Math.max(gapsBelow, offset);
    }

    public long localLogStartOffset() {
        return sealed.isEmpty() ? active.baseOffset() : sealed.get(0).baseOffset();
    }

    public long logEndOffset() {
        return active.nextOffset();
    }

    public long durableOffset() {
        return durableOffset;
    }

    public long sizeBytes() {
        long bytes = active.sizeBytes();
        for (SealedPart part : sealed) {
            bytes += part.sizeBytes();
        }
        return bytes;
    }

    /** The segment that holds {@code offset}, which is local. */
    Segment segmentOf(long offset) {
        if (offset >= active.baseOffset()) {
            return active;
        }
        int low = 0;
        int high = sealed.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (sealed.get(middle).baseOffset() <= offset) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return sealed.get(low);
    }

    /** All segments, oldest first. */
    List<Segment> segments() {
        List<Segment> all = new ArrayList<>(sealed);
        all.add(active);
        return all;
    }

    /** Files the log holds a reference to. */
    List<SegmentFile> files() {
        return segments().stream().map(Segment::file).toList();
    }
}
