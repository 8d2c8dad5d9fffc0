package io.firn.gateway.codec;

import io.firn.hot.AppendError;
import io.firn.hot.AppendResult.Rejected;
import io.firn.hot.BatchRecords;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/**
 * One batch rewritten in another codec. The records' bytes are the same in every codec, so they are decompressed, looked at, and compressed again; the header stays, producer id, epoch and
 * sequence among it, but for size, codec, checksum, and the largest timestamp, which is corrected from the records.
 *
 * <p>Whoever sends a batch decides what it unfolds to, so that is bounded before memory is taken for it: {@link #decompressedMax}. The batch is then {@link AppendError#TOO_LARGE}, upon which
 * producers split it.
 *
 * <p>Threading: confined to one thread. It blocks nobody but takes milliseconds a megabyte.
 */
final class Recompression {

    /** What a batch may unfold to under any {@code max.message.bytes}. */
    static final int LEAST_DECOMPRESSED_MAX = 32 << 20;

    private static final int CHUNK_BYTES = 64 << 10;

    private final HotLogConfig config;
    private final CompressionChoice choice;
    private final long nowMs;

    /** @param nowMs wall clock, for the bounds of timestamps */
    Recompression(HotLogConfig config, CompressionChoice choice, long nowMs) {
        this.config = config;
        this.choice = choice;
        this.nowMs = nowMs;
    }

    /** Most bytes the records of a batch may have uncompressed. */
    static int decompressedMax(HotLogConfig config) {
        return (int) Math.min(Integer.MAX_VALUE - CHUNK_BYTES, Math.max(LEAST_DECOMPRESSED_MAX, 2L * config.maxMessageBytes()));
    }

    Rewritten of(RecordBuffers batch) {
        Optional<Rejected> refused = BatchRecords.checkHeader(batch, config, nowMs);
        if (refused.isPresent()) {
            return Rewritten.of(refused.get());
        }
        try {
            return rewritten(batch);
        } catch (TooLargeException e) {
            return Rewritten.of(new Rejected(AppendError.TOO_LARGE, "the records have more than " + decompressedMax(config) + " bytes uncompressed"));
        } catch (IOException | KafkaException e) {
            return Rewritten.of(new Rejected(AppendError.INVALID_RECORD, "the records cannot be decompressed: " + e.getMessage()));
        }
    }

    private Rewritten rewritten(RecordBuffers batch) throws IOException {
        List<ByteBuffer> records = decompressed(batch);
        int size = records.stream().mapToInt(ByteBuffer::remaining).sum();
        RecordBuffers plain = with(BatchRecords.header(batch, CompressionType.NONE.id, size), records);
        Optional<Rejected> refused = BatchRecords.checkRecords(plain, config, nowMs);
        if (refused.isPresent()) {
            return Rewritten.of(refused.get());
        }
        if (choice.codec() != CompressionType.NONE.id) {
            return compressed(plain, records);
        }
        return plain.sizeBytes() > config.maxMessageBytes() ? tooLargeInCodec(plain.sizeBytes()) : sealed(plain);
    }

    private static Rewritten sealed(RecordBuffers batch) {
        BatchRecords.seal(batch);
        return Rewritten.of(batch);
    }

    private Rewritten tooLargeInCodec(int sizeSoFar) {
        return Rewritten.of(new Rejected(AppendError.TOO_LARGE, "the batch has " + sizeSoFar + " bytes or more in the topic's codec, max.message.bytes is " + config.maxMessageBytes()));
    }

    private List<ByteBuffer> decompressed(RecordBuffers batch) throws IOException {
        RecordBuffers payload = batch.slice(BatchRecords.HEADER_BYTES, batch.sizeBytes());
        CompressionType from = CompressionType.forId(BatchRecords.codec(batch));
        if (from == CompressionType.NONE) {
            return List.of(payload.nioBuffers());
        }
        ByteBuffer joined = ByteBuffer.allocate(payload.sizeBytes());
        for (ByteBuffer part : payload.nioBuffers()) {
            joined.put(part);
        }
        joined.flip();
        if (from == CompressionType.SNAPPY) {
            SnappyFrames.check(joined, decompressedMax(config));
        }
        try (InputStream in = Compression.of(from).build().wrapForInput(joined, RecordBatch.MAGIC_VALUE_V2, BufferSupplier.NO_CACHING)) {
            return bounded(in, decompressedMax(config));
        }
    }

    private static List<ByteBuffer> bounded(InputStream in, int maxBytes) throws IOException {
        List<ByteBuffer> chunks = new ArrayList<>();
        for (int total = 0; ; ) {
            byte[] chunk = new byte[CHUNK_BYTES];
            int read = in.readNBytes(chunk, 0, CHUNK_BYTES);
            total += read;
            if (total > maxBytes) {
                throw new TooLargeException();
            }
            chunks.add(ByteBuffer.wrap(chunk, 0, read));
            if (read < CHUNK_BYTES) {
                return chunks;
            }
        }
    }

    /** Stops when the result is larger than a batch may be: what one codec makes small, another may not. */
    private Rewritten compressed(RecordBuffers plain, List<ByteBuffer> records) throws IOException {
        ByteBufferOutputStream bytes = new ByteBufferOutputStream(CHUNK_BYTES);
        try (OutputStream out = choice.compression().wrapForOutput(bytes, RecordBatch.MAGIC_VALUE_V2)) {
            for (ByteBuffer part : records) {
                write(out, part.duplicate());
                if (BatchRecords.HEADER_BYTES + bytes.position() > config.maxMessageBytes()) {
                    return tooLargeInCodec(BatchRecords.HEADER_BYTES + bytes.position());
                }
            }
        }
        int size = BatchRecords.HEADER_BYTES + bytes.position();
        if (size > config.maxMessageBytes()) {
            return tooLargeInCodec(size);
        }
        ByteBuffer payload = bytes.buffer().flip();
        return sealed(with(BatchRecords.header(plain, choice.codec(), payload.remaining()), List.of(payload)));
    }

    private static void write(OutputStream out, ByteBuffer part) throws IOException {
        if (part.hasArray()) {
            out.write(part.array(), part.arrayOffset() + part.position(), part.remaining());
            return;
        }
        byte[] copy = new byte[Math.min(CHUNK_BYTES, part.remaining())];
        while (part.hasRemaining()) {
            int length = Math.min(copy.length, part.remaining());
            part.get(copy, 0, length);
            out.write(copy, 0, length);
        }
    }

    private static RecordBuffers with(ByteBuffer header, List<ByteBuffer> records) {
        List<ByteBuffer> all = new ArrayList<>(records.size() + 1);
        all.add(header);
        all.addAll(records);
        return RecordBuffers.of(all.toArray(ByteBuffer[]::new));
    }

    /** The records unfold to more than is allowed. */
    static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1L;
    }
}
