package io.firn.gateway.rig;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterPlan;
import io.firn.membership.Command;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import io.firn.membership.Metadata;
import io.firn.membership.MetadataPeers;
import io.firn.membership.MetadataTimes;
import io.firn.membership.MetadataUnavailable;
import io.firn.membership.storage.FileFolder;
import io.firn.membership.storage.LocalMetadataStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;

/** The metadata of a cluster of many brokers, of which only number 1 is there and keeps them: the others come and go as they are told. Pure functions over {@link Metadata}. */
public final class ClusterMetadata {
    public static final int KEEPER = 1;

    private ClusterMetadata() {}

    public static Metadata open(Path directory) {
        try {
            return Metadata.openCluster(directory.resolve("journal"), new ClusterPlan(KEEPER, Set.of(KEEPER), MetadataTimes.DEFAULT), 3,
                    LocalMetadataStore.open(FileFolder.open(directory.resolve("store"))), new Nobody(), InstantSource.system(), new Random(1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record Nobody() implements MetadataPeers {
        @Override
        public CompletableFuture<byte[]> request(int broker, Way way, byte[] message, long timeoutMs) {
            return CompletableFuture.failedFuture(new MetadataUnavailable("nobody else is here", null));
        }

        @Override
        public void serve(Handler handler) {
            // Nobody asks.
        }
    }

    /** A new process of the broker, alive. Its directory is the one it always has. */
    public static void join(Metadata metadata, int id) {
        long epoch = register(metadata, id);
        metadata.submit(new Command.UnfenceBroker(id, epoch, Long.MAX_VALUE)).join();
    }

    /** A new process of the broker, fenced; its epoch. */
    public static long register(Metadata metadata, int id) {
        List<Endpoint> endpoints = List.of(Endpoint.client("host" + id + ".test", 9092), new Endpoint(Endpoint.PEER, "peer" + id + ".test", 9093));
        return metadata.submit(new Command.RegisterBroker(id, new Incarnation(Uuid.randomUuid(), new Uuid(7, id)), endpoints, Optional.of("rack-" + id))).join().brokers().get(id).epoch();
    }

    /** Nobody has heard of the broker for long. */
    public static void fence(Metadata metadata, int id) {
        BrokerView broker = metadata.view().brokers().get(id);
        metadata.submit(new Command.FenceBroker(id, broker.epoch())).join();
    }

    /** The leader says that exactly these are in sync. */
    public static void inSync(Metadata metadata, String topic, int partition, List<Integer> isr) {
        var found = metadata.view().topic(topic).orElseThrow();
        var placed = found.partitions().get(partition);
        var change = new Command.IsrChange(found.id(), partition, placed.leaderEpoch(), placed.partitionEpoch(),
                isr.stream().map(id -> new Command.InSync(id, Command.InSync.ANY_EPOCH)).toList(), false);
        metadata.submit(new Command.AlterIsr(placed.leader(), metadata.view().brokers().get(placed.leader()).epoch(), List.of(change))).join();
    }
}
