package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ServedApi;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.Durability;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Over connections: who asks a broker that is cut off again is sent away. */
class SecondAskTest {

    @TempDir
    Path directory;

    private StorageRig rig;

    private void start() {
        rig = StorageRig.started(directory, 1, Durability.FSYNC, broker -> List.of(ServedApi.of(ApiKeys.DESCRIBE_CLUSTER,
                new SecondAsk(broker.partitions.standing()).before(new DescribeClusterHandler(StorageRig.BROKER, broker.metadata)))));
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private static String clusterId(WireClient client) {
        return client.ask(ApiKeys.DESCRIBE_CLUSTER, 1, new DescribeClusterRequestData(), DescribeClusterResponseData.class).clusterId();
    }

    @Test
    void aBrokerInItsClusterAnswersAsOftenAsItIsAsked() {
        start();
        try (WireClient client = rig.client()) {
            for (int i = 0; i < 3; i++) {
                assertThat(clusterId(client)).isEqualTo(rig.metadata.view().clusterId());
            }
        }
    }

    @Test
    void aBrokerThatIsCutOffAnswersAConnectionOnceAndThenEndsIt() {
        start();
        try (WireClient client = rig.client()) {
            assertThat(clusterId(client)).isNotEmpty();
            rig.cutOff = true;
            assertThat(clusterId(client)).as("by what it knew last").isNotEmpty();
            client.send(ApiKeys.DESCRIBE_CLUSTER, 1, new DescribeClusterRequestData());
            client.assertClosedByBroker();
        }
        try (WireClient another = rig.client()) {
            assertThat(clusterId(another)).as("over a new connection").isNotEmpty();
            rig.cutOff = false;
            assertThat(clusterId(another)).as("no longer cut off").isNotEmpty();
        }
    }
}
