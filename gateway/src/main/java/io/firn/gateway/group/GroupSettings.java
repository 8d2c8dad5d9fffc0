package io.firn.gateway.group;

import io.firn.gateway.config.BrokerConfig;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;

/**
 * The settings of the group coordinator as the library wants them: {@code group.settings} (Kafka's names) over Firn's own defaults.
 *
 * <p>Apart from {@link GroupService} because the library's config classes are loaded only when groups or their configs are used. Immutable.
 */
public final class GroupSettings {

    /**
     * Largest batch the coordinator gathers, and so the size of the buffer each partition keeps once written. Kafka's is 512 KiB: 25 MiB of heap for 50
     * partitions. A single larger record still goes through in a batch of its own, up to the topic's {@code max.message.bytes}.
     */
    static final int BATCH_BYTES = 64 * 1024;

    private final Map<String, String> properties;
    private final Map<String, Object> values;
    private final GroupCoordinatorConfig coordinator;
    private final ShareGroupConfig share;

    private GroupSettings(Map<String, String> properties) {
        this.properties = Map.copyOf(properties);
        this.values = new HashMap<>(GroupCoordinatorConfig.CONFIG_DEF.parse(properties));
        this.values.putAll(ShareGroupConfig.CONFIG_DEF.parse(properties));
        this.coordinator = GroupCoordinatorConfig.fromProps(properties);
        this.share = ShareGroupConfig.fromProps(properties);
    }

    /** @throws org.apache.kafka.common.config.ConfigException for a value of {@code group.settings} that is not allowed */
    public static GroupSettings of(BrokerConfig.Group config) {
        Map<String, String> properties = new HashMap<>(config.settings());
        properties.putIfAbsent(GroupCoordinatorConfig.GROUP_COORDINATOR_NUM_THREADS_CONFIG, Integer.toString(config.coordinatorThreads()));
        properties.putIfAbsent(GroupCoordinatorConfig.GROUP_COORDINATOR_NUM_BACKGROUND_THREADS_CONFIG, "1");
        properties.put(GroupCoordinatorConfig.OFFSETS_TOPIC_PARTITIONS_CONFIG, Integer.toString(config.offsetsPartitions()));
        properties.put(GroupCoordinatorConfig.OFFSETS_TOPIC_REPLICATION_FACTOR_CONFIG, Integer.toString(config.offsetsReplicationFactor()));
        return new GroupSettings(properties);
    }

    /** The names {@code group.settings} may have. */
    public static Set<String> names() {
        Set<String> names = new TreeSet<>(GroupCoordinatorConfig.CONFIG_DEF.names());
        names.addAll(ShareGroupConfig.CONFIG_DEF.names());
        return names;
    }

    GroupCoordinatorConfig coordinator() {
        return coordinator;
    }

    ShareGroupConfig share() {
        return share;
    }

    /** What a group without configs of its own gets. */
    Map<String, Integer> groupDefaults() {
        return coordinator.extractGroupConfigMap(share);
    }

    /**
     * Checks the configs a group is to have.
     *
     * @throws org.apache.kafka.common.errors.ApiException or {@link org.apache.kafka.common.config.ConfigException} for an unknown name, or a value not allowed here
     */
    public void check(Map<String, String> configs) {
        GroupConfig.validate(configs, coordinator, share);
    }

    /** What is in force for a group with these configs of its own; a value that is out of bounds by now counts as the nearest within. */
    public GroupConfig of(String group, Map<String, String> configs) {
        Properties own = new Properties();
        own.putAll(configs);
        return GroupConfig.fromProps(groupDefaults(), GroupConfig.evaluate(own, group, coordinator, share));
    }

    public int maxShareSessions() {
        return share.shareGroupMaxShareSessions();
    }

    /** How often a member of a streams group with these configs of its own is to show itself. */
    public int streamsHeartbeatIntervalMs(Map<String, String> groupConfigs) {
        String own = groupConfigs.get(GroupConfig.STREAMS_HEARTBEAT_INTERVAL_MS_CONFIG);
        return own == null ? coordinator.streamsGroupHeartbeatIntervalMs() : Integer.parseInt(own.trim());
    }

    /** Whether the coordinator's setting {@code name} was given a value here. */
    boolean chosen(String name) {
        return properties.containsKey(name);
    }

    /** The value of one of the coordinator's settings in force. */
    Object value(String name) {
        return values.get(name);
    }

    /** Whether the coordinator has a setting of that name. */
    boolean has(String name) {
        return values.containsKey(name);
    }

    /** What the setting is when it is given no value. */
    Object builtIn(String name) {
        return GroupCoordinatorConfig.CONFIG_DEF.defaultValues().getOrDefault(name, ShareGroupConfig.CONFIG_DEF.defaultValues().get(name));
    }
}
