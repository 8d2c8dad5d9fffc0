package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.instance.EndpointQualifier;
import io.firn.membership.CpSeeds;
import io.firn.membership.CpPeer;
import io.firn.membership.CpSettings;
import io.firn.membership.CpSettings.Timings;
import io.firn.membership.Endpoint;
import io.firn.membership.cp.CpIdentity;
import io.firn.membership.cp.CpIdentity.Stage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** What Firn asks of Hazelcast, and what it turns off. */
class InstanceConfigTest {

    private static final UUID OWN = new UUID(1, 2);

    private static Config config(CpSeeds seeds, Stage stage) {
        CpSettings settings = new CpSettings(4, "c", Optional.of("10.0.0.4"), 7701, Optional.of("public:1"), seeds, 5, Timings.DEFAULT);
        return InstanceConfig.of(settings, new CpIdentity(stage, OWN, List.of(), List.of(), 0, List.of()));
    }

    @Test
    void nothingRunsThatIsNotNeededAndNobodyIsCalledHome() {
        Config config = config(new CpSeeds.Listed(List.of("a:1")), Stage.OUTSIDE);
        assertThat(config.getProperty("hazelcast.phone.home.enabled")).isEqualTo("false");
        assertThat(config.getProperty("hazelcast.shutdownhook.enabled")).isEqualTo("false");
        assertThat(config.getProperty("hazelcast.logging.type")).isEqualTo("slf4j");
        assertThat(config.getJetConfig().isEnabled()).isFalse();
        assertThat(config.getMetricsConfig().isEnabled()).isFalse();
        assertThat(config.getAdvancedNetworkConfig().getJoin().getMulticastConfig().isEnabled()).isFalse();
        assertThat(config.getAdvancedNetworkConfig().getJoin().getAutoDetectionConfig().isEnabled()).isFalse();
    }

    /** Also for the reason given in README.md: a port that may be anybody's lets a member that is stopped part the others. What happens then is a matter of processes (ClusterFaultsIT, PAUSED). */
    @Test
    void thePortIsForMembersAlone() {
        AdvancedNetworkConfig network = config(new CpSeeds.Listed(List.of("a:1")), Stage.OUTSIDE).getAdvancedNetworkConfig();
        assertThat(network.isEnabled()).isTrue();
        assertThat(network.getEndpointConfigs().keySet()).containsExactly(EndpointQualifier.MEMBER);
        ServerSocketEndpointConfig members = (ServerSocketEndpointConfig) network.getEndpointConfigs().get(EndpointQualifier.MEMBER);
        assertThat(members.getPort()).isEqualTo(7701);
        assertThat(members.isPortAutoIncrement()).isFalse();
        assertThat(members.getPublicAddress()).isEqualTo("public:1");
        assertThat(members.getInterfaces().isEnabled()).isTrue();
        assertThat(members.getInterfaces().getInterfaces()).containsExactly("10.0.0.4");
    }

    /** Hazelcast takes an interface for a mask, which a wildcard is not: it would not start. */
    @Test
    void aWildcardIsNoInterfaceButAllOfThem() {
        for (String wildcard : List.of("0.0.0.0", "::")) {
            CpSettings settings = new CpSettings(4, "c", Optional.of(wildcard), 7701, Optional.of("public:1"), new CpSeeds.Listed(List.of("a:1")), 3, Timings.DEFAULT);
            Config config = InstanceConfig.of(settings, new CpIdentity(Stage.OUTSIDE, OWN, List.of(), List.of(), 0, List.of()));
            ServerSocketEndpointConfig members = (ServerSocketEndpointConfig) config.getAdvancedNetworkConfig().getEndpointConfigs().get(EndpointQualifier.MEMBER);
            assertThat(members.getInterfaces().isEnabled()).isFalse();
            assertThat(config.getProperty("hazelcast.socket.bind.any")).isEqualTo("true");
        }
        assertThat(config(new CpSeeds.Listed(List.of("a:1")), Stage.OUTSIDE).getProperty("hazelcast.socket.bind.any")).isEqualTo("false");
    }

    @Test
    void consensusIsOnAndWaitsForItsMembersAndSaysWhatItDoesNotKnow() {
        Config config = config(new CpSeeds.Listed(List.of("a:1")), Stage.OUTSIDE);
        assertThat(config.getCPSubsystemConfig().getCPMemberCount()).isEqualTo(5);
        assertThat(config.getCPSubsystemConfig().getMissingCPMemberAutoRemovalSeconds()).isZero();
        assertThat(config.getCPSubsystemConfig().isFailOnIndeterminateOperationState()).isTrue();
        assertThat(config.getCPSubsystemConfig().findLockConfig(HazelcastMetadataStore.LOCK).getLockAcquireLimit()).isEqualTo(1);
    }

    @Test
    void aProcessThatTakesMessagesShowsWhereAndWhichItIs() {
        CpPeer.Presence presence = new CpPeer.Presence(new Uuid(3, 4), new Endpoint(Endpoint.PEER, "inside", 9093));
        CpSettings settings = new CpSettings(4, "c", Optional.empty(), 7701, Optional.empty(), new CpSeeds.Listed(List.of("a:1")), 5, Timings.DEFAULT, Optional.of(presence));
        Config config = InstanceConfig.of(settings, new CpIdentity(Stage.OUTSIDE, OWN, List.of(), List.of(), 0, List.of()));
        assertThat(config.getMemberAttributeConfig().getAttribute(InstanceConfig.PROCESS)).isEqualTo(new Uuid(3, 4).toString());
        assertThat(config.getMemberAttributeConfig().getAttribute(InstanceConfig.PEER_HOST)).isEqualTo("inside");
        assertThat(config.getMemberAttributeConfig().getAttribute(InstanceConfig.PEER_PORT)).isEqualTo("9093");
    }

    @Test
    void everyWayOfFindingTheOthersIsOneOfHazelcasts() {
        JoinConfig listed = config(new CpSeeds.Listed(List.of("a:1", "b:2")), Stage.OUTSIDE).getAdvancedNetworkConfig().getJoin();
        assertThat(listed.getTcpIpConfig().isEnabled()).isTrue();
        assertThat(listed.getTcpIpConfig().getMembers()).containsExactly("a:1", "b:2");
        JoinConfig aws = config(new CpSeeds.Aws(Map.of("tag-key", "firn")), Stage.OUTSIDE).getAdvancedNetworkConfig().getJoin();
        assertThat(aws.getAwsConfig().isEnabled()).isTrue();
        assertThat(aws.getAwsConfig().getProperty("tag-key")).isEqualTo("firn");
        assertThat(aws.getTcpIpConfig().isEnabled()).isFalse();
        JoinConfig kubernetes = config(new CpSeeds.Kubernetes(Map.of("service-dns", "firn.ns.svc")), Stage.OUTSIDE).getAdvancedNetworkConfig().getJoin();
        assertThat(kubernetes.getKubernetesConfig().isEnabled()).isTrue();
        assertThat(kubernetes.getKubernetesConfig().getProperty("service-dns")).isEqualTo("firn.ns.svc");
    }

    @Test
    void onlyWhoIsAMemberShowsItsNameAndEachRunHasAnotherIncarnation() {
        Config outside = config(new CpSeeds.Listed(List.of("a:1")), Stage.OUTSIDE);
        Config member = config(new CpSeeds.Listed(List.of("a:1")), Stage.MEMBER);
        assertThat(outside.getMemberAttributeConfig().getAttribute(InstanceConfig.CP_UUID)).isNull();
        assertThat(member.getMemberAttributeConfig().getAttribute(InstanceConfig.CP_UUID)).isEqualTo(OWN.toString());
        assertThat(member.getMemberAttributeConfig().getAttribute(InstanceConfig.BROKER)).isEqualTo("4");
        assertThat(member.getInstanceName()).startsWith("firn-4-").isNotEqualTo(outside.getInstanceName());
    }
}
