package io.firn.hot.batch;

import io.firn.hot.AppendError;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.batch.BatchVerdict.Refused;
import io.firn.hot.batch.BatchVerdict.Sound;

/**
 * The rules a record batch must satisfy before it is appended, decided from its header (and for compacted topics, and those with
 * {@code message.timestamp.before.max.ms}, from uncompressed records). It never decompresses; what that leaves unchecked is listed in the module's README, Decisions.
 *
 * <p>Rules and error codes follow Kafka's broker ({@code ProduceRequest.validateRecords},
 * {@code UnifiedLog.analyzeAndValidateRecords}, {@code LogValidator}). Stricter than Kafka: bytes after the batch are refused
 * rather than cut off; a client may set neither the LogAppendTime nor the delete-horizon bit, nor a maximum timestamp
 * below the base timestamp (Kafka corrects it from the records).
 *
 * <p>Threading: stateless; the arguments are confined to the caller's thread. Sound batches allocate nothing.
 */
public final class BatchCheck {

    /** Kafka's words, which clients show: of batches it rewrites or looks into, it names the records besides. */
    static final String TIMESTAMPS_REJECTED = "One or more records have been rejected due to invalid timestamp";

    private static final int MAX_COMPRESSION_ID = 4;

    private BatchCheck() {}

    /**
     * Whether an undamaged batch begins at {@code position}: the only check for a leader's bytes and for recovery. Points
     * {@code header} at it if there is one. A compacted batch, whose count is below its offset range, is sound.
     */
    public static BatchVerdict structure(RecordBuffers bytes, int position, BatchHeader header) {
        return structure(bytes, position, header, Integer.MAX_VALUE);
    }

    /** Whether {@code bytes} are exactly one batch that a producer may append; points {@code header} at it if so. */
    public static BatchVerdict fromClient(RecordBuffers bytes, BatchHeader header, HotLogConfig config, long nowMs) {
        BatchVerdict verdict = single(bytes, header, config.maxMessageBytes());
        if (verdict instanceof Refused) {
            return verdict;
        }
        verdict = clientFields(header);
        if (verdict instanceof Refused) {
            return verdict;
        }
        verdict = producerFields(header);
        if (verdict instanceof Refused) {
            return verdict;
        }
        verdict = config.logAppendTime() ? Sound.SOUND : timestamps(header, config, nowMs);
        boolean perRecord = verdict instanceof Refused || config.compacted() || !config.logAppendTime() && config.timestampBeforeMaxMs() != Long.MAX_VALUE;
        return perRecord && !header.isCompressed() ? records(header, config, nowMs, verdict) : verdict;
    }

    /** The records of an uncompressed batch, whose header is {@code sofar}: what is wrong with single ones is the better answer. */
    private static BatchVerdict records(BatchHeader header, HotLogConfig config, long nowMs, BatchVerdict sofar) {
        BatchVerdict verdict = new RecordCheck(header, config, nowMs, false).verdict();
        return verdict instanceof Refused ? verdict : sofar;
    }

    /** Every record of an uncompressed batch of a client, whose header is sound; sets the header's largest timestamp to the one found if all is well. */
    public static BatchVerdict recordsOf(BatchHeader header, HotLogConfig config, long nowMs) {
        RecordCheck check = new RecordCheck(header, config, nowMs, true);
        BatchVerdict verdict = check.verdict();
        if (verdict instanceof Sound) {
            header.correctMaxTimestamp(check.maxTimestampMs());
        }
        return verdict;
    }

    /** Whether {@code bytes} are exactly one batch that a coordinator of this broker may append; points {@code header} at it if so. */
    public static BatchVerdict fromCoordinator(RecordBuffers bytes, BatchHeader header, HotLogConfig config) {
        BatchVerdict verdict = single(bytes, header, config.maxMessageBytes());
        if (verdict instanceof Refused || !header.isControl()) {
            return verdict;
        }
        if (!header.hasProducerId() || header.producerEpoch() < 0) {
            return invalid("a control batch names no producer (id " + header.producerId() + ", epoch " + header.producerEpoch() + ")");
        }
        return marker(header);
    }

    private static BatchVerdict structure(RecordBuffers bytes, int position, BatchHeader header, int maxBytes) {
        int available = bytes.sizeBytes() - position;
        if (available < BatchHeader.MAGIC_END) {
            return corrupt("a record batch has at least " + BatchHeader.SIZE_BYTES + " bytes, here are " + available);
        }
        byte magic = bytes.byteAt(position + BatchHeader.MAGIC_AT);
        if (magic == 0 || magic == 1) {
            return new Refused(AppendError.UNSUPPORTED_FORMAT, "record format with magic " + magic + " is not supported, only magic 2");
        }
        if (magic != BatchHeader.MAGIC) {
            return corrupt("unknown magic " + magic);
        }
        int length = bytes.intAt(position + BatchHeader.LENGTH_AT);
        if (length < BatchHeader.SIZE_BYTES - BatchHeader.LOG_OVERHEAD_BYTES || length > available - BatchHeader.LOG_OVERHEAD_BYTES) {
            return corrupt("batch length " + length + " does not fit " + available + " bytes");
        }
        header.wrap(bytes, position);
        if (header.sizeInBytes() > maxBytes) {
            return new Refused(AppendError.TOO_LARGE, "the batch has " + header.sizeInBytes() + " bytes, max.message.bytes is " + maxBytes);
        }
        int crc = header.computeCrc();
        if (crc != header.crc()) {
            return corrupt("the batch's CRC is " + Integer.toHexString(crc) + ", its header says " + Integer.toHexString(header.crc()));
        }
        return offsets(header);
    }

    private static BatchVerdict offsets(BatchHeader header) {
        int lastOffsetDelta = header.lastOffsetDelta();
        int count = header.recordCount();
        if (lastOffsetDelta < 0 || count < 0 || count - 1 > lastOffsetDelta) {
            return invalid("record count " + count + " and last offset delta " + lastOffsetDelta + " contradict each other");
        }
        if (header.baseOffset() < 0 || header.baseOffset() > Long.MAX_VALUE - 1 - lastOffsetDelta) {
            return invalid("base offset " + header.baseOffset() + " is out of range");
        }
        return Sound.SOUND;
    }

    /** Exactly one batch, whose offsets can be assigned here: one offset a record. */
    private static BatchVerdict single(RecordBuffers bytes, BatchHeader header, int maxBytes) {
        if (bytes.sizeBytes() == 0) {
            return invalid("no record batch");
        }
        BatchVerdict verdict = structure(bytes, 0, header, maxBytes);
        if (verdict instanceof Refused) {
            return verdict;
        }
        if (header.sizeInBytes() != bytes.sizeBytes()) {
            return invalid("one record batch a partition is allowed, but " + (bytes.sizeBytes() - header.sizeInBytes()) + " bytes follow the first");
        }
        int count = header.recordCount();
        if (count < 1 || header.lastOffsetDelta() != count - 1) {
            return invalid("a batch of " + count + " records with last offset delta " + header.lastOffsetDelta());
        }
        return Sound.SOUND;
    }

    private static BatchVerdict clientFields(BatchHeader header) {
        if (header.baseOffset() != 0) {
            return invalid("the base offset of a produced batch is 0, not " + header.baseOffset());
        }
        if (header.isControl()) {
            return invalid("clients may not write control records");
        }
        if (header.hasDeleteHorizon()) {
            return invalid("clients may not set a delete horizon");
        }
        if (header.compressionId() > MAX_COMPRESSION_ID) {
            return invalid("unknown compression codec " + header.compressionId());
        }
        if (header.isLogAppendTime()) {
            return new Refused(AppendError.INVALID_TIMESTAMP, "clients may not set the timestamp type LogAppendTime");
        }
        long payloadBytes = header.sizeInBytes() - BatchHeader.SIZE_BYTES;
        if (!header.isCompressed() && payloadBytes < (long) header.recordCount() * RecordCursor.MIN_RECORD_BYTES) {
            return invalid(header.recordCount() + " records cannot lie in " + payloadBytes + " bytes");
        }
        return Sound.SOUND;
    }

    private static BatchVerdict producerFields(BatchHeader header) {
        if (header.hasProducerId() && (header.producerEpoch() < 0 || header.baseSequence() < 0)) {
            return invalid("producer " + header.producerId() + " with epoch " + header.producerEpoch() + " and sequence " + header.baseSequence());
        }
        if (header.isTransactional() && !header.hasProducerId()) {
            return invalid("a transactional batch without a producer id");
        }
        return Sound.SOUND;
    }

    /** The earliest and latest timestamp the header knows; {@link BatchHeader#NO_TIMESTAMP} is always allowed. */
    private static BatchVerdict timestamps(BatchHeader header, HotLogConfig config, long nowMs) {
        long base = header.baseTimestamp();
        long max = header.maxTimestamp();
        if (max < base) {
            return new Refused(AppendError.INVALID_TIMESTAMP, "the batch's maximum timestamp " + max + " is below its base timestamp " + base);
        }
        if (outOfRange(base, config, nowMs) || outOfRange(max, config, nowMs)) {
            return new Refused(AppendError.INVALID_TIMESTAMP, TIMESTAMPS_REJECTED + ": " + range(config, nowMs, "one from " + base + " to " + max));
        }
        return Sound.SOUND;
    }

    static String range(HotLogConfig config, long nowMs, String what) {
        return what + " is out of range. The timestamp should be within [" + (nowMs - config.timestampBeforeMaxMs()) + ", " + (nowMs + config.timestampAfterMaxMs()) + "]";
    }

    static boolean outOfRange(long timestampMs, HotLogConfig config, long nowMs) {
        if (timestampMs == BatchHeader.NO_TIMESTAMP) {
            return false;
        }
        return timestampMs > nowMs
                ? distance(nowMs, timestampMs) > config.timestampAfterMaxMs()
                : distance(timestampMs, nowMs) > config.timestampBeforeMaxMs();
    }

    /** {@code to - from} for {@code from <= to}, at most the largest long. */
    private static long distance(long from, long to) {
        long distance = to - from;
        return distance < 0 ? Long.MAX_VALUE : distance;
    }

    private static BatchVerdict marker(BatchHeader header) {
        ControlRecord control = ControlRecord.of(header);
        if (control instanceof ControlRecord.Malformed malformed) {
            return invalid("the control batch is no transaction marker: " + malformed.message());
        }
        return Sound.SOUND;
    }

    private static BatchVerdict corrupt(String message) {
        return new Refused(AppendError.CORRUPT_BATCH, message);
    }

    private static BatchVerdict invalid(String message) {
        return new Refused(AppendError.INVALID_RECORD, message);
    }
}
