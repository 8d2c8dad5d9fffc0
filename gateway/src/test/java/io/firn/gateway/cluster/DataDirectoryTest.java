package io.firn.gateway.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.StartupException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {

    @TempDir
    private Path directory;

    private DataDirectory open() {
        return DataDirectory.open(directory, List.of(directory.resolve("hot"), directory.resolve("cp")));
    }

    @Test
    void theIdIsMadeOnceAndKept() {
        assertThat(DataDirectory.ofCluster(directory)).isFalse();
        Uuid id;
        try (DataDirectory first = open()) {
            id = first.id();
        }
        assertThat(DataDirectory.ofCluster(directory)).isTrue();
        try (DataDirectory again = open()) {
            assertThat(again.id()).isEqualTo(id);
        }
    }

    @Test
    void oneProcessHasItAtATime() {
        try (DataDirectory first = open()) {
            assertThat(first.id()).isNotNull();
            assertThatThrownBy(this::open).isInstanceOf(StartupException.class).hasMessageContaining("another broker");
        }
        open().close();
    }

    @Test
    void aPartThatWasTakenAwayIsNotMadeAnew() throws IOException {
        open().close();
        Files.delete(directory.resolve("hot"));
        assertThatThrownBy(this::open).isInstanceOf(StartupException.class).hasMessageContaining("hot is missing");
        assertThat(directory.resolve("hot")).doesNotExist();
    }

    @Test
    void whereMakingItWasBrokenOffItIsMadeAnew() throws IOException {
        Files.createDirectories(directory.resolve("hot"));
        try (DataDirectory made = open()) {
            assertThat(made.id()).isNotNull();
        }
    }

    @Test
    void thatOfABrokerThatRanAloneIsNotTaken() throws IOException {
        Files.createDirectories(directory.resolve("hot").resolve("logs-0"));
        assertThatThrownBy(this::open).isInstanceOf(StartupException.class).hasMessageContaining("ran alone");
        assertThat(DataDirectory.ofCluster(directory)).isFalse();
        assertThat(directory.resolve("cp")).doesNotExist();
    }

    @Test
    void anIdThatIsNoneIsNotReplaced() throws IOException {
        open().close();
        Files.writeString(directory.resolve("directory.id"), "torn");
        assertThatThrownBy(this::open).isInstanceOf(StartupException.class).hasMessageContaining("holds no id");
    }

    @Test
    void itBelongsToTheFirstClusterItWasIn() {
        try (DataDirectory first = open()) {
            first.claim("a");
            first.claim("a");
            assertThatThrownBy(() -> first.claim("b")).isInstanceOf(StartupException.class).hasMessageContaining("belongs to cluster a");
        }
    }
}
