package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.BucketInspection;
import io.firn.cold.BucketVerdict;
import io.firn.cold.ObjectStore;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Whether a broker has anything in its bucket that nothing names, or misses anything: by its gauges, and by {@code firn manifest verify --deep} beside it. For one thread.
 *
 * @param bucket opens it, to read
 */
record LeakWatch(FirnNode node, Supplier<ObjectStore> bucket) {

    /** Waits until so many sweeps more have found all that is to be found, and nothing is left of it. */
    void awaitNothing(Optional<String> topic, int sweeps) {
        List<String> told = new ArrayList<>();
        Await.until("no orphan, nothing missing", () -> {
            double before = node.metric("firn_cold_sweeps_total");
            Await.until("swept", () -> node.metric("firn_cold_sweeps_total") >= before + sweeps);
            told.clear();
            BucketVerdict verdict = verify(topic, told);
            return verdict.orphans() == 0 && verdict.problems() == 0 && gaugesAreZero();
        });
        assertThat(told).allMatch(line -> line.startsWith("sound"));
    }

    /** What should read zero. */
    boolean gaugesAreZero() {
        return Stream.of("orphan_bytes", "orphan_objects", "missing_objects", "damaged_objects", "strange_topics", "stuck_topics").allMatch(name -> isZero("firn_cold_" + name));
    }

    private boolean isZero(String gauge) {
        try {
            return node.metric(gauge) == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private BucketVerdict verify(Optional<String> topic, List<String> told) throws InterruptedException {
        try (BucketInspection inspection = BucketInspection.open(bucket.get(), "")) {
            return inspection.verify(inspection.partitions(topic), true, told::add, bytes -> {});
        }
    }
}
