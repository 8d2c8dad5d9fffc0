package io.firn.gateway.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartitionOnLostDiskTest {

    private static final long DEADLINE_S = 30;

    @TempDir
    private Path directory;

    @Test
    void aPartitionWhoseColdTierIsAheadOfItsDiskRefusesAppends() throws IOException {
        try (TestPartitions before = new TestPartitions(directory)) {
            before.createTopic("logs", 1, Map.of("segment.bytes", "1048576"));
            Partition partition = before.partition("logs", 0);
            for (int i = 0; i < 3; i++) {
                before.append(partition, record(700_000));
            }
            await(partition, () -> partition.log().latestTieredOffset() >= 0);
        }
        loseLogs();
        try (TestPartitions after = new TestPartitions(directory)) {
            Partition partition = after.partition("logs", 0);
            await(partition, () -> partition.log().offlineReason().isPresent());
            AppendResult refused = append(partition);
            assertThat(refused).isInstanceOfSatisfying(AppendResult.Rejected.class, rejected -> {
                assertThat(rejected.error()).isEqualTo(AppendError.OFFLINE);
                assertThat(rejected.message()).contains("cold tier");
            });
        }
    }

    private static SimpleRecord record(int sizeBytes) {
        return new SimpleRecord(System.currentTimeMillis(), new byte[sizeBytes]);
    }

    /** The disk of the hot tier comes back empty. */
    private void loseLogs() throws IOException {
        List<Path> doomed;
        try (Stream<Path> files = Files.walk(directory.resolve("hot"))) {
            doomed = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : doomed) {
            Files.delete(file);
        }
    }

    private static AppendResult append(Partition partition) {
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        RecordBuffers batch = RecordBuffers.of(MemoryRecords.withRecords(Compression.NONE, record(10)).buffer());
        partition.loop().execute(() -> partition.append(batch, AppendOrigin.CLIENT, result::complete));
        return result.orTimeout(DEADLINE_S, TimeUnit.SECONDS).join();
    }

    private static void await(Partition partition, Supplier<Boolean> condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        while (!CompletableFuture.supplyAsync(condition, partition.loop()).join()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
        }
    }
}
