package io.firn.cold.manifest;

import io.firn.cold.segment.SegmentName;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * Finds live segments of one manifest, in itself and in its pages, without ever holding all of them. A page is read only by a search that goes into it: at most one of each level, or one more
 * where a search goes on behind what it has found.
 *
 * <p>Immutable, thread-safe. Futures are complete at once where no page has to be read, else where the source completes them; they fail as that does.
 */
public record SegmentLookup(ManifestContent content, PageSource source) {

    public SegmentLookup {
        Objects.requireNonNull(content, "content");
        Objects.requireNonNull(source, "source");
    }

    /** The segment in whose range {@code offset} lies. */
    public CompletableFuture<Optional<SegmentEntry>> at(long offset) {
        return first(offset, any -> true).thenApply(found -> found.filter(segment -> segment.baseOffset() <= offset));
    }

    /** Successive segments, from the one that holds {@code offset} on, or the first behind it; at most {@code limit}, perhaps fewer. None only if there is none. To go through all: go on at the end of the last one. */
    public CompletableFuture<List<SegmentEntry>> from(long offset, int limit) {
        return from(content.extents(), offset, limit);
    }

    /** The first segment that ends above {@code fromOffset} and has a record with a timestamp of at least {@code timestampMs}. */
    public CompletableFuture<Optional<SegmentEntry>> withTimestamp(long timestampMs, long fromOffset) {
        return first(fromOffset, extent -> extent.maxTimestampMs() >= timestampMs);
    }

    /** The first segment that ends above {@code fromOffset} and has aborted transactions. */
    public CompletableFuture<Optional<SegmentEntry>> withAbortedTransactions(long fromOffset) {
        return first(fromOffset, Extent::hasAbortedTransactions);
    }

    /** The segment with the largest timestamp, the earliest such one. */
    public CompletableFuture<Optional<SegmentEntry>> withLargestTimestamp() {
        long largest = content.extents().stream().mapToLong(Extent::maxTimestampMs).max().orElse(-1);
        return withTimestamp(largest, content.startOffset());
    }

    /** Whether {@code names} are live segments that follow each other in this order: names are never used twice, so these are the very same objects. */
    public CompletableFuture<Boolean> holdsRun(List<SegmentName> names) {
        if (names.isEmpty()) {
            return CompletableFuture.completedFuture(false);
        }
        return run(names.get(0).baseOffset(), names.size(), new ArrayList<>()).thenApply(found -> found.stream().map(SegmentEntry::name).toList().equals(names));
    }

    private CompletableFuture<List<SegmentEntry>> run(long from, int count, List<SegmentEntry> found) {
        return from(from, count - found.size()).thenCompose(next -> {
            found.addAll(next);
            return next.isEmpty() || found.size() == count ? CompletableFuture.completedFuture(found) : run(next.get(next.size() - 1).nextOffset(), count, found);
        });
    }

    /** What a page lists, oldest first; each access makes the entry anew. */
    public CompletableFuture<List<Extent>> below(PageReference page) {
        return source.page(page).thenApply(Page::entries);
    }

    /** @param may true of a page if, and only if, it is true of a segment in it; but for those at its beginning that end at or below {@code fromOffset} */
    private CompletableFuture<Optional<SegmentEntry>> first(long fromOffset, Predicate<Extent> may) {
        return first(content.extents(), firstAbove(content.extents(), fromOffset), fromOffset, may);
    }

    private CompletableFuture<Optional<SegmentEntry>> first(List<Extent> extents, int from, long fromOffset, Predicate<Extent> may) {
        for (int i = from; i < extents.size(); i++) {
            Extent extent = extents.get(i);
            if (extent instanceof SegmentEntry segment && may.test(segment)) {
                return CompletableFuture.completedFuture(Optional.of(segment));
            } else if (extent instanceof PageReference page && may.test(page)) {
                int next = i + 1;
                return below(page).thenCompose(entries -> first(entries, firstAbove(entries, fromOffset), fromOffset, may))
                        .thenCompose(found -> found.isPresent() ? CompletableFuture.completedFuture(found) : first(extents, next, fromOffset, may));
            }
        }
        return CompletableFuture.completedFuture(Optional.empty());
    }

    private CompletableFuture<List<SegmentEntry>> from(List<Extent> extents, long offset, int limit) {
        int from = firstAbove(extents, offset);
        if (from == extents.size()) {
            return CompletableFuture.completedFuture(List.of());
        }
        if (extents.get(from) instanceof PageReference page) {
            return below(page).thenCompose(entries -> from(entries, offset, limit));
        }
        int to = from;
        while (to < extents.size() && to - from < limit && extents.get(to) instanceof SegmentEntry) {
            to++;
        }
        return CompletableFuture.completedFuture(extents.subList(from, to).stream().map(SegmentEntry.class::cast).toList());
    }

    /** Index of the first that ends above {@code offset}; their number if none does. */
    public static int firstAbove(List<? extends Extent> extents, long offset) {
        int low = -1;
        int high = extents.size();
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (extents.get(middle).nextOffset() <= offset) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return high;
    }
}
