package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.batch.Batches;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store with its real threads on the real disk. */
final class HotStoreTest {

    private static final long DEADLINE_SECONDS = 30;

    @TempDir
    Path directory;

    private final ExecutorService loop = Executors.newSingleThreadExecutor();
    private final TopicIdPartition partition = new TopicIdPartition(Uuid.randomUuid(), 3, "some-topic");
    private HotStore store;

    @BeforeEach
    void begin() {
        store = start();
    }

    @AfterEach
    void stop() throws InterruptedException {
        store.close();
        loop.shutdown();
        assertThat(loop.awaitTermination(DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void appendsBecomeDurableAndSurviveACleanRestart() throws Exception {
        HotLog log = open();
        assertThat(await(appendAndWait(log, 500))).isEqualTo(500);
        assertThat(store.onDisk()).containsExactly(partition);
        restart();
        HotLog again = open();
        assertThat(onLoop(again::logEndOffset)).isEqualTo(500);
        assertThat(onLoop(() -> records(again))).isEqualTo(500);
        assertThat(store.usableBytes()).isPositive();
    }

    @Test
    void aSecondHolderOfTheDirectoryIsRefusedInOneLine() {
        assertThatThrownBy(this::start).isInstanceOf(HotStoreException.class).hasMessageContaining("in use").hasMessageNotContaining("\n");
    }

    @Test
    void aDeletedLogLeavesNothingAndItsNameCanBeUsedAnew() throws Exception {
        HotLog log = open();
        await(appendAndWait(log, 10));
        CompletableFuture<Void> deleted = store.delete(partition);
        TopicIdPartition successor = new TopicIdPartition(Uuid.randomUuid(), 3, "some-topic");
        HotLog next = await(store.openOrCreate(successor, HotLogTest.SMALL, loop));
        await(deleted);
        assertThat(onLoop(next::offlineReason)).isEmpty();
        assertThat(onLoop(next::logEndOffset)).isZero();
        assertThat(store.onDisk()).containsExactly(successor);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (names().size() > 2 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(names()).containsExactlyInAnyOrder(".lock", "some-topic-3");
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void aTopicWithTheLongestNameCanBeDeleted() throws Exception {
        TopicIdPartition longest = new TopicIdPartition(Uuid.randomUuid(), 10, "n".repeat(249));
        await(store.openOrCreate(longest, HotLogTest.SMALL, loop));
        await(store.delete(longest));
        assertThat(store.onDisk()).isEmpty();
        assertThat(names()).doesNotContain(longest.topicPartition().toString());
    }

    @Test
    void aDirectoryOfAnotherTopicIdIsNotTouched() throws Exception {
        await(appendAndWait(open(), 10));
        restart();
        HotLog other = await(store.openOrCreate(new TopicIdPartition(Uuid.randomUuid(), 3, "some-topic"), HotLogTest.SMALL, loop));
        assertThat(onLoop(other::offlineReason)).isPresent();
        assertThat(onLoop(open()::logEndOffset)).isEqualTo(10);
    }

    @Test
    void openingTwiceIsRefused() throws Exception {
        open();
        assertThat(store.openOrCreate(partition, HotLogTest.SMALL, loop)).isCompletedExceptionally();
    }

    private HotStore start() {
        HotStoreConfig config = new HotStoreConfig(directory, Durability.FSYNC, 1, 2, 3_600_000, 1 << 20);
        return HotStore.open(config, new FileDisk(), InstantSource.system(), new SimpleMeterRegistry());
    }

    private void restart() {
        store.close();
        assertThat(directory.resolve(".clean-shutdown")).exists();
        store = start();
        assertThat(directory.resolve(".clean-shutdown")).doesNotExist();
    }

    private HotLog open() throws Exception {
        return await(store.openOrCreate(partition, HotLogTest.SMALL, loop));
    }

    /** Appends single records on the loop; done with the durable offset when all are durable. */
    private CompletableFuture<Long> appendAndWait(HotLog log, int records) {
        CompletableFuture<Long> durable = new CompletableFuture<>();
        loop.execute(() -> {
            log.onDurable(() -> {
                if (log.durableOffset() == records) {
                    durable.complete(log.durableOffset());
                }
            });
            appendNext(log, records);
        });
        return durable;
    }

    private void appendNext(HotLog log, int until) {
        while (log.logEndOffset() < until) {
            AppendResult result = log.append(RecordBuffers.of(Batches.plain(0, 1, 1000)), 0, AppendOrigin.CLIENT, 1);
            if (result instanceof AppendResult.NotWritableYet) {
                log.whenWritable().thenRun(() -> appendNext(log, until));
                return;
            }
            assertThat(result).isInstanceOf(AppendResult.Appended.class);
        }
    }

    private static int records(HotLog log) {
        List<Long> offsets = new ArrayList<>();
        try {
            offsets.addAll(LogReads.offsets(log, 0, log.logEndOffset()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return offsets.size();
    }

    private <T> T onLoop(Supplier<T> question) throws Exception {
        return await(CompletableFuture.supplyAsync(question, loop));
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        return future.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }
}
