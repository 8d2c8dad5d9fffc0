package io.firn.retention.compaction;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;

/**
 * The records of one batch, decompressed as they go by and never held: whatever length a record claims, memory is the codec's window and a small buffer.
 *
 * <pre>
 * record  size varint │ attributes int8 │ timestampDelta varlong │ offsetDelta varint │ keySize varint │ key │ valueSize varint │ value │ headers
 * </pre>
 *
 * <p>Stricter than a consumer: offsets must rise and stay within the batch's, and the batch must have exactly as many records as it says.
 *
 * <p>Threading: confined to one thread.
 */
final class RecordWalk implements AutoCloseable {

    /** Buffers and codec state that walks of one pass use one after the other. */
    static final class Scratch implements AutoCloseable {
        final BufferSupplier codecBuffers = BufferSupplier.create();
        final byte[] bytes = new byte[8 << 10];

        @Override
        public void close() {
            codecBuffers.close();
        }
    }

    private final DefaultRecordBatch batch;
    private final Scratch scratch;
    private final InputStream in;
    private final int count;
    private int seen;
    private int lastDelta = -1;
    private int left;
    private int attributes;
    private long timestampDelta;
    private int offsetDelta;
    private boolean hasKey;
    private boolean hasValue;

    private RecordWalk(DefaultRecordBatch batch, Scratch scratch) throws UnreadableBatchException {
        this.batch = batch;
        this.scratch = scratch;
        this.count = batch.countOrNull();
        this.in = open();
    }

    static RecordWalk of(DefaultRecordBatch batch, Scratch scratch) throws UnreadableBatchException {
        return new RecordWalk(batch, scratch);
    }

    private InputStream open() throws UnreadableBatchException {
        try {
            return batch.recordInputStream(scratch.codecBuffers);
        } catch (RuntimeException | LinkageError e) {
            throw new UnreadableBatchException("cannot be decompressed: " + e, e);
        }
    }

    /** Steps over the whole batch to see that it can be read. */
    static void check(DefaultRecordBatch batch, Scratch scratch) throws UnreadableBatchException {
        try (RecordWalk walk = of(batch, scratch)) {
            while (walk.next()) {
                walk.key(null);
                walk.skip();
            }
        }
    }

    /** Moves to the next record and reads it up to its key; false behind the last one. {@link #key} is to be called next, or {@link #copy}. */
    boolean next() throws UnreadableBatchException {
        if (seen == count) {
            expectEnd();
            return false;
        }
        return reading(() -> {
            seen++;
            left = Integer.MAX_VALUE;
            left = (int) varint(5);
            attributes = one();
            timestampDelta = varint(10);
            return true;
        });
    }

    /** Reads offset and key; the bytes of the key go to {@code hash}, if there is one. {@link #skip} is to be called next. */
    void key(KeyHash hash) throws UnreadableBatchException {
        reading(() -> {
            offsetDelta = (int) varint(5);
            if (offsetDelta <= lastDelta || batch.baseOffset() + offsetDelta > batch.lastOffset()) {
                throw new EOFException("offset delta " + offsetDelta + " after " + lastDelta);
            }
            lastDelta = offsetDelta;
            int keyBytes = (int) varint(5);
            hasKey = keyBytes >= 0;
            if (hasKey) {
                hashKey(keyBytes, hash);
            }
            int valueBytes = (int) varint(5);
            hasValue = valueBytes >= 0;
            if (valueBytes > left) {
                throw new EOFException("a value of " + valueBytes + " bytes, " + left + " are left");
            }
            return true;
        });
    }

    private void hashKey(int keyBytes, KeyHash hash) throws IOException {
        if (hash != null) {
            hash.begin();
        }
        for (int rest = keyBytes; rest > 0; ) {
            int piece = piece(rest);
            if (hash != null) {
                hash.update(scratch.bytes, 0, piece);
            }
            rest -= piece;
        }
        if (hash != null) {
            hash.end();
        }
    }

    /** Steps over the rest of the record. */
    void skip() throws UnreadableBatchException {
        reading(() -> {
            while (left > 0) {
                piece(left);
            }
            return true;
        });
    }

    /** Writes the record, instead of {@link #key}, so that its time is {@code addedMs} more behind the base timestamp than before. */
    void copy(OutputStream out, long addedMs) throws UnreadableBatchException, IOException {
        long delta = timestampDelta + addedMs;
        int rest = left;
        writeVarint(out, 1 + sizeOfVarint(delta) + rest);
        out.write(attributes);
        writeVarint(out, delta);
        while (rest > 0) {
            int wanted = rest;
            int piece = reading(() -> piece(wanted));
            out.write(scratch.bytes, 0, piece);
            rest -= piece;
        }
    }

    long offset() {
        return batch.baseOffset() + offsetDelta;
    }

    long timestampMs() {
        return batch.timestampType() == TimestampType.LOG_APPEND_TIME ? batch.maxTimestamp() : batch.baseTimestamp() + timestampDelta;
    }

    boolean hasKey() {
        return hasKey;
    }

    boolean hasValue() {
        return hasValue;
    }

    private void expectEnd() throws UnreadableBatchException {
        boolean more = reading(() -> in.read() >= 0);
        if (more) {
            throw new UnreadableBatchException("bytes after the last of " + count + " records");
        }
    }

    // Bytes

    private interface Reading<T> {
        T run() throws IOException;
    }

    private <T> T reading(Reading<T> step) throws UnreadableBatchException {
        try {
            return step.run();
        } catch (IOException | RuntimeException e) { // codecs throw what they like
            throw new UnreadableBatchException("record " + seen + " of " + count + ": " + e, e);
        }
    }

    /** Reads some bytes of the record, at most so many, into the scratch buffer. */
    private int piece(int most) throws IOException {
        int piece = in.read(scratch.bytes, 0, Math.min(Math.min(most, left), scratch.bytes.length));
        if (piece <= 0) {
            throw new EOFException("the record ends early");
        }
        left -= piece;
        return piece;
    }

    private int one() throws IOException {
        int value = left > 0 ? in.read() : -1;
        if (value < 0) {
            throw new EOFException("the record ends early");
        }
        left--;
        return value;
    }

    private long varint(int mostBytes) throws IOException {
        long raw = 0;
        for (int i = 0; i < mostBytes; i++) {
            int value = one();
            raw |= (long) (value & 0x7f) << 7 * i;
            if (value < 0x80) {
                return raw >>> 1 ^ -(raw & 1);
            }
        }
        throw new EOFException("a varint of more than " + mostBytes + " bytes");
    }

    static int sizeOfVarint(long value) {
        long raw = value << 1 ^ value >> 63;
        return Math.max(1, (70 - Long.numberOfLeadingZeros(raw)) / 7);
    }

    static void writeVarint(OutputStream out, long value) throws IOException {
        long raw = value << 1 ^ value >> 63;
        while ((raw & ~0x7fL) != 0) {
            out.write((int) (raw & 0x7f | 0x80));
            raw >>>= 7;
        }
        out.write((int) raw);
    }

    @Override
    public void close() throws UnreadableBatchException {
        reading(() -> {
            in.close();
            return true;
        });
    }
}
