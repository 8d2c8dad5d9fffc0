package io.firn.cold.manifest;

import io.firn.cold.segment.SegmentName;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a manifest says about the log. Pure: changes are functions from one content to the next; those that may reach into pages are in {@link PageTree}.
 *
 * <p>Invariants, checked on construction: what is listed is in order and follows each other without gap or overlap; the last one ends at {@code endOffset}. That is said of
 * the ranges of offsets they stand for: within its range a compacted segment may lack any offset. Levels of pages never rise, and if there are any, there are segments behind them.
 *
 * @param logStartOffset records below it are deleted, be their segment live or not
 * @param endOffset the tier boundary: first offset not in the cold tier
 * @param oldest live segments before the pages, oldest first; none without pages
 * @param pages pages of live segments, oldest first
 * @param segments live segments behind the pages, all of them if there are no pages; oldest first
 * @param pending objects still to be deleted
 * @param pendingPages pages still to be deleted, some with their segments
 * @param cleanOffset compaction has been over everything below it; 0 when the log was never compacted
 */
public record ManifestContent(long logStartOffset, long endOffset, List<SegmentEntry> oldest, List<PageReference> pages, List<SegmentEntry> segments, List<PendingDeletion> pending,
        List<PendingPage> pendingPages, long cleanOffset) {

    static final ManifestContent EMPTY = new ManifestContent(0, 0, List.of(), List.of(), 0);

    public ManifestContent {
        segments = pages.isEmpty() && !oldest.isEmpty() ? joined(oldest, segments) : List.copyOf(segments);
        oldest = pages.isEmpty() ? List.of() : List.copyOf(oldest);
        pages = List.copyOf(pages);
        pending = List.copyOf(pending);
        pendingPages = List.copyOf(pendingPages);
        List<Extent> extents = extents(oldest, pages, segments);
        long end = extents.isEmpty() ? endOffset : extents.get(0).baseOffset();
        int level = Page.LEVEL_LIMIT;
        for (Extent extent : extents) {
            if (extent.baseOffset() != end) {
                throw new IllegalArgumentException("Segment at " + extent.baseOffset() + " after one that ends at " + end);
            }
            end = extent.nextOffset();
            if (extent instanceof PageReference page) {
                if (page.level() > level) {
                    throw new IllegalArgumentException("Page of level " + page.level() + " after one of level " + level);
                }
                level = page.level();
            }
        }
        if (end != endOffset || logStartOffset < 0) {
            throw new IllegalArgumentException("Segments end at " + end + ", the log at " + endOffset + ", and it starts at " + logStartOffset);
        }
        if (!pages.isEmpty() && segments.isEmpty()) {
            throw new IllegalArgumentException("No segment behind the pages");
        }
        if (cleanOffset < 0 || cleanOffset > endOffset) {
            throw new IllegalArgumentException("Compacted up to " + cleanOffset + " in a log that ends at " + endOffset);
        }
    }

    /** Without pages. */
    public ManifestContent(long logStartOffset, long endOffset, List<SegmentEntry> segments, List<PendingDeletion> pending, long cleanOffset) {
        this(logStartOffset, endOffset, List.of(), List.of(), segments, pending, List.of(), cleanOffset);
    }

    private static <T> List<T> joined(List<? extends T> first, List<? extends T> second) {
        return Stream.<T>concat(first.stream(), second.stream()).toList();
    }

    /** All that is listed, oldest first: segments and pages. */
    public List<Extent> extents() {
        return extents(oldest, pages, segments);
    }

    /** No copy: it is asked for with every look at the log. */
    private static List<Extent> extents(List<SegmentEntry> oldest, List<PageReference> pages, List<SegmentEntry> segments) {
        return new AbstractList<>() {
            @Override
            public Extent get(int index) {
                int behind = index - oldest.size();
                if (behind < 0) {
                    return oldest.get(index);
                }
                return behind < pages.size() ? pages.get(behind) : segments.get(behind - pages.size());
            }

            @Override
            public int size() {
                return oldest.size() + pages.size() + segments.size();
            }
        };
    }

    /** Whether no segment is live. */
    public boolean isEmpty() {
        return segments.isEmpty();
    }

    /** The live segment that ends the cold tier. */
    public Optional<SegmentEntry> newest() {
        return segments.isEmpty() ? Optional.empty() : Optional.of(segments.get(segments.size() - 1));
    }

    /** Base of the first live segment; {@link #endOffset} if there is none. */
    public long startOffset() {
        List<Extent> extents = extents();
        return extents.isEmpty() ? endOffset : extents.get(0).baseOffset();
    }

    /** Live segments, those in pages included. */
    public long segmentCount() {
        return extents().stream().mapToLong(Extent::segmentCount).sum();
    }

    /** Log bytes of all live segments. */
    public long logSizeBytes() {
        return extents().stream().mapToLong(Extent::logSizeBytes).sum();
    }

    /** @throws IllegalArgumentException if {@code entry} does not begin where the cold tier ends; when that holds no segment, a gap is allowed */
    public ManifestContent append(SegmentEntry entry) {
        requireNext(entry.baseOffset());
        return new ManifestContent(logStartOffset, entry.nextOffset(), oldest, pages, joined(segments, List.of(entry)), pending, pendingPages, cleanOffset);
    }

    /** @throws IllegalArgumentException if no segment may begin at {@code baseOffset} */
    public void requireNext(long baseOffset) {
        if (baseOffset < endOffset) {
            throw new IllegalArgumentException("Segment at " + baseOffset + " is refused: the cold tier already ends at " + endOffset);
        }
        if (baseOffset > endOffset && !isEmpty()) {
            throw new IllegalArgumentException("Segment at " + baseOffset + " is refused: it would leave a gap after " + endOffset);
        }
    }

    /** Forgets pending deletions that are done. */
    public ManifestContent withoutPending(Set<SegmentName> done, Set<PageReference> donePages) {
        List<PendingDeletion> left = pending.stream().filter(deletion -> !done.contains(deletion.name())).toList();
        List<PendingPage> pagesLeft = pendingPages.stream().filter(deletion -> !donePages.contains(deletion.page())).toList();
        return left.size() == pending.size() && pagesLeft.size() == pendingPages.size() ? this
                : new ManifestContent(logStartOffset, endOffset, oldest, pages, segments, left, pagesLeft, cleanOffset);
    }

    /** Compaction has been over everything below {@code offset}, at most the log's end. It never falls: the same object if it would. */
    public ManifestContent cleanUpTo(long offset) {
        return offset <= cleanOffset ? this : new ManifestContent(logStartOffset, endOffset, oldest, pages, segments, pending, pendingPages, offset);
    }

    /** The same as another object: a change to this is one that says the same anew. */
    ManifestContent restated() {
        return startingAt(logStartOffset);
    }

    // For the tree

    ManifestContent startingAt(long offset) {
        return new ManifestContent(offset, endOffset, oldest, pages, segments, pending, pendingPages, cleanOffset);
    }

    ManifestContent listing(List<SegmentEntry> oldest, List<PageReference> pages, List<SegmentEntry> segments) {
        return new ManifestContent(logStartOffset, endOffset, oldest, pages, segments, pending, pendingPages, cleanOffset);
    }

    ManifestContent withPending(List<SegmentName> dropped, long nowMs) {
        List<PendingDeletion> more = new ArrayList<>(pending);
        dropped.forEach(name -> more.add(new PendingDeletion(name, nowMs)));
        return new ManifestContent(logStartOffset, endOffset, oldest, pages, segments, more, pendingPages, cleanOffset);
    }

    ManifestContent withPendingPages(List<PendingPage> dropped) {
        return dropped.isEmpty() ? this : new ManifestContent(logStartOffset, endOffset, oldest, pages, segments, pending, joined(pendingPages, dropped), cleanOffset);
    }
}
