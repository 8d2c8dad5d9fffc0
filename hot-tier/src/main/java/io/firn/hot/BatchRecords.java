package io.firn.hot;

import io.firn.hot.batch.BatchCheck;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.BatchVerdict;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Lets a batch of a client be taken apart and put together again before it is appended: by whoever changes its compression.
 *
 * <p>Threading: pure functions; the arguments are confined to the caller's thread.
 */
public final class BatchRecords {

    /** Bytes before the records. */
    public static final int HEADER_BYTES = BatchHeader.SIZE_BYTES;

    /** {@link #codec} of bytes that are no batch of this format. */
    public static final int NO_CODEC = -1;

    private BatchRecords() {}

    /** Codec id of the batch in {@code bytes} (0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd), unchecked; {@link #NO_CODEC} when there is none to be told. */
    public static int codec(RecordBuffers bytes) {
        boolean batch = bytes.sizeBytes() >= BatchHeader.SIZE_BYTES && new BatchHeader().wrap(bytes, 0).magic() == BatchHeader.MAGIC;
        return batch ? new BatchHeader().wrap(bytes, 0).compressionId() : NO_CODEC;
    }

    /** Why a client's batch may not be appended, as far as its header and checksum tell; the same as an append would say. */
    public static Optional<AppendResult.Rejected> checkHeader(RecordBuffers bytes, HotLogConfig config, long nowMs) {
        return rejected(BatchCheck.fromClient(bytes, new BatchHeader(), config, nowMs));
    }

    /**
     * Header for the same records in another codec: {@code HEADER_BYTES} from {@code bytes}, with size and codec changed. The checksum is to be set with {@link #seal}.
     *
     * @param recordBytes size of the records in that codec
     */
    public static ByteBuffer header(RecordBuffers bytes, int codec, int recordBytes) {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        for (ByteBuffer part : bytes.slice(0, HEADER_BYTES).nioBuffers()) {
            header.put(part);
        }
        BatchHeader window = new BatchHeader().wrap(RecordBuffers.of(header.flip()), 0);
        window.recode(codec, recordBytes);
        return header;
    }

    /**
     * Looks at every record of an uncompressed batch: count, offsets, keys, timestamps. When all is well, the header's largest timestamp is set to the one found.
     *
     * @return why the batch may not be appended, with the records at fault
     */
    public static Optional<AppendResult.Rejected> checkRecords(RecordBuffers uncompressed, HotLogConfig config, long nowMs) {
        return rejected(BatchCheck.recordsOf(new BatchHeader().wrap(uncompressed, 0), config, nowMs));
    }

    /** Sets the checksum of a batch whose other bytes are final. */
    public static void seal(RecordBuffers bytes) {
        new BatchHeader().wrap(bytes, 0).mendCrc();
    }

    private static Optional<AppendResult.Rejected> rejected(BatchVerdict verdict) {
        return verdict instanceof BatchVerdict.Refused refused ? Optional.of(new AppendResult.Rejected(refused.error(), refused.message(), refused.faults())) : Optional.empty();
    }
}
