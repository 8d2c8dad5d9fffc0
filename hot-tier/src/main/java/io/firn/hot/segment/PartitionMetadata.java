package io.firn.hot.segment;

import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.Uuid;

/**
 * Which topic a directory belongs to: file {@code partition.metadata}, in Kafka's format (version 0):
 * <pre>
 * version: 0
 * topic_id: MkTRaEKkQVyI6ki1vJ8KYA
 * </pre>
 */
public record PartitionMetadata(Uuid topicId) {

    private static final String VERSION_LINE = "version: 0";
    private static final String TOPIC_ID = "topic_id: ";

    public ByteBuffer toBytes() {
        return StandardCharsets.UTF_8.encode(VERSION_LINE + "\n" + TOPIC_ID + topicId);
    }

    public static PartitionMetadata fromBytes(ByteBuffer bytes) throws CorruptStateException {
        String[] lines = StandardCharsets.UTF_8.decode(bytes).toString().strip().split("\n");
        if (lines.length != 2 || !lines[0].equals(VERSION_LINE) || !lines[1].startsWith(TOPIC_ID)) {
            throw new CorruptStateException("partition metadata: not of version 0");
        }
        try {
            return new PartitionMetadata(Uuid.fromString(lines[1].substring(TOPIC_ID.length())));
        } catch (IllegalArgumentException e) {
            throw new CorruptStateException("partition metadata: " + e.getMessage());
        }
    }
}
