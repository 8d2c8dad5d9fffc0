package io.firn.gateway.cli;

import io.firn.cold.BucketInspection;
import io.firn.cold.BucketVerdict;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.kafka.common.TopicIdPartition;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code firn manifest verify}: whether the bucket holds what its manifests say, and what it holds beside that. */
@Command(name = "verify", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Checks that every object a manifest names is there, whole and of the right segment, and lists objects that no manifest names.", "Brokers may go on writing meanwhile."},
        footer = {"", "Exit codes: 0 all is sound, orphans or not; 1 damage, or the bucket cannot be read; 2 wrong usage or settings."})
final class ManifestVerify implements Callable<Integer> {

    @Mixin
    private BucketScope scope;

    @Option(names = "--deep", description = "Read every byte, and check every chunk and every batch.")
    private boolean deep;

    @Override
    public Integer call() throws InterruptedException {
        try (BucketInspection inspection = scope.open()) {
            StandardOutput.line("cluster  " + inspection.cluster());
            BucketVerdict verdict = verify(inspection, scope.partitions(inspection));
            StandardOutput.line(Figures.count(verdict.partitions()) + " partition(s), " + Figures.count(verdict.segments()) + " segment(s), " + Figures.megabytes(verdict.logBytes()) + " MB: "
                    + Figures.count(verdict.problems()) + " problem(s), " + Figures.count(verdict.orphans()) + " orphan(s) of " + Figures.megabytes(verdict.orphanBytes()) + " MB, "
                    + Figures.count(verdict.pendingDeletions()) + " pending deletion(s)");
            return verdict.problems() == 0 ? Main.OK : Main.FAILED;
        }
    }

    private BucketVerdict verify(BucketInspection inspection, List<TopicIdPartition> partitions) throws InterruptedException {
        long total = partitions.stream().mapToLong(inspection::logBytes).sum();
        return WatchedWork.run("verified", total, StandardOutput::line, (lines, done) -> inspection.verify(partitions, deep, lines, done));
    }
}
