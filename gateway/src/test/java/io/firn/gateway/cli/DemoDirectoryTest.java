package io.firn.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

class DemoDirectoryTest {

    @Test
    void countsTheSegmentsOfEachTierAndRemovesEverything() throws IOException {
        DemoDirectory directory = DemoDirectory.create();
        Files.createDirectories(directory.data().resolve("demo-0"));
        Files.createDirectories(directory.cold().resolve("topics"));
        Files.write(directory.data().resolve("demo-0/00000000000000000000.log"), new byte[10]);
        Files.write(directory.data().resolve("demo-0/00000000000000000000.index"), new byte[3]);
        Files.write(directory.cold().resolve("topics/00000000000000000000-0-x.segment"), new byte[12]);

        assertThat(directory.localSegments()).isEqualTo(new DemoDirectory.Content(1, 10));
        assertThat(directory.coldSegments()).isEqualTo(new DemoDirectory.Content(1, 12));
        directory.delete();
        assertThat(directory.root()).doesNotExist();
    }

    @Test
    void aTierThatIsNotThereYetIsEmpty() throws IOException {
        DemoDirectory directory = DemoDirectory.create();

        assertThat(directory.coldSegments()).isEqualTo(new DemoDirectory.Content(0, 0));
        directory.delete();
    }
}
