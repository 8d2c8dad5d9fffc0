package io.firn.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.config.BrokerConfig;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalClusterTest {

    @TempDir
    private Path directory;

    @Test
    void itsBrokersVoteFindEachOtherShareABucketAndNoPort() {
        LocalCluster cluster = LocalCluster.at(directory.resolve("c"), 3, 0);
        assertThat(cluster.members()).extracting(LocalCluster.Member::id).containsExactly(1, 2, 3);
        Set<Integer> ports = cluster.members().stream().map(LocalCluster.Member::config)
                .flatMap(config -> Stream.of(config.kafka().port(), config.peer().port(), config.http().port(), config.cluster().port())).collect(Collectors.toSet());
        assertThat(ports).hasSize(12).doesNotContain(0);
        BrokerConfig second = cluster.members().get(1).config();
        assertThat(second.node().id()).isEqualTo(2);
        assertThat(second.cluster().voterIds()).containsExactlyInAnyOrder(1, 2, 3);
        assertThat(second.cluster().seedList()).contains("127.0.0.1:" + cluster.members().get(0).config().cluster().port()).hasSize(3);
        assertThat(cluster.members()).extracting(member -> member.config().coldDirectory()).containsOnly(directory.resolve("c").resolve("cold"));
        assertThat(cluster.members()).extracting(member -> member.config().data().dir()).doesNotHaveDuplicates();
    }

    @Test
    void whatIsThereIsKeptWithItsPorts() {
        LocalCluster made = LocalCluster.at(directory, 3, 0);
        assertThat(made.formed()).isFalse();
        made.rememberFormed();
        LocalCluster again = LocalCluster.at(directory, 3, 9092);
        assertThat(again).isEqualTo(made);
        assertThat(again.formed()).isTrue();
    }

    @Test
    void anotherNumberOfBrokersThanIsThereIsRefused() {
        LocalCluster.at(directory, 3, 0);
        assertThatThrownBy(() -> LocalCluster.at(directory, 5, 0)).isInstanceOf(CliFailure.class).hasMessageContaining("3 brokers, not 5");
    }

    @Test
    void anOddNumberVotes() {
        assertThat(LocalCluster.at(directory.resolve("a"), 4, 20_000).members().get(3).config().cluster().voterIds()).hasSize(3);
        assertThat(LocalCluster.at(directory.resolve("b"), 9, 20_000).members().get(8).config().cluster().voterIds()).hasSize(7);
    }
}
