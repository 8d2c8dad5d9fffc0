package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.RegisterBroker;
import io.firn.membership.controller.Policy;
import io.firn.membership.journal.JournalLimits;
import io.firn.membership.storage.LocalMetadataStore;
import io.firn.membership.storage.SimFolder;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Whole files: the store, a snapshot and a journal as Firn 0.1 wrote them, with a fixed clock and fixed chance. */
class GoldenFilesTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_000L));

    private static Metadata open(SimFolder folder, StepExecutor executor) {
        return Metadata.open(folder, LocalMetadataStore::open, Policy.SINGLE_BROKER, new JournalLimits(4, 1 << 20), CLOCK, Seeds.random(5), executor);
    }

    private static ClusterView write(SimFolder folder) {
        StepExecutor executor = new StepExecutor();
        Metadata metadata = open(folder, executor);
        metadata.submit(new RegisterBroker(1, "localhost", 9092, Optional.of("r")));
        metadata.submit(new CreateTopic(new Uuid(1, 2), "t", 2, 1, Map.of(), Map.of("a", "b")));
        executor.run();
        metadata.submit(new AlterConfigs(ConfigScope.BROKER, "", Map.of("c", Optional.of("d"))));
        executor.run();
        return metadata.view();
    }

    private static Properties golden() throws IOException {
        Properties golden = new Properties();
        try (InputStream in = GoldenFilesTest.class.getResourceAsStream("/golden/files.properties")) {
            golden.load(in);
        }
        return golden;
    }

    @Test
    void filesAreWrittenAsInTheGoldenFile() throws IOException {
        SimFolder folder = new SimFolder(Seeds.random(0));
        write(folder);
        Properties written = new Properties();
        for (String name : folder.names()) {
            written.setProperty(name, HexFormat.of().formatHex(folder.read(name)));
        }
        assertThat(written).isEqualTo(golden());
    }

    @Test
    void goldenFilesAreReadAsWhatTheyWereWrittenFrom() throws IOException {
        ClusterView expected = write(new SimFolder(Seeds.random(0)));
        SimFolder folder = new SimFolder(Seeds.random(0));
        golden().forEach((name, hex) -> folder.put((String) name, HexFormat.of().parseHex((String) hex)));
        ClusterView view = open(folder, new StepExecutor()).view();
        assertThat(view).isEqualTo(expected.at(expected.version() + 1, expected.controllerEpoch() + 1));
    }
}
