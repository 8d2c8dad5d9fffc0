package io.firn.cold.bucket;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.manifest.Extent;
import io.firn.cold.manifest.Page;
import io.firn.cold.manifest.PageReference;
import io.firn.cold.manifest.PageSource;
import io.firn.cold.manifest.PendingPage;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.manifest.SegmentLookup;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Tells of a segment or page object whether a partition's newest manifest still names it. It goes down to it through the pages, live and dropped ones, of which it keeps a few; when a page is gone because there is a newer manifest, it goes
 * on with that. Where a page cannot be read, what may be in it counts as live: in doubt, nothing is called an orphan, and damage stays damage.
 *
 * <p>Blocks; for one thread.
 */
final class NamedObjects {

    /** Pages kept: some 5 MiB. */
    private static final int KEPT_PAGES = 20;
    /** How often one question is asked anew on a newer manifest. */
    private static final int RELOAD_LIMIT = 16;

    /** What a manifest says of an object. */
    enum Standing { LIVE, PENDING, UNNAMED }

    private final ObjectStore objects;
    private final BucketLayout layout;
    private final TopicIdPartition partition;
    private final PartitionKeys keys;
    private final PageSource source;
    private final Map<String, Page> kept = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Page> eldest) {
            return size() > KEPT_PAGES;
        }
    };
    private Optional<NewestManifest> manifest;
    private Set<String> pending;

    /** @param manifest empty if the partition was deleted: then nothing is named */
    NamedObjects(ObjectStore objects, BucketLayout layout, TopicIdPartition partition, Optional<NewestManifest> manifest) {
        this.objects = objects;
        this.layout = layout;
        this.partition = partition;
        this.keys = layout.partition(partition);
        this.source = PageSource.direct(objects, keys, partition);
        adopt(manifest);
    }

    private void adopt(Optional<NewestManifest> newest) {
        manifest = newest;
        pending = new HashSet<>();
        newest.ifPresent(some -> some.content().pending().forEach(deletion -> pending.add(keys.segment(deletion.name()))));
    }

    /** Empty if the partition was deleted. */
    static Optional<NewestManifest> newest(ObjectStore objects, BucketLayout layout, TopicIdPartition partition) {
        try {
            return Optional.of(Waiting.on(NewestManifest.read(objects, layout, partition)));
        } catch (ColdStoreException.Missing deleted) {
            return Optional.empty();
        }
    }

    Standing of(String key) {
        OptionalLong offset = keys.segmentName(key).map(name -> OptionalLong.of(name.baseOffset())).orElseGet(() -> keys.pageBaseOffset(key));
        return offset.isEmpty() ? Standing.UNNAMED : of(key, offset.getAsLong(), RELOAD_LIMIT);
    }

    private Standing of(String key, long offset, int reloadsLeft) {
        if (manifest.isEmpty()) {
            return Standing.UNNAMED;
        }
        NewestManifest asked = manifest.get();
        try {
            return lists(asked.content().extents(), offset, key) ? Standing.LIVE : pending.contains(key) || goes(asked, offset, key) ? Standing.PENDING : Standing.UNNAMED;
        } catch (ColdStoreException.Missing gone) {
            adopt(newest(objects, layout, partition));
            boolean newer = manifest.isEmpty() || manifest.get().manifest().number() > asked.manifest().number();
            return newer && reloadsLeft > 0 ? of(key, offset, reloadsLeft - 1) : Standing.LIVE;
        } catch (ColdStoreException.Corrupt | ColdStoreException.Misconfigured unreadable) {
            return Standing.LIVE;
        }
    }

    private boolean lists(List<? extends Extent> extents, long offset, String key) {
        int at = SegmentLookup.firstAbove(extents, offset);
        if (at == extents.size() || extents.get(at).baseOffset() > offset) {
            return false;
        }
        Extent extent = extents.get(at);
        return key(extent).equals(key) || extent instanceof PageReference page && lists(page(page).entries(), offset, key);
    }

    private boolean goes(NewestManifest asked, long offset, String key) {
        for (PendingPage dropped : asked.content().pendingPages()) {
            PageReference page = dropped.page();
            if (key(page).equals(key) || page.baseOffset() <= offset && offset < dropped.goesBelow() && goesWith(dropped, offset, key)) {
                return true;
            }
        }
        return false;
    }

    /** Pages are deleted after what goes with them: with one that is gone nothing is left to wait. */
    private boolean goesWith(PendingPage dropped, long offset, String key) {
        try {
            List<Extent> entries = page(dropped.page()).entries();
            int at = SegmentLookup.firstAbove(entries, offset);
            return at < entries.size() && entries.get(at).nextOffset() <= dropped.goesBelow() && lists(entries.subList(at, at + 1), offset, key);
        } catch (ColdStoreException.Missing deleted) {
            return false;
        }
    }

    private Page page(PageReference reference) {
        String key = key(reference);
        Page page = kept.get(key);
        if (page == null) {
            page = Waiting.on(source.page(reference));
            kept.put(key, page);
        }
        return page;
    }

    private String key(Extent extent) {
        return extent instanceof PageReference page ? keys.page(page.baseOffset(), page.level(), page.nonce()) : keys.segment(((SegmentEntry) extent).name());
    }
}
