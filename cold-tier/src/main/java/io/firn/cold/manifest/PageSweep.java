package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.PartitionKeys;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes a dropped page with what goes with it, a bounded piece at a time: first the segments that it lists, or the pages below it with theirs, then itself. So as long as anything is left, the page is there to tell.
 *
 * <p><i>On crash</i> it begins anew: what is gone is deleted once more, pages below that are gone are passed over. A page that is gone itself is done. One that is damaged tells nothing any more: it goes, what it lists is left as orphans, and those that
 * wait behind it are not held up for ever.
 *
 * <p>Threading: one {@link #step} at a time.
 */
public final class PageSweep {

    private static final Logger log = LoggerFactory.getLogger(PageSweep.class);

    private final ObjectStore objects;
    private final PartitionKeys keys;
    private final PageSource source;
    private final PendingPage pending;
    private final Runnable possibleOrphan;
    private Optional<PageSweep> below = Optional.empty();
    /** What ends at or below it is gone. */
    private long position;
    private boolean done;

    /** @param possibleOrphan told of each page whose segments cannot be told */
    public PageSweep(ObjectStore objects, PartitionKeys keys, PageSource source, PendingPage pending, Runnable possibleOrphan) {
        this.objects = objects;
        this.keys = keys;
        this.source = source;
        this.pending = pending;
        this.possibleOrphan = possibleOrphan;
        this.position = pending.page().baseOffset();
    }

    public PendingPage pending() {
        return pending;
    }

    public boolean done() {
        return done;
    }

    /** One request that deletes, and one that reads the page if that is not at hand. Returns how many objects went. */
    public CompletableFuture<Integer> step() {
        if (below.isPresent()) {
            return stepBelow(below.get());
        }
        if (!pending.takesSegments()) {
            return finish();
        }
        return source.page(pending.page()).handle((page, failure) -> {
            if (failure != null) {
                return unreadable(ColdStoreException.unwrap(failure));
            }
            List<Extent> left = page.entries().stream().filter(entry -> entry.baseOffset() >= position && entry.nextOffset() <= pending.goesBelow()).limit(ObjectStore.LIST_LIMIT_KEYS).toList();
            if (left.isEmpty()) {
                return finish();
            }
            return page.level() == 0 ? delete(left) : enter((PageReference) left.get(0));
        }).thenCompose(next -> next);
    }

    private CompletableFuture<Integer> unreadable(Throwable failure) {
        if (failure instanceof ColdStoreException.Missing) {
            done = true;
            return CompletableFuture.completedFuture(0);
        }
        if (!(failure instanceof ColdStoreException.Corrupt)) {
            return CompletableFuture.failedFuture(failure);
        }
        log.atWarn().addKeyValue("page", key()).addKeyValue("segments", pending.page().segmentCount()).addKeyValue("error", failure.toString())
                .log("A dropped manifest page is damaged; it is deleted, and the objects that it listed are orphans");
        possibleOrphan.run();
        return finish();
    }

    private CompletableFuture<Integer> delete(List<Extent> segments) {
        return objects.deleteAll(segments.stream().map(segment -> keys.segment(((SegmentEntry) segment).name())).toList()).thenApply(nothing -> {
            position = segments.get(segments.size() - 1).nextOffset();
            return segments.size();
        });
    }

    private CompletableFuture<Integer> enter(PageReference page) {
        PageSweep entered = new PageSweep(objects, keys, source, new PendingPage(page, page.nextOffset(), pending.droppedAtMs()), possibleOrphan);
        below = Optional.of(entered);
        return stepBelow(entered);
    }

    private CompletableFuture<Integer> stepBelow(PageSweep page) {
        return page.step().thenApply(count -> {
            if (page.done()) {
                position = page.pending().page().nextOffset();
                below = Optional.empty();
            }
            return count;
        });
    }

    private CompletableFuture<Integer> finish() {
        return objects.delete(key()).thenApply(nothing -> {
            done = true;
            return 1;
        });
    }

    private String key() {
        PageReference page = pending.page();
        return keys.page(page.baseOffset(), page.level(), page.nonce());
    }
}
