package io.firn.hot;

import io.firn.hot.segment.LogDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * File {@code high-watermarks} of the data directory, replaced as a whole now and then: what the replicas knew to be committed, so that a cluster that was restarted shows it before its followers have come.
 *
 * <pre>
 * 0                                     version
 * 1                                     number of entries
 * MkTRaEKkQVyI6ki1vJ8KYA 3 1024         topic id, partition, offset (exclusive)
 * </pre>
 *
 * It holds topic ids, not names as Kafka's {@code replication-offset-checkpoint} does: a value of a deleted topic must never be taken for one of a new topic of that name.
 *
 * <p><i>On crash</i>: an older file. It may tell of less than was committed, never of more; nothing is cut by it. Missing or damaged it is empty.
 *
 * <p>Threading: stateless; blocks.
 */
final class HighWatermarks {

    static final String NAME = "high-watermarks";

    private static final Logger LOG = LoggerFactory.getLogger(HighWatermarks.class);
    private static final String VERSION = "0";

    private HighWatermarks() {}

    static Map<TopicIdPartition, Long> read(LogDirectory store) {
        try {
            return fromText(StandardCharsets.UTF_8.decode(store.read(NAME)).toString());
        } catch (NoSuchFileException e) {
            return Map.of();
        } catch (IOException | CorruptStateException | IllegalArgumentException e) {
            LOG.atWarn().addKeyValue("directory", store.path()).addKeyValue("reason", e.getMessage()).log("high watermarks cannot be read; replicated partitions learn theirs from their replicas");
            return Map.of();
        }
    }

    private static Map<TopicIdPartition, Long> fromText(String text) throws CorruptStateException {
        String[] lines = text.split("\n");
        if (lines.length < 2 || !lines[0].equals(VERSION) || !lines[1].equals(Integer.toString(lines.length - 2))) {
            throw new CorruptStateException("high watermarks: not of version 0, or cut off");
        }
        Map<TopicIdPartition, Long> read = new HashMap<>();
        for (String line : lines) {
            String[] words = line.split(" ");
            if (words.length == 3) {
                read.put(key(Uuid.fromString(words[0]), Integer.parseInt(words[1])), Long.parseLong(words[2]));
            }
        }
        if (read.size() != lines.length - 2) {
            throw new CorruptStateException("high watermarks: " + read.size() + " entries in " + (lines.length - 2) + " lines");
        }
        return read;
    }

    /** The topic's name does not matter here. */
    static TopicIdPartition key(Uuid topicId, int partition) {
        return new TopicIdPartition(topicId, new TopicPartition("", partition));
    }

    static void write(LogDirectory store, Map<TopicIdPartition, Long> offsets) throws IOException {
        StringBuilder text = new StringBuilder().append(VERSION).append('\n').append(offsets.size()).append('\n');
        TreeMap<String, Long> sorted = new TreeMap<>();
        offsets.forEach((id, offset) -> sorted.put(id.topicId() + " " + id.partition(), offset));
        sorted.forEach((id, offset) -> text.append(id).append(' ').append(offset).append('\n'));
        store.write(NAME, ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
        store.force();
    }
}
