package io.firn.membership.hazelcast;

import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.AliasedDiscoveryConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.cp.CPSubsystemConfig;
import com.hazelcast.config.cp.FencedLockConfig;
import com.hazelcast.config.cp.RaftAlgorithmConfig;
import io.firn.membership.CpSeeds;
import io.firn.membership.CpSettings;
import io.firn.membership.cp.CpIdentity;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Settings as Hazelcast wants them: the CP subsystem and what it stands on, everything else off. Pure, but for the name of the incarnation.
 */
final class InstanceConfig {

    /** Attributes every broker shows to the others. They are as of its start. */
    static final String BROKER = "firn.broker";
    static final String INCARNATION = "firn.incarnation";
    static final String CP_UUID = "firn.cp.uuid";
    static final String PROCESS = "firn.process";
    static final String PEER_HOST = "firn.peer.host";
    static final String PEER_PORT = "firn.peer.port";

    static final String LOGGING = "hazelcast.logging.type";
    static final String EXECUTOR = "firn-cp";
    private static final String NAME_PREFIX = "firn-";

    private InstanceConfig() {}

    /** What all names of a broker's incarnations begin with. */
    static String namePrefix(int brokerId) {
        return NAME_PREFIX + brokerId + "-";
    }

    static Config of(CpSettings settings, CpIdentity identity) {
        Config config = new Config(namePrefix(settings.brokerId()) + Long.toHexString(ThreadLocalRandom.current().nextLong()));
        config.setClusterName(settings.clusterName());
        properties(config, settings);
        config.getJetConfig().setEnabled(false);
        config.getMetricsConfig().setEnabled(false);
        config.getIntegrityCheckerConfig().setEnabled(false);
        config.getExecutorConfig(EXECUTOR).setPoolSize(2).setQueueCapacity(1000);
        config.getSerializationConfig().addDataSerializableFactory(CpSerialization.FACTORY_ID, new CpSerialization());
        config.getMemberAttributeConfig().setAttribute(BROKER, Integer.toString(settings.brokerId()));
        config.getMemberAttributeConfig().setAttribute(INCARNATION, config.getInstanceName());
        settings.presence().ifPresent(presence -> {
            config.getMemberAttributeConfig().setAttribute(PROCESS, presence.process().toString());
            config.getMemberAttributeConfig().setAttribute(PEER_HOST, presence.endpoint().host());
            config.getMemberAttributeConfig().setAttribute(PEER_PORT, Integer.toString(presence.endpoint().port()));
        });
        if (identity.speaks()) {
            config.getMemberAttributeConfig().setAttribute(CP_UUID, identity.uuid().toString());
        }
        network(config.getAdvancedNetworkConfig(), settings);
        cp(config.getCPSubsystemConfig(), settings);
        return config;
    }

    private static void properties(Config config, CpSettings settings) {
        CpSettings.Timings timings = settings.timings();
        config.setProperty(LOGGING, "slf4j");
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.shutdownhook.enabled", "false");
        config.setProperty("hazelcast.health.monitoring.level", "OFF");
        config.setProperty("hazelcast.slow.operation.detector.enabled", "false");
        config.setProperty("hazelcast.partition.count", "17"); // no partitioned data; Raft groups are spread over their threads
        config.setProperty("hazelcast.graceful.shutdown.max.wait", "10");
        config.setProperty("hazelcast.wait.seconds.before.join", "0");
        config.setProperty("hazelcast.heartbeat.interval.seconds", Integer.toString(timings.heartbeatSeconds()));
        config.setProperty("hazelcast.max.no.heartbeat.seconds", Integer.toString(timings.silenceSeconds()));
        // The defaults, 300 and 120 s, would keep the halves of a healed partition apart for minutes, and so brokers that started at the same moment without seeing each other.
        config.setProperty("hazelcast.merge.first.run.delay.seconds", "3");
        config.setProperty("hazelcast.merge.next.run.delay.seconds", "3");
        config.setProperty("hazelcast.socket.bind.any", Boolean.toString(settings.everywhere()));
    }

    /**
     * A port for members alone. One that clients may use as well (Hazelcast's default) would find out who is connected to it, and whoever has connected to a member that does not answer, since its process is
     * stopped but its kernel is not, then goes round in a circle: a thread that also writes to other members does nothing else any more, and members that are well take each other for dead.
     *
     * <p>A wildcard is never given as an interface: Hazelcast takes it for a mask, which no address of the machine matches, and does not start.
     */
    private static void network(AdvancedNetworkConfig network, CpSettings settings) {
        ServerSocketEndpointConfig members = new ServerSocketEndpointConfig().setPort(settings.port()).setPortAutoIncrement(false);
        settings.host().filter(host -> !settings.everywhere()).ifPresent(host -> members.getInterfaces().setEnabled(true).addInterface(host));
        settings.publicAddress().ifPresent(members::setPublicAddress);
        network.setEnabled(true).setMemberEndpointConfig(members);
        JoinConfig join = network.getJoin();
        join.getMulticastConfig().setEnabled(false);
        join.getAutoDetectionConfig().setEnabled(false);
        if (settings.seeds() instanceof CpSeeds.Listed listed) {
            join.getTcpIpConfig().setEnabled(true).setConnectionTimeoutSeconds(2).setMembers(listed.hostPorts());
        } else if (settings.seeds() instanceof CpSeeds.Aws aws) {
            enable(join.getAwsConfig(), aws.properties());
        } else if (settings.seeds() instanceof CpSeeds.Kubernetes kubernetes) {
            enable(join.getKubernetesConfig(), kubernetes.properties());
        }
    }

    private static void enable(AliasedDiscoveryConfig<?> discovery, Map<String, String> properties) {
        discovery.setEnabled(true);
        properties.forEach(discovery::setProperty);
    }

    private static void cp(CPSubsystemConfig cp, CpSettings settings) {
        cp.setCPMemberCount(settings.voters());
        cp.setSessionTimeToLiveSeconds(settings.timings().sessionSeconds());
        cp.setSessionHeartbeatIntervalSeconds(settings.timings().heartbeatSeconds());
        // A member that is down is waited for: it comes back with its disk.
        cp.setMissingCPMemberAutoRemovalSeconds(0);
        // A compare-and-set whose outcome is not known must say so, and not be tried again behind our back.
        cp.setFailOnIndeterminateOperationState(true);
        cp.addLockConfig(new FencedLockConfig("*" + HazelcastMetadataStore.LOCK).disableReentrancy());
        RaftAlgorithmConfig raft = cp.getRaftAlgorithmConfig();
        raft.setLeaderElectionTimeoutInMillis(500).setLeaderHeartbeatPeriodInMillis(500).setMaxMissedLeaderHeartbeatCount(3);
        raft.setCommitIndexAdvanceCountToSnapshot(settings.timings().snapshotEntries());
    }
}
