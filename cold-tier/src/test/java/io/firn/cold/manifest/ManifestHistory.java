package io.firn.cold.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentName;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Everything ever created in a manifest directory, trimmed or not, and what writers were told: the invariants are checked here. */
final class ManifestHistory {

    private final Map<Long, List<Manifest>> created = new TreeMap<>();
    private final Map<Long, List<Integer>> crcs = new TreeMap<>();
    private final List<Manifest> acknowledged = new ArrayList<>();
    private final PartitionKeys keys;

    ManifestHistory(PartitionKeys keys) {
        this.keys = keys;
    }

    void created(String key, byte[] bytes) {
        keys.manifestNumber(key).ifPresent(number -> {
            created.computeIfAbsent(number, n -> new ArrayList<>()).add(ManifestCodec.decode(ByteBuffer.wrap(bytes)));
            crcs.computeIfAbsent(number, n -> new ArrayList<>()).add(ManifestCodec.crc(ByteBuffer.wrap(bytes)));
        });
    }

    void acknowledged(Manifest manifest) {
        acknowledged.add(manifest);
    }

    int acknowledgedCount() {
        return acknowledged.size();
    }

    /** Numbers won a second time, after they had been deleted. */
    long recreations() {
        return created.values().stream().mapToLong(versions -> versions.size() - 1).sum();
    }

    /** The first creation of every number, chained by checksum, without gap, epochs never falling: and all that was acknowledged is on it. */
    void assertOneHistory(Manifest newest) {
        Set<Manifest> chain = new HashSet<>();
        Manifest before = null;
        int crcBefore = 0;
        for (long number = 1; number <= newest.number(); number++) {
            assertThat(created).as("manifest %d", number).containsKey(number);
            Manifest first = created.get(number).get(0);
            assertThat(first.predecessorCrc()).as("predecessor of %d", number).isEqualTo(crcBefore);
            if (before != null) {
                assertNothingLost(before.content(), first.content());
                assertThat(first.writerEpoch()).as("epoch of %d", number).isGreaterThanOrEqualTo(before.writerEpoch());
            }
            chain.add(first);
            before = first;
            crcBefore = crcs.get(number).get(0);
        }
        assertThat(before).isEqualTo(newest);
        assertThat(created.keySet()).allMatch(number -> number <= newest.number());
        assertThat(chain).containsAll(acknowledged);
    }

    /**
     * One step of the history: what leaves the live segments is pending from then on (until it is forgotten as done), nothing comes back, and the range of offsets
     * shrinks only at the front, up to the log start.
     */
    private static void assertNothingLost(ManifestContent before, ManifestContent after) {
        Set<SegmentName> live = names(after.segments().stream().map(SegmentEntry::name));
        Set<SegmentName> pending = names(after.pending().stream().map(PendingDeletion::name));
        assertThat(before.segments()).allMatch(entry -> live.contains(entry.name()) || pending.contains(entry.name()));
        assertThat(before.pending()).noneMatch(deletion -> live.contains(deletion.name()));
        assertThat(live).noneMatch(pending::contains);
        assertThat(after.endOffset()).isGreaterThanOrEqualTo(before.endOffset());
        assertThat(after.startOffset()).isLessThanOrEqualTo(Math.max(before.startOffset(), after.logStartOffset()));
    }

    private static Set<SegmentName> names(Stream<SegmentName> names) {
        return names.collect(Collectors.toSet());
    }
}
