package io.firn.cold.manifest;

import io.firn.cold.ObjectStore;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentName;
import io.firn.cold.sim.SimObjectStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;

/** A partition's history as years of offloading leave it: manifest and pages are there, the segments they name are not. */
public final class GeneratedHistory {

    /** Offsets of each segment. */
    public static final int OFFSETS = 10;
    private static final int AT_ONCE = 20_000;

    private GeneratedHistory() {}

    /** Writes {@code count} segments; the one at index i holds offsets from {@value #OFFSETS} i on, its largest timestamp is that of {@link #timestampMs}. Returns what the manifest says. */
    public static ManifestContent write(SimObjectStore objects, PartitionKeys keys, TopicIdPartition partition, int count) {
        ManifestChain chain = ManifestChain.open(objects, keys, partition, 0, 12345, () -> Instant.EPOCH).join();
        for (int from = 0; from < count; from += AT_ONCE) {
            int to = Math.min(count, from + AT_ONCE);
            int first = from;
            chain.commit(content -> {
                List<SegmentEntry> all = new ArrayList<>(content.segments());
                for (int i = first; i < to; i++) {
                    all.add(new SegmentEntry(new SegmentName((long) OFFSETS * i, 0, i), (long) OFFSETS * (i + 1), 1_000, 2_000, timestampMs((long) OFFSETS * (i + 1) - 1), 0, false));
                }
                return new ManifestContent(0, (long) OFFSETS * to, content.oldest(), content.pages(), all, List.of(), content.pendingPages(), 0);
            }).join();
            chain.head().content().pendingPages().forEach(outgrown -> objects.delete(keys.page(outgrown.page().baseOffset(), outgrown.page().level(), outgrown.page().nonce())).join());
            chain.commit(content -> content.withoutPending(Set.of(), Set.copyOf(content.pendingPages().stream().map(PendingPage::page).toList()))).join();
        }
        return chain.head().content();
    }

    /** Gives another partition a manifest that says the same. Of what it names nothing is there, not even the pages: for a partition into which nobody looks. */
    public static void writeManifest(ObjectStore objects, PartitionKeys keys, TopicIdPartition partition, ManifestContent content) {
        ManifestChain.open(objects, keys, partition, 0, 12345, () -> Instant.EPOCH).join().commit(none -> content).join();
    }

    /** Rises with the offset, as those of records do. */
    public static long timestampMs(long offset) {
        return 10_000 + 10 * offset;
    }
}
