package io.firn.cold.segment;

import java.util.Optional;

/** The sections between the log bytes and the footer, in the order they are written. The codes are part of the format. */
public enum SegmentSection {
    /** Kafka's {@code .index}: entries of 8 bytes, i32 offset relative to the base, i32 position of the batch that holds it. */
    OFFSET_INDEX(1),
    /** Kafka's {@code .timeindex}: entries of 12 bytes, i64 largest timestamp so far, i32 relative offset of its record. */
    TIME_INDEX(2),
    /** Kafka's {@code .txnindex}: entries of 34 bytes, i16 version 0, i64 producer id, first, last, last stable offset; may be empty. */
    TRANSACTION_INDEX(3),
    /** Kafka's {@code leader-epoch-checkpoint} text, from the log's beginning to the end of this segment. */
    LEADER_EPOCHS(4),
    /** Kafka's {@code .snapshot} of producer state at the next offset. */
    PRODUCER_SNAPSHOT(5),
    /** CRC32C of each chunk of the log, i32 each; the last chunk may be short. */
    CHUNK_CHECKSUMS(6);

    private final int code;

    SegmentSection(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    static Optional<SegmentSection> of(int code) {
        for (SegmentSection section : values()) {
            if (section.code == code) {
                return Optional.of(section);
            }
        }
        return Optional.empty();
    }
}
