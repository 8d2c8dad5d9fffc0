package io.firn.gateway.codec;

import io.firn.hot.BatchRecords;
import io.firn.hot.RecordBuffers;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;

/**
 * What a topic wants its batches compressed with: {@code compression.type} and the level of that codec.
 *
 * <p>As in Kafka, a batch that has the codec already is left alone, whatever its level. Threading: immutable. It does not load Kafka's compression classes before a batch is rewritten.
 *
 * @param codec Kafka's codec id (0 uncompressed, 1 gzip, 2 snappy, 3 lz4, 4 zstd), or {@link #PRODUCERS}
 * @param level of gzip, lz4 or zstd; without meaning for the others
 */
public record CompressionChoice(int codec, int level) {

    private static final int PRODUCERS = -1;
    private static final String[] NAMES = {"uncompressed", "gzip", "snappy", "lz4", "zstd"};

    /** {@code compression.type=producer}: batches stay as they come. */
    public static final CompressionChoice PRODUCER = new CompressionChoice(PRODUCERS, 0);

    /** The choice of that {@code compression.type}. */
    public static CompressionChoice of(String name, int level) {
        for (int codec = 0; codec < NAMES.length; codec++) {
            if (NAMES[codec].equals(name)) {
                return new CompressionChoice(codec, level);
            }
        }
        if (!name.equals("producer")) {
            throw new IllegalArgumentException("compression.type " + name);
        }
        return PRODUCER;
    }

    /** Whether this batch has to be rewritten. What is no batch is left for the log to refuse. */
    public boolean rewrites(RecordBuffers batch) {
        if (codec == PRODUCERS) {
            return false;
        }
        int has = BatchRecords.codec(batch);
        return has >= 0 && has < NAMES.length && has != codec;
    }

    Compression compression() {
        return switch (CompressionType.forId(codec)) {
            case NONE -> Compression.NONE;
            case GZIP -> Compression.gzip().level(level).build();
            case SNAPPY -> Compression.snappy().build();
            case LZ4 -> Compression.lz4().level(level).build();
            case ZSTD -> Compression.zstd().level(level).build();
        };
    }
}
