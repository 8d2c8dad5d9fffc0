package io.firn.gateway.transaction;

import io.firn.gateway.coordinator.CoordinatorService;
import io.firn.gateway.coordinator.LogLoader;
import io.firn.gateway.coordinator.LogWriter;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.ClusterView;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.coordinator.common.runtime.CoordinatorBackgroundThreadPoolExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRuntime;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRuntimeMetricsImpl;
import org.apache.kafka.coordinator.common.runtime.MultiThreadedEventProcessor;
import org.apache.kafka.coordinator.transaction.TransactionCoordinatorRecordSerde;
import org.apache.kafka.server.util.timer.SystemTimer;
import org.apache.kafka.server.util.timer.SystemTimerReaper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transaction coordinator with everything it stands on, from start to stop.
 *
 * <p>Threads: one of the runtime for all its partitions, which waits for local appends; one that delivers markers and looks after times, and never waits; the loader's; the timer's.
 *
 * <p>Threading: confined to the control thread, except {@link #api()}.
 */
final class TransactionService implements CoordinatorService<TransactionCoordinator> {
    private static final Logger log = LoggerFactory.getLogger(TransactionService.class);
    private static final int THREADS = 1;

    private final Metrics metrics = new Metrics();
    private final Map<Integer, Integer> epochs = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor deliveryThread = deliveryThread();
    private final CoordinatorRuntime<TransactionShard, CoordinatorRecord> runtime;
    private final LogLoader loader;
    private final TransactionCoordinator coordinator;
    private volatile ClusterView view;

    /** What the coordinator works with. */
    record Parts(Partitions partitions, MarkerSender markers, Supplier<CompletableFuture<Long>> producerIds, TransactionSettings settings, InstantSource clock) {}

    private TransactionService(Parts parts, ClusterView view, LogLoader.Outcome loads, int count) {
        this.view = view;
        MarkerDelivery delivery = new MarkerDelivery(parts.markers(), this::exists, this::complete, deliveryThread);
        CoordinatorRuntimeMetricsImpl runtimeMetrics = new CoordinatorRuntimeMetricsImpl(metrics, "transaction-coordinator-metrics", false);
        this.loader = new LogLoader("firn-transaction-loader", parts.partitions(), new TransactionCoordinatorRecordSerde(), parts.clock(), loads);
        LogContext context = new LogContext("[transaction coordinator] ");
        this.runtime = new CoordinatorRuntime.Builder<TransactionShard, CoordinatorRecord>()
                .withTime(Time.SYSTEM)
                .withTimer(new SystemTimerReaper("transaction-coordinator-reaper", new SystemTimer("transaction-coordinator")))
                .withLogContext(context)
                .withEventProcessor(new MultiThreadedEventProcessor(context, "transaction-coordinator-event-processor-", THREADS, Time.SYSTEM, runtimeMetrics))
                .withPartitionWriter(new LogWriter(parts.partitions(), TransactionSettings.BATCH_BYTES))
                .withLoader(loader)
                .withCoordinatorShardBuilderSupplier(() -> new TransactionShard.Builder(new Homes(), delivery))
                .withWriteTimeout(Duration.ofMillis(parts.settings().writeTimeoutMs()))
                .withCoordinatorRuntimeMetrics(runtimeMetrics)
                .withCoordinatorMetrics(new UnmeasuredShards())
                .withSerializer(new TransactionCoordinatorRecordSerde())
                .withExecutorService(new CoordinatorBackgroundThreadPoolExecutor("transaction-coordinator-background-", THREADS, Time.SYSTEM, runtimeMetrics))
                .withCachedBufferMaxBytesSupplier(() -> TransactionSettings.BATCH_BYTES)
                .build();
        this.coordinator = new TransactionCoordinator(runtime, count, parts.producerIds(), parts.settings(), parts.clock());
        every(parts.settings().sweepIntervalMs(), coordinator::sweep);
        every(parts.settings().expiryIntervalMs(), coordinator::expire);
    }

    /** @param count partitions of {@code __transaction_state}, fixed for the service's life */
    static TransactionService start(Parts parts, ClusterView view, LogLoader.Outcome loads, int count) {
        return new TransactionService(parts, view, loads, count);
    }

    /** Shards are told by these what they cannot know themselves. Called on the runtime's threads. */
    private final class Homes implements TransactionShard.Home {
        @Override
        public void loaded(TopicPartition partition) {
            coordinator.sweep(partition);
        }

        @Override
        public int epochOf(TopicPartition partition) {
            return epochs.getOrDefault(partition.partition(), 0);
        }
    }

    private boolean exists(TopicPartition partition) {
        return view.topic(partition.topic()).filter(topic -> partition.partition() < topic.partitions().size()).isPresent();
    }

    private CompletableFuture<Errors> complete(String id, Transaction prepared) {
        return coordinator.complete(id, prepared);
    }

    private void every(long intervalMs, Runnable task) {
        deliveryThread.scheduleWithFixedDelay(() -> {
            try {
                task.run();
            } catch (RuntimeException e) { // a periodic task that throws is never run again
                log.atError().setCause(e).log("Upkeep of transactions failed");
            }
        }, intervalMs, intervalMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public TransactionCoordinator api() {
        return coordinator;
    }

    @Override
    public LogLoader loader() {
        return loader;
    }

    @Override
    public void follow(ClusterView next) {
        view = next;
    }

    @Override
    public void elected(int partition, int leaderEpoch) {
        epochs.put(partition, leaderEpoch);
        runtime.scheduleLoadOperation(home(partition), leaderEpoch);
    }

    @Override
    public void resigned(int partition) {
        runtime.scheduleUnloadOperation(home(partition), OptionalInt.empty());
    }

    private static TopicPartition home(int partition) {
        return new TopicPartition(Topic.TRANSACTION_STATE_TOPIC_NAME, partition);
    }

    @Override
    public void stop() {
        deliveryThread.shutdownNow();
        try {
            runtime.close();
        } catch (Exception e) {
            throw new IllegalStateException("transaction coordinator", e);
        } finally {
            metrics.close();
        }
    }

    private static ScheduledThreadPoolExecutor deliveryThread() {
        ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread made = new Thread(task, "firn-transaction-delivery");
            made.setDaemon(true);
            return made;
        });
        // What comes after the stop is found in the log at the next start.
        thread.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        return thread;
    }
}
