package io.firn.gateway.coordinator;

import io.firn.gateway.partition.Partitions;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.Deserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the state of coordinator partitions from their logs when this broker comes to lead them.
 *
 * <p>Limits: one partition is read at a time, with one buffer; as many loads may wait as a topic can have partitions.
 *
 * <p>Threading: {@link #load} only queues; the reading is done on the loader's own thread, which may block on the disk and on the cold tier.
 */
public final class LogLoader implements CoordinatorLoader<CoordinatorRecord> {
    private static final int MAX_WAITING = 10_000;
    private static final Logger log = LoggerFactory.getLogger(LogLoader.class);

    private final Partitions partitions;
    private final Deserializer<CoordinatorRecord> serde;
    private final InstantSource clock;
    private final Outcome outcome;
    private final ThreadPoolExecutor executor;

    /** Told on the loader's thread how each load ended. */
    public interface Outcome {
        void loaded(TopicPartition partition);

        /** The library leaves the partition unserved until it is elected anew. */
        void failed(TopicPartition partition);
    }

    /** @param name of its thread */
    public LogLoader(String name, Partitions partitions, Deserializer<CoordinatorRecord> serde, InstantSource clock, Outcome outcome) {
        this.partitions = partitions;
        this.serde = serde;
        this.clock = clock;
        this.outcome = outcome;
        this.executor = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_WAITING), task -> thread(name, task));
        this.executor.allowCoreThreadTimeOut(true);
    }

    @Override
    public CompletableFuture<LoadSummary> load(TopicPartition tp, CoordinatorPlayback<CoordinatorRecord> playback) {
        CompletableFuture<LoadSummary> loaded = new CompletableFuture<>();
        long queuedMs = clock.millis();
        try {
            executor.execute(() -> load(tp, playback, queuedMs, loaded));
        } catch (RejectedExecutionException e) {
            loaded.completeExceptionally(e);
        }
        return loaded;
    }

    private void load(TopicPartition tp, CoordinatorPlayback<CoordinatorRecord> playback, long queuedMs, CompletableFuture<LoadSummary> loaded) {
        try {
            LogReplay replay = partitions.find(tp.topic(), tp.partition()).map(partition -> new LogReplay(partition, serde, playback))
                    .orElseThrow(() -> new NotLeaderOrFollowerException(tp + " is not served here"));
            long startMs = clock.millis();
            replay.run();
            outcome.loaded(tp);
            loaded.complete(new LoadSummary(queuedMs, clock.millis(), startMs - queuedMs, replay.records(), replay.bytes()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            loaded.completeExceptionally(new KafkaException("The broker stops.", e));
        } catch (Exception | LinkageError e) { // a class that is missing must not leave the partition loading for ever
            log.atWarn().addKeyValue("partition", tp).setCause(e).log("A coordinator's partition could not be loaded");
            loaded.completeExceptionally(e);
            outcome.failed(tp);
        }
    }

    private static Thread thread(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
