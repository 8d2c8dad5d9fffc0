package io.firn.hot.epoch;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.EpochEnd;
import io.firn.hot.Seeds;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ScheduledFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile;
import org.apache.kafka.storage.internals.epoch.LeaderEpochFileCache;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Any run of elections and truncations answers as Kafka's leader epoch cache, and both read each other's file. */
class LeaderEpochsOraclePropertyTest {

    @TempDir
    Path directory;

    @Test
    void answersAsKafkaDoes() {
        Seeds.each(12, random -> {
            File file = Files.createTempFile(directory, "epochs", "").toFile();
            LeaderEpochFileCache kafka = cache(file);
            LeaderEpochs ours = LeaderEpochs.EMPTY;
            for (int step = 0; step < 40; step++) {
                ours = change(ours, kafka, random);
                compare(ours, kafka);
            }
            Files.write(file.toPath(), bytes(ours.toText()));
            compare(ours, cache(file));
            new LeaderEpochCheckpointFile(file, new LogDirFailureChannel(1)).write(kafka.epochEntries());
            assertThat(LeaderEpochs.fromText(ByteBuffer.wrap(Files.readAllBytes(file.toPath())))).isEqualTo(ours);
        });
    }

    private static LeaderEpochFileCache cache(File file) throws Exception {
        return new LeaderEpochFileCache(new TopicPartition("t", 0), new LeaderEpochCheckpointFile(file, new LogDirFailureChannel(1)), new DirectScheduler());
    }

    private static LeaderEpochs change(LeaderEpochs ours, LeaderEpochFileCache kafka, Random random) {
        int newest = ours.latest().orElse(0);
        long offset = random.nextInt(100);
        return switch (random.nextInt(8)) {
            case 0 -> {
                kafka.truncateFromEndAsyncFlush(offset);
                yield ours.truncateFromEnd(offset);
            }
            case 1 -> {
                kafka.truncateFromStartAsyncFlush(offset / 3);
                yield ours.truncateFromStart(offset / 3);
            }
            default -> {
                int epoch = Math.max(0, newest + random.nextInt(4) - 1);
                kafka.assign(epoch, offset);
                yield ours.assign(epoch, offset);
            }
        };
    }

    private static void compare(LeaderEpochs ours, LeaderEpochFileCache kafka) {
        assertThat(ours.size()).isEqualTo(kafka.epochEntries().size());
        assertThat(ours.latest().isPresent()).isEqualTo(kafka.latestEpoch().isPresent());
        for (int epoch = -1; epoch <= ours.latest().orElse(0) + 2; epoch++) {
            Map.Entry<Integer, Long> end = kafka.endOffsetFor(epoch, 200);
            assertThat(ours.endOffsetFor(epoch, 200))
                    .isEqualTo(end.getKey() < 0 ? Optional.empty() : Optional.of(new EpochEnd(end.getKey(), end.getValue())));
        }
        for (long offset = 0; offset < 101; offset++) {
            assertThat(ours.epochAt(offset)).isEqualTo(kafka.epochForOffset(offset));
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /** Runs the background flushes of the file at once. */
    private static final class DirectScheduler implements Scheduler {
        @Override
        public ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
            task.run();
            return null;
        }

        @Override
        public void startup() {}

        @Override
        public void shutdown() {}

        @Override
        public void resizeThreadPool(int newSize) {}
    }
}
