package io.firn.retention;

import io.firn.hot.Disk;
import io.firn.hot.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far the scrub has come in each partition, so that a restart neither begins anew nor forgets when to begin again. A small text file:
 *
 * <pre>
 *   1                                                           version
 *   &lt;topic id&gt; &lt;partition&gt; &lt;next offset&gt; &lt;round begun at, ms&gt; [&lt;offset&gt; …]   a line a partition; next offset -1: the round is over; then where what is damaged begins
 * </pre>
 *
 * <p>Written anew under another name, forced and renamed. <i>On crash</i>: the file of before; what lies between is read once more. A file that cannot be read counts as none: it only costs reading.
 *
 * <p>Limits: a line a partition this broker has led within the last {@value #KEPT_ROUNDS} rounds. Threading: {@link #of} and {@link #put} from any thread; {@link #load} and {@link #save} from one that may block, one at a time.
 */
final class ScrubPlaces {
    static final int KEPT_ROUNDS = 4;
    private static final String VERSION = "1";
    private static final String NAME = "cold-scrub";
    private static final Logger logger = LoggerFactory.getLogger(ScrubPlaces.class);

    /**
     * @param offset the next segment is the one that holds it; -1 when the round is over
     * @param damaged base offsets of segments that were found damaged and are not mended, the first {@value #DAMAGED_LIMIT} of them, ascending
     */
    record Place(long offset, long begunAtMs, List<Long> damaged) {
        static final long OVER = -1;
        static final int DAMAGED_LIMIT = 16;

        Place {
            damaged = damaged.stream().sorted().limit(DAMAGED_LIMIT).toList();
        }

        boolean over() {
            return offset == OVER;
        }

        private String text() {
            return offset + " " + begunAtMs + damaged.stream().map(at -> " " + at).collect(Collectors.joining());
        }
    }

    private record Key(Uuid topicId, int partition) {}

    private final Disk disk;
    private final Path directory;
    private final Map<Key, Place> places = new ConcurrentHashMap<>();
    private volatile boolean changed;

    ScrubPlaces(Disk disk, Path directory) {
        this.disk = disk;
        this.directory = directory;
    }

    private static Key key(TopicIdPartition partition) {
        return new Key(partition.topicId(), partition.partition());
    }

    Optional<Place> of(TopicIdPartition partition) {
        return Optional.ofNullable(places.get(key(partition)));
    }

    void put(TopicIdPartition partition, Place place) {
        places.put(key(partition), place);
        changed = true;
    }

    void load() {
        Path file = directory.resolve(NAME);
        try {
            if (disk.exists(file)) {
                parse(read(file));
            }
        } catch (IOException | IllegalArgumentException e) {
            places.clear();
            logger.atWarn().addKeyValue("file", file).addKeyValue("cause", e.toString()).log("How far the scrub had come cannot be read; it begins anew");
        }
    }

    private String read(Path path) throws IOException {
        try (DiskFile file = disk.open(path)) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(file.sizeBytes()));
            while (bytes.hasRemaining() && file.read(bytes, bytes.position()) > 0) {
                // to its end
            }
            return StandardCharsets.US_ASCII.decode(bytes.flip()).toString();
        }
    }

    private void parse(String text) {
        String[] lines = text.split("\n");
        if (!lines[0].equals(VERSION)) {
            throw new IllegalArgumentException("version " + lines[0]);
        }
        for (int i = 1; i < lines.length; i++) {
            String[] words = lines[i].split(" ");
            if (words.length < 4) {
                throw new IllegalArgumentException("line " + (i + 1));
            }
            places.put(new Key(Uuid.fromString(words[0]), Integer.parseInt(words[1])), new Place(Long.parseLong(words[2]), Long.parseLong(words[3]), Arrays.stream(words).skip(4).map(Long::valueOf).toList()));
        }
    }

    /** Writes what has changed since the last time, without partitions whose round began before {@code leastMs}. */
    void save(long leastMs) {
        if (!changed) {
            return;
        }
        changed = false;
        places.values().removeIf(place -> place.begunAtMs() < leastMs);
        try {
            write(VERSION + "\n" + new TreeMap<>(places.entrySet().stream().collect(Collectors.toMap(entry -> entry.getKey().topicId() + " " + entry.getKey().partition(), Map.Entry::getValue)))
                    .entrySet().stream().map(entry -> entry.getKey() + " " + entry.getValue().text() + "\n").collect(Collectors.joining()));
        } catch (IOException e) {
            changed = true;
            logger.atWarn().addKeyValue("directory", directory).addKeyValue("cause", e.toString()).log("How far the scrub has come could not be written; after a restart it reads more again");
        }
    }

    private void write(String text) throws IOException {
        disk.createDirectories(directory);
        Path young = directory.resolve(NAME + ".new");
        if (disk.exists(young)) {
            disk.delete(young);
        }
        try (DiskFile file = disk.create(young)) {
            file.append(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
            file.force();
        }
        disk.rename(young, directory.resolve(NAME));
        disk.forceDirectory(directory);
    }
}
