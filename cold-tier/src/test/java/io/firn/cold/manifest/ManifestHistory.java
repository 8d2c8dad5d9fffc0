package io.firn.cold.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.segment.PartitionKeys;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicIdPartition;

/** Everything ever created in a manifest directory, trimmed or not, and what writers were told: the invariants are checked here. */
final class ManifestHistory {

    private final TreeMap<Long, List<Manifest>> created = new TreeMap<>();
    private final Map<Long, List<Integer>> crcs = new TreeMap<>();
    private final List<Manifest> acknowledged = new ArrayList<>();
    private final Map<String, ByteBuffer> pages = new HashMap<>();
    private final PartitionKeys keys;
    private final TopicIdPartition partition;
    private int paged;

    ManifestHistory(PartitionKeys keys, TopicIdPartition partition) {
        this.keys = keys;
        this.partition = partition;
    }

    void created(String key, byte[] bytes) {
        keys.manifestNumber(key).ifPresent(number -> {
            created.computeIfAbsent(number, n -> new ArrayList<>()).add(ManifestCodec.decode(ByteBuffer.wrap(bytes)));
            crcs.computeIfAbsent(number, n -> new ArrayList<>()).add(ManifestCodec.crc(ByteBuffer.wrap(bytes)));
        });
        if (key.startsWith(keys.pagePrefix())) {
            assertThat(pages.put(key, ByteBuffer.wrap(bytes))).as("page %s written before", key).isNull();
        }
    }

    /** What the newest manifest names stays, whoever deletes. */
    void deleting(Collection<String> doomed) {
        if (!created.isEmpty() && doomed.stream().noneMatch(key -> key.startsWith(keys.manifestPrefix()))) {
            assertThat(live(created.get(created.lastKey()).get(0).content())).as("live").doesNotContainAnyElementsOf(doomed);
        }
    }

    void acknowledged(Manifest manifest) {
        acknowledged.add(manifest);
    }

    int acknowledgedCount() {
        return acknowledged.size();
    }

    /** Manifests of the history that named pages above the lowest level. */
    int paged() {
        return paged;
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
     * One step of the history: what leaves the live segments and pages is pending from then on (until it is forgotten as done), nothing comes back, nothing live is pending, and the range of offsets
     * shrinks only at the front, up to the log start.
     */
    private void assertNothingLost(ManifestContent before, ManifestContent after) {
        Set<String> live = live(after);
        Set<String> pending = pending(after);
        assertThat(live(before)).allMatch(key -> live.contains(key) || pending.contains(key));
        assertThat(pending(before)).noneMatch(live::contains);
        assertThat(live).noneMatch(pending::contains);
        assertThat(after.endOffset()).isGreaterThanOrEqualTo(before.endOffset());
        assertThat(after.startOffset()).isLessThanOrEqualTo(Math.max(before.startOffset(), after.logStartOffset()));
        assertThat(after.pages().isEmpty()).isEqualTo(after.oldest().isEmpty());
        paged += after.pages().stream().anyMatch(page -> page.level() > 0) ? 1 : 0;
    }

    /** Keys of all live segments and of the pages they are in. The segments have to follow each other. */
    Set<String> live(ManifestContent content) {
        Set<String> keysOf = new HashSet<>();
        long end = content.startOffset();
        for (Extent extent : content.extents()) {
            end = walk(extent, end, keysOf);
        }
        assertThat(end).isEqualTo(content.endOffset());
        return keysOf;
    }

    private long walk(Extent extent, long from, Set<String> keysOf) {
        assertThat(extent.baseOffset()).isEqualTo(from);
        assertThat(keysOf.add(key(extent))).as("listed once").isTrue();
        long end = extent.nextOffset();
        if (extent instanceof PageReference page) {
            end = from;
            Set<String> segments = new HashSet<>();
            for (Extent below : entries(page)) {
                end = walk(below, end, segments);
            }
            assertThat(segments.stream().filter(key -> key.endsWith(".segment")).count()).isEqualTo(page.segmentCount());
            keysOf.addAll(segments);
        }
        assertThat(end).isEqualTo(extent.nextOffset());
        return end;
    }

    private String key(Extent extent) {
        return extent instanceof SegmentEntry segment ? keys.segment(segment.name()) : pageKey((PageReference) extent);
    }

    private String pageKey(PageReference page) {
        return keys.page(page.baseOffset(), page.level(), page.nonce());
    }

    private List<Extent> entries(PageReference page) {
        return PageCodec.decode(partition, page, pages.get(pageKey(page))).entries();
    }

    /** Keys of all that a sweep will delete. */
    Set<String> pending(ManifestContent content) {
        Set<String> doomed = content.pending().stream().map(deletion -> keys.segment(deletion.name())).collect(Collectors.toCollection(HashSet::new));
        content.pendingPages().forEach(deletion -> doom(deletion.page(), deletion.goesBelow(), doomed));
        return doomed;
    }

    private void doom(PageReference page, long goesBelow, Set<String> doomed) {
        doomed.add(pageKey(page));
        for (Extent below : goesBelow > page.baseOffset() ? entries(page) : List.<Extent>of()) {
            if (below.nextOffset() <= goesBelow && below instanceof PageReference child) {
                doom(child, child.nextOffset(), doomed);
            } else if (below.nextOffset() <= goesBelow) {
                doomed.add(key(below));
            }
        }
    }

    /** Live segments of a manifest, oldest first. */
    List<SegmentEntry> segments(ManifestContent content) {
        List<SegmentEntry> segments = new ArrayList<>();
        content.extents().forEach(extent -> collect(extent, segments));
        return segments;
    }

    private void collect(Extent extent, List<SegmentEntry> segments) {
        if (extent instanceof SegmentEntry segment) {
            segments.add(segment);
        } else {
            entries((PageReference) extent).forEach(below -> collect(below, segments));
        }
    }
}
