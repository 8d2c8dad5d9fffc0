package io.firn.gateway.config;

import io.firn.gateway.config.ConfigEntry.Source;
import io.firn.gateway.config.ConfigEntry.Synonym;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * Settings of this broker that only a restart changes, under the names Apache Kafka has for them, for the tools that look there. Only settings with
 * a counterpart in Kafka appear; the broker's own are in its file and the README's table. Immutable.
 */
public final class StaticBrokerConfigs {
    private final BrokerConfig config;
    private final Path logDirectory;

    public StaticBrokerConfigs(BrokerConfig config, Path logDirectory) {
        this.config = config;
        this.logDirectory = logDirectory;
    }

    public List<ConfigEntry> entries(ClusterView view) {
        List<ConfigEntry> entries = new ArrayList<>();
        add(entries, "node.id", Type.INT, "The node id of this broker.", config.node().id());
        add(entries, "broker.id", Type.INT, "The broker id of this broker.", config.node().id());
        config.node().rack().ifPresent(rack -> add(entries, "broker.rack", Type.STRING, "Rack of the broker.", rack));
        add(entries, "process.roles", Type.LIST, "The roles this process plays.", "broker,controller");
        add(entries, "listeners", Type.LIST, "Where the broker listens.", "PLAINTEXT://" + config.kafka().host() + ":" + config.kafka().port());
        Optional.ofNullable(view.brokers().get(config.node().id())).map(StaticBrokerConfigs::advertised)
                .ifPresent(address -> add(entries, "advertised.listeners", Type.LIST, "Where clients are told to connect to.", address));
        add(entries, "log.dirs", Type.LIST, "Where the broker stores its logs.", logDirectory.toAbsolutePath().normalize());
        add(entries, "num.partitions", Type.INT, "Partitions of a topic created without a number.", config.topic().defaultPartitions());
        add(entries, "default.replication.factor", Type.INT, "Replicas of a topic created without a number.", config.defaultReplicationFactor());
        add(entries, "auto.create.topics.enable", Type.BOOLEAN, "Create a topic when a client asks for its metadata and allows it.", config.topic().autoCreate());
        add(entries, "delete.topic.enable", Type.BOOLEAN, "Topics can be deleted.", true);
        add(entries, "socket.request.max.bytes", Type.INT, "Largest request.", config.kafka().requestMaxBytes());
        add(entries, "connections.max.idle.ms", Type.LONG, "Idle time after which a connection is closed.", config.kafka().connectionIdleMs());
        add(entries, "max.connections", Type.INT, "Connections at the same time.", config.kafka().connectionsMax());
        add(entries, "producer.id.expiration.ms", Type.INT, "Idle time after which an idempotent producer is forgotten.", config.log().producerIdExpirationMs());
        add(entries, "transaction.state.log.num.partitions", Type.INT, "Partitions of __transaction_state.", config.transaction().statePartitions());
        add(entries, "transaction.state.log.replication.factor", Type.SHORT, "Replicas of __transaction_state.", config.transaction().stateReplicationFactor());
        add(entries, "transaction.max.timeout.ms", Type.INT, "Longest transaction a producer may ask for.", config.transaction().maxTimeoutMs());
        add(entries, "transactional.id.expiration.ms", Type.INT, "Time without use after which a transactional id is forgotten.", config.transaction().idExpirationMs());
        add(entries, "remote.log.storage.system.enable", Type.BOOLEAN, "Sealed segments go to the cold tier.", true);
        return entries;
    }

    private static String advertised(BrokerView broker) {
        return "PLAINTEXT://" + broker.host() + ":" + broker.port();
    }

    private static void add(List<ConfigEntry> entries, String name, Type type, String documentation, Object value) {
        entries.add(ConfigEntry.of(name, type, true, documentation, List.of(new Synonym(name, String.valueOf(value), Source.STATIC))));
    }
}
