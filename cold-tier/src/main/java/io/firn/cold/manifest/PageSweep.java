package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.PartitionKeys;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Deletes a dropped page with what goes with it, a bounded piece at a time: first the segments that it lists, or the pages below it with theirs, then itself. So as long as anything is left, the page is there to tell.
 *
 * <p><i>On crash</i> it begins anew: what is gone is deleted once more, pages below that are gone are passed over. A page that is gone itself is done.
 *
 * <p>Threading: one {@link #step} at a time.
 */
public final class PageSweep {

    private final ObjectStore objects;
    private final PartitionKeys keys;
    private final PageSource source;
    private final PendingPage pending;
    private Optional<PageSweep> below = Optional.empty();
    /** What ends at or below it is gone. */
    private long position;
    private boolean done;

    public PageSweep(ObjectStore objects, PartitionKeys keys, PageSource source, PendingPage pending) {
        this.objects = objects;
        this.keys = keys;
        this.source = source;
        this.pending = pending;
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
                return ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing ? gone() : CompletableFuture.<Integer>failedFuture(ColdStoreException.unwrap(failure));
            }
            List<Extent> left = page.entries().stream().filter(entry -> entry.baseOffset() >= position && entry.nextOffset() <= pending.goesBelow()).limit(ObjectStore.LIST_LIMIT_KEYS).toList();
            if (left.isEmpty()) {
                return finish();
            }
            return page.level() == 0 ? delete(left) : enter((PageReference) left.get(0));
        }).thenCompose(next -> next);
    }

    private CompletableFuture<Integer> delete(List<Extent> segments) {
        return objects.deleteAll(segments.stream().map(segment -> keys.segment(((SegmentEntry) segment).name())).toList()).thenApply(nothing -> {
            position = segments.get(segments.size() - 1).nextOffset();
            return segments.size();
        });
    }

    private CompletableFuture<Integer> enter(PageReference page) {
        PageSweep entered = new PageSweep(objects, keys, source, new PendingPage(page, page.nextOffset(), pending.droppedAtMs()));
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
        PageReference page = pending.page();
        return objects.delete(keys.page(page.baseOffset(), page.level(), page.nonce())).thenApply(nothing -> {
            done = true;
            return 1;
        });
    }

    private CompletableFuture<Integer> gone() {
        done = true;
        return CompletableFuture.completedFuture(0);
    }
}
