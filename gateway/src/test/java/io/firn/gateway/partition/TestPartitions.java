package io.firn.gateway.partition;

import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStores;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.peer.Peers;
import io.firn.gateway.wire.EventLoops;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.FileDisk;
import io.firn.hot.HotStore;
import io.firn.hot.HotStoreConfig;
import io.firn.hot.RecordBuffers;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import io.firn.retention.RetentionConfig;
import io.firn.retention.RetentionWorker;
import io.firn.retention.ScratchSpace;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Metadata, logs and partitions of one broker in a directory, without listeners: what coordinators stand on. Opened again, it holds what it held. */
public final class TestPartitions implements AutoCloseable {
    public static final int BROKER = 1;

    public final Metadata metadata;
    public final Partitions partitions;
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    public final HotStore hot;
    private final RetentionWorker retention;
    private final ColdStore cold;
    private final RecompressionPool recompression = RecompressionPool.start(1);
    private final PartitionKeeper keeper;
    private final EventLoops loops = EventLoops.of(vertx, 1);
    private final Peers peers;

    public TestPartitions(Path directory) {
        InstantSource clock = InstantSource.system();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        metadata = Metadata.openSingleBroker(directory.resolve("metadata"), clock, new Random(1));
        metadata.submit(new Command.RegisterBroker(BROKER, "localhost", 9092, Optional.empty())).join();
        hot = HotStore.open(new HotStoreConfig(directory.resolve("hot"), Durability.FSYNC, 1, 2, 86_400_000L, 1 << 26), new FileDisk(), clock, meters);
        cold = ColdStore.open(new ColdStoreConfig("", metadata.view().clusterId(), 1 << 20, 16 << 20, 2, 1 << 20, 1, 5_000, 2, 1_000, false),
                ObjectStores.open(ObjectStoreConfig.ofDirectory(directory.resolve("cold")), meters), clock, meters);
        retention = RetentionWorker.start(new RetentionConfig(1_000, 0, 0, hot::usableBytes, 1), new ScratchSpace(new FileDisk(), directory.resolve("scratch")), cold, clock, meters);
        partitions = new Partitions(metadata::view);
        peers = Peers.none(BROKER, metadata::view, loops.first());
        keeper = new PartitionKeeper(Replication.single(BROKER), hot, retention, loops, partitions, new TopicConfigs(BROKER, Map.of())::settings, recompression, clock);
        metadata.subscribe((before, after) -> keeper.apply(after));
        keeper.start(metadata.view()).join();
    }

    /** Of a broker alone. */
    public Peers peers() {
        return peers;
    }

    public void createTopic(String name, int count, Map<String, String> configs) {
        metadata.submit(new Command.CreateTopic(Uuid.randomUuid(), name, count, 1, Map.of(), configs)).join();
    }

    /** A partition that was created, once it is in service. */
    public Partition partition(String topic, int number) {
        CompletableFuture<Partition> found = new CompletableFuture<>();
        partitions.onAdded(added -> {
            if (added.id().topic().equals(topic) && added.id().partition() == number) {
                found.complete(added);
            }
        });
        partitions.find(topic, number).ifPresent(found::complete);
        return found.orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** The registry of another broker, which leads nothing yet. */
    public Partitions elsewhere() {
        return new Partitions(metadata::view);
    }

    /** What leads in one registry leads in the other from now on, with the same log. */
    public static void move(Partition partition, Partitions from, Partitions to) {
        CompletableFuture.runAsync(() -> {
            from.remove(partition);
            to.put(partition);
        }, partition.loop()).orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** Clients meet the partition on another loop from now on, with the same log, which stays on its own. */
    public static void move(Partition partition, Partitions in, Executor loop) {
        CompletableFuture.runAsync(() -> in.put(new Partition(partition.id(), partition.log(), partition.replica(), partition.leads(), partition.settings(), loop,
                new RecompressionPool(Runnable::run, () -> {}), InstantSource.system())), partition.loop()).orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** {@link Partition#awaitCommit} without a deadline, as a future. On the partition's loop. */
    public static CompletableFuture<Void> whenCommitted(Partition partition, long nextOffset) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        partition.awaitCommit(nextOffset, Long.MAX_VALUE, new Partition.CommitListener() {
            @Override
            public void committed() {
                done.complete(null);
            }

            @Override
            public void notCommitted(Errors why) {
                done.completeExceptionally(why.exception());
            }
        });
        return done;
    }

    /** Appends one batch as a coordinator would, and waits until it is committed; returns its first offset. */
    public long append(Partition partition, SimpleRecord... records) {
        ByteBuffer batch = MemoryRecords.withRecords(Compression.NONE, records).buffer();
        CompletableFuture<Long> baseOffset = new CompletableFuture<>();
        partition.loop().execute(() -> partition.append(RecordBuffers.of(batch), AppendOrigin.COORDINATOR, result -> {
            AppendResult.Appended appended = (AppendResult.Appended) result;
            whenCommitted(partition, appended.lastOffset() + 1).thenRun(() -> baseOffset.complete(appended.baseOffset()));
        }));
        return baseOffset.orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** Stops as a broker does. */
    @Override
    public void close() {
        keeper.stop().join();
        recompression.close();
        retention.close();
        cold.close();
        hot.close();
        metadata.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
