package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.Command.AllocateProducerIds;
import io.firn.membership.SimCluster.Node;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lock and the head are gone for good: the metadata is rebuilt from what the remaining directories hold. */
class DisasterRecoveryTest {

    @TempDir
    private Path directory;

    private final SimCluster cluster = new SimCluster(3, 3, Set.of(0, 1, 2), 1_000);

    private static void put(SimFolder from, Path to) throws IOException {
        Files.createDirectories(to);
        for (String name : from.names()) {
            Files.write(to.resolve(name), from.read(name));
        }
    }

    private static SimFolder take(Path from) throws IOException {
        SimFolder folder = new SimFolder(Seeds.random(0));
        try (var files = Files.list(from)) {
            for (Path file : files.filter(path -> !path.endsWith("lock")).toList()) {
                folder.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        return folder;
    }

    private void settle() {
        cluster.runUntil(20_000, "there is a controller and all agree", () -> cluster.agreed() && cluster.controller().isPresent());
    }

    private ClusterView ask(Node node) {
        CompletableFuture<ClusterView> answer = node.submit(new AllocateProducerIds(1));
        cluster.runUntil(10_000, "the command is answered", answer::isDone);
        return answer.join();
    }

    /** Two directories, of which the second one lags. */
    private ClusterView twoDirectories() throws IOException {
        cluster.startAll();
        settle();
        Node lagging = cluster.nodes.get(2) == cluster.controller().orElseThrow() ? cluster.nodes.get(1) : cluster.nodes.get(2);
        lagging.stop(Loss.NOTHING, true);
        ask(cluster.controller().orElseThrow());
        ClusterView newest = ask(cluster.controller().orElseThrow());
        put(cluster.controller().orElseThrow().folder, directory.resolve("newest"));
        put(lagging.folder, directory.resolve("lagging"));
        cluster.nodes.values().forEach(node -> node.stop(Loss.NOTHING, false));
        return newest;
    }

    @Test
    void theNewestJournalIsTakenAndTheClusterGoesOnFromIt() throws Exception {
        ClusterView newest = twoDirectories();
        DisasterRecovery.Report report = DisasterRecovery.run(List.of(directory.resolve("lagging"), directory.resolve("newest")), directory.resolve("rebuilt"));
        assertThat(report.sources()).extracting(DisasterRecovery.Source::path).containsExactly(directory.resolve("newest"), directory.resolve("lagging"));
        assertThat(report.lines()).anyMatch(line -> line.contains("up to entry " + newest.version() + " of controller epoch " + newest.controllerEpoch()))
                .anyMatch(line -> line.startsWith("May be lost: every change after entry " + newest.version()))
                .anyMatch(line -> line.startsWith("Not used: " + directory.resolve("lagging")));
        cluster.store.forget();
        cluster.nodes.values().forEach(node -> node.folder = new SimFolder(Seeds.random(node.id)));
        cluster.nodes.get(1).folder = take(directory.resolve("rebuilt"));
        cluster.forget(newest.version());
        cluster.nodes.get(1).start();
        cluster.runUntil(20_000, "the rebuilt metadata is the head", () -> cluster.store.head().isPresent());
        cluster.startAll();
        settle();
        ClusterView view = cluster.nodes.get(0).metadata.view();
        assertThat(view.clusterId()).isEqualTo(newest.clusterId());
        assertThat(view.nextProducerId()).isEqualTo(newest.nextProducerId());
        assertThat(view.version()).isGreaterThan(newest.version());
        assertThat(cluster.nodes.get(1).folder.names()).doesNotContain("rebuilt");
        ask(cluster.nodes.get(2));
    }

    @Test
    void allVotersMayBeGivenTheRebuiltMetadataAndNoneKeepsTheMark() throws Exception {
        ClusterView newest = twoDirectories();
        DisasterRecovery.run(List.of(directory.resolve("lagging"), directory.resolve("newest")), directory.resolve("rebuilt"));
        cluster.store.forget();
        for (Node node : cluster.nodes.values()) {
            node.folder = take(directory.resolve("rebuilt"));
        }
        cluster.forget(newest.version());
        cluster.startAll();
        settle();
        ask(cluster.nodes.get(2));
        settle();
        assertThat(cluster.nodes.values()).allSatisfy(node -> {
            assertThat(node.metadata.view().clusterId()).isEqualTo(newest.clusterId());
            assertThat(node.folder.names()).doesNotContain("rebuilt");
        });
    }

    @Test
    void anArchivedSnapshotIsEnough() throws Exception {
        ClusterView newest = twoDirectories();
        DisasterRecovery.run(List.of(directory.resolve("newest")), directory.resolve("one"));
        Path snapshot;
        try (var files = Files.list(directory.resolve("one"))) {
            snapshot = files.filter(path -> path.toString().endsWith(".snapshot")).findFirst().orElseThrow();
        }
        DisasterRecovery.Source source = DisasterRecovery.run(List.of(snapshot), directory.resolve("two")).sources().get(0);
        assertThat(source.version()).isEqualTo(newest.version());
        assertThat(source.timestampMs()).isEmpty();
    }

    @Test
    void nothingIsOverwrittenMixedOrMadeUp() throws Exception {
        twoDirectories();
        Path newest = directory.resolve("newest");
        assertThatThrownBy(() -> DisasterRecovery.run(List.of(newest), directory.resolve("lagging"))).isInstanceOf(MetadataOpenFailed.class).hasMessageContaining("is not empty");
        assertThatThrownBy(() -> DisasterRecovery.run(List.of(directory.resolve("missing")), directory.resolve("x"))).isInstanceOf(MetadataOpenFailed.class);
        Files.createDirectories(directory.resolve("empty"));
        assertThatThrownBy(() -> DisasterRecovery.run(List.of(directory.resolve("empty")), directory.resolve("x"))).isInstanceOf(MetadataOpenFailed.class).hasMessageContaining("any metadata");
        try (Metadata other = Metadata.openSingleBroker(directory.resolve("other"), () -> java.time.Instant.EPOCH, new java.util.Random(1))) {
            assertThat(other.view().clusterId()).isNotEmpty();
        }
        assertThatThrownBy(() -> DisasterRecovery.run(List.of(newest, directory.resolve("other")), directory.resolve("x"))).isInstanceOf(MetadataOpenFailed.class)
                .hasMessageContaining("different clusters");
    }
}
