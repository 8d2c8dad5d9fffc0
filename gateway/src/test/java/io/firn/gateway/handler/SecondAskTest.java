package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.Durability;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

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

    /** What is said at INFO or above of clients that are sent away. */
    private static final class Said implements AutoCloseable {
        private final Logger logger = (Logger) LoggerFactory.getLogger("io.firn.gateway");
        private final Level before = logger.getLevel();
        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final AppenderBase<ILoggingEvent> ear = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                boolean about = String.valueOf(event.getKeyValuePairs()).contains("no controller answers") || event.getFormattedMessage().startsWith("A controller answers");
                if (about && event.getLevel().isGreaterOrEqual(Level.INFO)) {
                    lines.add(event.getFormattedMessage());
                }
            }
        };

        Said() {
            logger.setLevel(Level.INFO);
            ear.start();
            logger.addAppender(ear);
        }

        @Override
        public void close() {
            logger.detachAppender(ear);
            logger.setLevel(before);
        }
    }

    @Test
    void thatClientsAreSentAwayIsSaidOnceAndSoIsTheEndOfIt() {
        start();
        try (Said said = new Said()) {
            for (int times = 1; times <= 2; times++) {
                rig.cutOff = true;
                for (int i = 0; i < 5; i++) {
                    sentAway();
                }
                rig.cutOff = false;
                try (WireClient client = rig.client()) {
                    clusterId(client);
                    clusterId(client);
                }
                assertThat(said.lines).hasSize(2 * times);
            }
            assertThat(said.lines.subList(0, 2)).containsExactly("Clients that ask about the cluster again are sent away", "A controller answers this broker again; clients that ask about the cluster stay");
        }
    }

    private void sentAway() {
        try (WireClient client = rig.client()) {
            clusterId(client);
            client.send(ApiKeys.DESCRIBE_CLUSTER, 1, new DescribeClusterRequestData());
            client.assertClosedByBroker();
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
