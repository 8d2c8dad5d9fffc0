package io.firn.cold.bucket;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.manifest.Extent;
import io.firn.cold.manifest.Page;
import io.firn.cold.manifest.PageReference;
import io.firn.cold.manifest.PageSource;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.segment.BucketLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Goes through all that is live in one partition, in the order of the offsets: each page, whatever its level, before what it lists.
 *
 * <p>A page that is gone because a newer manifest has dropped it: the walk goes on at the same offset in that one. A page that is damaged, or gone though the newest manifest still names it, is told as such, and what it lists is passed over.
 *
 * <p>Memory: one page a level. Blocks; for one thread.
 */
final class LiveWalk {

    /** How often pages may be dropped before the walk comes to them. */
    private static final int RELOAD_LIMIT = 1_000;

    private final ObjectStore objects;
    private final BucketLayout layout;
    private final PageSource source;
    private final Consumer<NewestManifest> newer;
    private final Deque<Iterator<? extends Extent>> levels = new ArrayDeque<>();
    private NewestManifest manifest;
    private long position;
    private int reloads;

    /** A segment or page. @param problem what is wrong with the page: not readable, or not what is said of it. @param gone whether it is not there at all */
    record Stop(Extent extent, Optional<String> problem, boolean gone) {}

    /** @param newer is told of each manifest on which the walk goes on */
    LiveWalk(ObjectStore objects, BucketLayout layout, NewestManifest manifest, Consumer<NewestManifest> newer) {
        this.objects = objects;
        this.layout = layout;
        this.source = PageSource.direct(objects, manifest.keys(), manifest.partition());
        this.newer = newer;
        this.manifest = manifest;
        begin();
    }

    private void begin() {
        levels.clear();
        levels.push(manifest.content().extents().iterator());
    }

    /** Empty at the end. Fails with {@link ColdStoreException} when the store cannot be read. */
    Optional<Stop> next() {
        while (!levels.isEmpty()) {
            Iterator<? extends Extent> level = levels.peek();
            if (!level.hasNext()) {
                levels.pop();
                continue;
            }
            Extent extent = level.next();
            Optional<Stop> stop = extent.nextOffset() <= position ? Optional.empty() : extent instanceof PageReference page ? enter(page) : at((SegmentEntry) extent);
            if (stop.isPresent()) {
                return stop;
            }
        }
        return Optional.empty();
    }

    private Optional<Stop> at(SegmentEntry segment) {
        position = segment.nextOffset();
        return Optional.of(new Stop(segment, Optional.empty(), false));
    }

    /** Empty if the walk begins anew. */
    private Optional<Stop> enter(PageReference reference) {
        try {
            Page page = Waiting.on(source.page(reference));
            levels.push(page.entries().iterator());
            PageReference found = page.reference(reference.nonce());
            return Optional.of(new Stop(reference, found.equals(reference) ? Optional.empty() : Optional.of("is not what is said of it: " + found + " instead of " + reference), false));
        } catch (ColdStoreException.Missing gone) {
            return reloaded() ? Optional.empty() : passedOver(reference, "is not there", true);
        } catch (ColdStoreException.Corrupt | ColdStoreException.Misconfigured e) {
            return passedOver(reference, e.getMessage(), false);
        }
    }

    private Optional<Stop> passedOver(PageReference reference, String problem, boolean gone) {
        position = reference.nextOffset();
        return Optional.of(new Stop(reference, Optional.of(problem + "; what it lists cannot be looked at"), gone));
    }

    /** Whether there is a newer manifest; a deleted partition has nothing left to go through. */
    private boolean reloaded() {
        NewestManifest newest;
        try {
            newest = Waiting.on(NewestManifest.read(objects, layout, manifest.partition()));
        } catch (ColdStoreException.Missing deleted) {
            levels.clear();
            return true;
        }
        if (newest.manifest().number() <= manifest.manifest().number()) {
            return false;
        }
        if (++reloads > RELOAD_LIMIT) {
            throw new ColdStoreException.Unavailable("Pages of " + manifest.partition() + " were dropped " + RELOAD_LIMIT + " times before they could be read", null);
        }
        manifest = newest;
        begin();
        newer.accept(newest);
        return true;
    }
}
