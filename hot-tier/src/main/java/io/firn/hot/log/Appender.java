package io.firn.hot.log;

import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.AppendResult.Appended;
import io.firn.hot.AppendResult.NotWritableYet;
import io.firn.hot.AppendResult.Rejected;
import io.firn.hot.DiskFullException;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import io.firn.hot.batch.BatchCheck;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.BatchVerdict;
import io.firn.hot.log.Availability.Busy;
import io.firn.hot.log.Availability.Full;
import io.firn.hot.log.Availability.Writable;
import io.firn.hot.producer.ProducerDecision;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hot path: check, patch, write, remember. Everything that can refuse a batch comes before its bytes are patched, so that the same
 * bytes can be appended again after {@link NotWritableYet}.
 *
 * <p><i>Invariant</i>: offsets, indexes, producers and epochs change only after the whole write succeeded; after a failed one nothing
 * is appended until the file was cut back to its last whole batch. An exception that nobody thought of refuses the batch alone, if it comes before the log begins to change; behind that it is thrown on, as nobody knows what the log holds.
 *
 * <p>Threading: confined to the loop of the partition.
 */
public final class Appender {

    private static final Logger LOG = LoggerFactory.getLogger(Appender.class);
    private static final long NO_APPEND_TIME = -1;
    private static final int NO_EPOCH = -1;

    private final LogState state;
    private final Roller roller;
    private final Replacer replacer;
    private final BatchHeader batch = new BatchHeader();
    /** Whether the append under way has come to what changes the log. */
    private boolean changing;

    public Appender(LogState state, Roller roller, Replacer replacer) {
        this.state = state;
        this.roller = roller;
        this.replacer = replacer;
    }

    public AppendResult append(RecordBuffers bytes, int leaderEpoch, AppendOrigin origin, TransactionTerms terms, long nowMs) {
        if (origin == AppendOrigin.REPLICATION) {
            return appendFetched(bytes, NO_EPOCH, 0, nowMs);
        }
        if (!(state.availability() instanceof Writable)) {
            return unavailable();
        }
        changing = false;
        try {
            return appendOne(bytes, leaderEpoch, origin, terms, nowMs);
        } catch (RuntimeException e) {
            return unexpected(e);
        }
    }

    public AppendResult appendFetched(RecordBuffers bytes, int leaderEpoch, long leaderHighWatermark, long nowMs) {
        if (!(state.availability() instanceof Writable)) {
            return unavailable();
        }
        changing = false;
        try {
            return appendAssigned(bytes, leaderEpoch, leaderHighWatermark, nowMs);
        } catch (RuntimeException e) {
            return unexpected(e);
        }
    }

    private AppendResult unexpected(RuntimeException error) {
        if (changing) {
            throw error;
        }
        LOG.atError().addKeyValue("partition", state.context().partition()).addKeyValue("logEndOffset", state.logEndOffset()).setCause(error).log("A batch was refused because of an unexpected error; nothing was appended");
        return new Rejected(AppendError.UNEXPECTED, "the batch could not be checked: " + error);
    }

    private AppendResult unavailable() {
        if (state.availability() instanceof Busy) {
            return new NotWritableYet();
        }
        return state.availability() instanceof Full
                ? new Rejected(AppendError.DISK_FULL, "the disk is full")
                : new Rejected(AppendError.OFFLINE, state.offlineReason());
    }

    // One batch, which gets its offsets here

    private AppendResult appendOne(RecordBuffers bytes, int leaderEpoch, AppendOrigin origin, TransactionTerms terms, long nowMs) {
        BatchVerdict verdict = origin == AppendOrigin.CLIENT
                ? BatchCheck.fromClient(bytes, batch, state.config(), nowMs)
                : BatchCheck.fromCoordinator(bytes, batch, state.config());
        if (verdict instanceof BatchVerdict.Refused refused) {
            return new Rejected(refused.error(), refused.message(), refused.faults());
        }
        ProducerDecision decision = state.producers().check(batch, origin, terms);
        if (decision instanceof ProducerDecision.Refuse refuse) {
            return new Rejected(refuse.error(), refuse.message());
        }
        boolean stamp = state.config().logAppendTime() && !batch.isControl();
        if (decision instanceof ProducerDecision.Duplicate duplicate) {
            return new AppendResult.Duplicate(duplicate.baseOffset(), duplicate.lastOffset(), stamp ? duplicate.timestampMs() : NO_APPEND_TIME);
        }
        int size = bytes.sizeBytes();
        if (size > state.config().segmentBytes()) {
            return new Rejected(AppendError.LARGER_THAN_SEGMENT, "the batch has " + size + " bytes, segment.bytes is " + state.config().segmentBytes());
        }
        long base = state.logEndOffset();
        if (state.active().mustRollBefore(size, base + batch.lastOffsetDelta(), stamp ? nowMs : batch.maxTimestamp(), state.config(), nowMs)) {
            return roll();
        }
        if (stamp) {
            batch.stampLogAppendTime(nowMs);
        }
        batch.assignBaseOffset(base);
        batch.assignLeaderEpoch(leaderEpoch);
        return write(bytes, stamp ? nowMs : NO_APPEND_TIME, nowMs);
    }

    // Any number of batches, which have their offsets

    private AppendResult appendAssigned(RecordBuffers bytes, int leaderEpoch, long leaderHighWatermark, long nowMs) {
        long next = state.logEndOffset();
        int epoch = state.epochs().latest().orElse(NO_EPOCH);
        long maxTimestampMs = BatchHeader.NO_TIMESTAMP;
        boolean newGap = false;
        for (int at = 0; at < bytes.sizeBytes() || at == 0; at += batch.sizeInBytes()) {
            BatchVerdict verdict = BatchCheck.structure(bytes, at, batch);
            if (verdict instanceof BatchVerdict.Refused refused) {
                return new Rejected(refused.error(), refused.message());
            }
            boolean expected = batch.baseOffset() == next || batch.baseOffset() > next && state.mayHaveGaps(batch.baseOffset()); // recovery would cut at another gap
            if (!expected && (batch.baseOffset() < next || batch.baseOffset() > leaderHighWatermark)) {
                return new Rejected(AppendError.INVALID_RECORD, "offset " + batch.baseOffset() + " was fetched, but " + next + " is next");
            }
            if (leaderEpoch != NO_EPOCH && batch.partitionLeaderEpoch() != NO_EPOCH && (batch.partitionLeaderEpoch() > leaderEpoch || batch.partitionLeaderEpoch() < epoch)) {
                return new Rejected(AppendError.INVALID_RECORD, "a batch of leader epoch " + batch.partitionLeaderEpoch() + " was fetched under epoch " + leaderEpoch + " behind one of epoch " + epoch);
            }
            if (state.producers().check(batch, AppendOrigin.REPLICATION, TransactionTerms.TRUSTED) instanceof ProducerDecision.Refuse refuse) {
                return new Rejected(refuse.error(), refuse.message());
            }
            newGap |= !expected;
            next = batch.nextOffset();
            epoch = Math.max(epoch, batch.partitionLeaderEpoch());
            maxTimestampMs = Math.max(maxTimestampMs, batch.maxTimestamp());
        }
        if (newGap) {
            changing = true;
            replacer.expectGapsBelow(leaderHighWatermark);
            return new NotWritableYet();
        }
        if (state.active().mustRollBefore(bytes.sizeBytes(), next - 1, maxTimestampMs, state.config(), nowMs)) {
            return roll();
        }
        return write(bytes, NO_APPEND_TIME, nowMs);
    }

    private AppendResult roll() {
        if (state.active().isEmpty()) {
            return new Rejected(AppendError.INVALID_RECORD, "the offsets are too far from the log's end, " + state.logEndOffset());
        }
        changing = true;
        roller.roll();
        return new NotWritableYet();
    }

    // The file

    private AppendResult write(RecordBuffers bytes, long appendTimeMs, long nowMs) {
        changing = true;
        try {
            state.active().file().log().append(bytes.nioBuffers());
        } catch (IOException e) {
            return failed(e);
        }
        long first = batch.wrap(bytes, 0).baseOffset();
        for (int at = 0; at < bytes.sizeBytes(); at += batch.sizeInBytes()) {
            take(batch.wrap(bytes, at), nowMs);
        }
        long last = state.logEndOffset() - 1;
        state.commitAppend(nowMs);
        return new Appended(first, last, appendTimeMs);
    }

    private void take(BatchHeader batch, long nowMs) {
        if (batch.partitionLeaderEpoch() >= 0) {
            state.epochs(state.epochs().assign(batch.partitionLeaderEpoch(), batch.baseOffset()));
        }
        state.active().onBatch(batch, state.config().indexIntervalBytes(), nowMs);
        state.producers().apply(batch, nowMs).ifPresent(state.active().indexes()::onAborted);
        state.onAppended(batch.sizeInBytes(), batch.recordCount());
    }

    private AppendResult failed(IOException error) {
        roller.repairTail(error);
        return error instanceof DiskFullException
                ? new Rejected(AppendError.DISK_FULL, "the disk is full")
                : new Rejected(AppendError.OFFLINE, "writing failed: " + error.getMessage());
    }
}
