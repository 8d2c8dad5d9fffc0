package io.firn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.ProcessResult;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Java clients of several years produce, consume in groups and administrate, each in a process of its own. */
class ClientVersionsIT {

    @TempDir
    static Path directory;

    private static FirnNode node;

    @BeforeAll
    static void startBroker() {
        node = FirnNode.in(directory.resolve("data"), Map.of("group.settings.group.initial.rebalance.delay.ms", "100")).start();
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"clients-2.8, 2.8.2", "clients-3.9, 3.9.2"})
    void anOlderClientDoesAllItKnows(String peer, String version) {
        ProcessResult result = KafkaTool.runWithClient(peer, ClientDrive.class, node.bootstrap(), "drive-" + peer).succeeded();
        assertThat(result.lines()).startsWith("client " + version).endsWith("done");
    }

    @Test
    void theClientOfTheseTestsDoesTheSame() {
        assertThat(KafkaTool.runWithOwnClient(ClientDrive.class, node.bootstrap(), "drive-own").succeeded().lines()).startsWith("client 4.3.1").endsWith("done");
    }
}
