package io.firn.gateway.coordinator;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.KafkaStorageException;
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
 * <p>Life of a load: <b>waiting</b> → <b>reading</b> ({@link LogReplay}, the log's whole end included) → <b>read</b>, while the high watermark is below that end → <b>loaded</b>, or failed from any of them, or
 * <b>dropped</b>: its election is over. Kafka's library takes the end of any load for that of the partition's present election, so a dropped one ends without a word to anybody. A load that was told of
 * before {@link #drop} has its end in the library's queue before whatever comes then.
 *
 * <p>A leader that has just begun knows an older high watermark than the leader before it, or than itself before a crash: by the last checkpoint, or by the last fetch. Answers out of what is
 * committed by that watermark would be answers of the past, such as offsets that a transaction has replaced since; who gets them processes the same records twice. Therefore nobody is answered
 * until all that was replayed is committed.
 *
 * <p>Limits: one partition is read at a time, with one buffer; as many loads may wait as a topic can have partitions. What is read waits as long as the partition is led here and in service: with
 * fewer replicas in sync than {@code min.insync.replicas}, requests get COORDINATOR_LOAD_IN_PROGRESS until there are more.
 *
 * <p>Threading: {@link #load} only queues; the reading is done on the loader's own thread, which may block on the disk and on the cold tier; the wait is on the partition's loop and blocks nobody.
 */
public final class LogLoader implements CoordinatorLoader<CoordinatorRecord> {
    private static final int MAX_WAITING = 10_000;
    private static final Logger log = LoggerFactory.getLogger(LogLoader.class);

    private final Partitions partitions;
    private final Deserializer<CoordinatorRecord> serde;
    private final InstantSource clock;
    private final Outcome outcome;
    private final ThreadPoolExecutor executor;
    /** Loads that are not over, by partition; others are dropped. */
    private final Map<TopicPartition, CompletableFuture<LoadSummary>> current = new ConcurrentHashMap<>();

    /** Told on the loader's thread or the partition's loop how each load ended. */
    public interface Outcome {
        void loaded(TopicPartition partition);

        /** The library leaves the partition unserved until it is elected anew. Not called of one that is led here no more. */
        void failed(Partition partition);
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
        current.put(tp, loaded);
        long queuedMs = clock.millis();
        try {
            executor.execute(() -> load(tp, playback, queuedMs, loaded));
        } catch (RejectedExecutionException e) {
            end(tp, loaded, () -> loaded.completeExceptionally(e));
        }
        return loaded;
    }

    /** To be called when an election is over, before the library is told. Returns at once. */
    public void drop(TopicPartition tp) {
        current.remove(tp);
    }

    private void load(TopicPartition tp, CoordinatorPlayback<CoordinatorRecord> playback, long queuedMs, CompletableFuture<LoadSummary> loaded) {
        Optional<Partition> found = partitions.find(tp.topic(), tp.partition());
        try {
            Partition partition = found.orElseThrow(() -> new NotLeaderOrFollowerException(tp + " is not served here"));
            LogReplay replay = new LogReplay(partition, serde, playback, () -> current.get(tp) == loaded);
            long startMs = clock.millis();
            long end = replay.run();
            long records = replay.records();
            long bytes = replay.bytes();
            untilCommitted(partition, end).whenComplete((committed, failure) -> {
                if (failure == null) {
                    end(tp, loaded, () -> {
                        outcome.loaded(tp);
                        loaded.complete(new LoadSummary(queuedMs, clock.millis(), startMs - queuedMs, records, bytes));
                    });
                } else {
                    fail(tp, found, failure, loaded);
                }
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end(tp, loaded, () -> loaded.completeExceptionally(new KafkaException("The broker stops.", e)));
        } catch (Exception | LinkageError e) { // a class that is missing must not leave the partition loading for ever
            fail(tp, found, e, loaded);
        }
    }

    /** A partition that is no longer led here is loaded when it is again. */
    private void fail(TopicPartition tp, Optional<Partition> partition, Throwable why, CompletableFuture<LoadSummary> loaded) {
        end(tp, loaded, () -> {
            loaded.completeExceptionally(why);
            if (partition.isPresent() && !(why instanceof NotLeaderOrFollowerException)) {
                log.atWarn().addKeyValue("partition", tp).setCause(why).log("A coordinator's partition could not be loaded");
                outcome.failed(partition.get());
            }
        });
    }

    /** Does {@code last}, unless the load was dropped; not both at the same time. */
    private void end(TopicPartition tp, CompletableFuture<LoadSummary> loaded, Runnable last) {
        current.computeIfPresent(tp, (same, present) -> {
            if (present != loaded) {
                return present;
            }
            last.run();
            return null;
        });
    }

    /** Completes on the partition's loop when its high watermark has reached {@code end}; fails when it leaves service first. However long the broker may not say what is committed, it waits. */
    private static CompletableFuture<Void> untilCommitted(Partition partition, long end) {
        CompletableFuture<Void> committed = new CompletableFuture<>();
        partition.loop().execute(() -> {
            Runnable removal = partition.onHighWatermark(offset -> look(partition, offset, end, committed));
            if (!committed.isDone()) {
                log.atInfo().addKeyValue("partition", partition.id()).addKeyValue("highWatermark", partition.highWatermark()).addKeyValue("end", end)
                        .log("A coordinator's partition is read; waiting until its end is committed");
            }
            committed.whenComplete((done, failure) -> partition.loop().execute(removal));
        });
        return committed;
    }

    private static void look(Partition partition, long highWatermark, long end, CompletableFuture<Void> committed) {
        if (partition.retired()) {
            committed.completeExceptionally(new NotLeaderOrFollowerException(partition.id() + " is no longer served here"));
        } else if (highWatermark >= end) {
            committed.complete(null);
        } else {
            partition.outOfService().ifPresent(reason -> committed.completeExceptionally(new KafkaStorageException(partition.id() + ": " + reason)));
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
