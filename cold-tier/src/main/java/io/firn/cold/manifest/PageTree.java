package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.segment.SegmentName;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The changes of a history that may reach into pages.
 *
 * <pre>
 *   manifest   oldest segments │ page level 1 │ page level 1 │ page 0 │ page 0 │ … │ newest segments
 *                  ≤ 64        └──────┬───────┴──────────────┴────────┴────────┘      32 to 160
 *                               256 pages of level 0, each of up to 4096 segments
 * </pre>
 *
 * <p><b>Growing.</b> When the newest segments are too many, the older of them are added to the newest page of level 0, which is written anew under another name, until it is full; when a level has too many pages in the manifest, the oldest of them
 * move into one page of the level above. So a commit sends a page once in 128 appends, and the manifest stays bounded whatever the number of segments.
 *
 * <p><b>Copy on write.</b> A page is never changed. A change within one makes it, and those above it, anew; the old ones become {@link PendingPage}s by the same manifest, and are deleted after the grace period as segments are: a reader
 * of an older manifest finds all it names until then.
 *
 * <p><b>Deleting the oldest.</b> A page whose segments all go is dropped whole: its object tells later which objects are to be deleted, so that neither manifest nor requests of the commit grow with their number. The one that is cut is made anew. When no
 * segment is left in front of the pages some more are taken out of the first page, so that whoever decides about the oldest segments has them at hand.
 *
 * <p><b>A page that cannot be read</b>, lost or damaged, holds up neither: it takes no more segments, and goes only when all of it may.
 *
 * <p><b>Invariants.</b> Everything that a page named by the manifest holds, directly or below, is live. Each live segment is listed exactly once. Levels never rise from one page to the next. If there are pages, there are segments behind them, and
 * after {@link #settle} in front of them, unless the first page cannot be read.
 *
 * <p>Requests: a path from the manifest to a page of level 0 is read for each end of the range that changes; the pages on it are written, and read back.
 *
 * <p>Threading: one attempt of one commit.
 */
public final class PageTree {

    private static final Logger log = LoggerFactory.getLogger(PageTree.class);

    /** What becomes of the segments of a range. */
    private enum Fate {
        /** They go; everything that ends in the range, which begins at or before the first segment. */
        DROP,
        /** Others take their place. Their names are pending deletions already. */
        REPLACE,
        /** They are listed elsewhere. */
        MOVE
    }

    private record Range(long from, long to, Fate fate, List<SegmentEntry> put) {

        /** Whether what is put belongs into this page: the one that holds the range's end. */
        boolean putInto(PageReference page) {
            return !put.isEmpty() && page.baseOffset() < to && to <= page.nextOffset();
        }

        boolean takes(SegmentEntry segment) {
            boolean within = segment.nextOffset() <= to && (fate == Fate.DROP || segment.baseOffset() >= from);
            if (!within && fate != Fate.DROP && segment.baseOffset() < to && segment.nextOffset() > from) {
                throw new IllegalArgumentException("Segment at " + segment.baseOffset() + " lies over the border of [" + from + "," + to + ")");
            }
            return within;
        }

        List<SegmentEntry> applied(List<SegmentEntry> segments, boolean putHere) {
            List<SegmentEntry> left = new ArrayList<>();
            segments.stream().filter(segment -> segment.baseOffset() < to && !takes(segment)).forEach(left::add);
            if (putHere) {
                left.addAll(put);
            }
            segments.stream().filter(segment -> segment.baseOffset() >= to).forEach(left::add);
            return left;
        }
    }

    private final PageShape shape;
    private final PageChanges pages;
    private final long nowMs;
    private final boolean missingIsLost;

    /** @param missingIsLost there is no newer manifest that would tell why a page is gone */
    PageTree(PageShape shape, PageChanges pages, long nowMs, boolean missingIsLost) {
        this.shape = shape;
        this.pages = pages;
        this.nowMs = nowMs;
        this.missingIsLost = missingIsLost;
    }

    PageChanges pages() {
        return pages;
    }

    /** Raises the log start and drops the segments that end at or below it. The same object if nothing changes. */
    public CompletableFuture<ManifestContent> deleteBefore(ManifestContent content, long offset) {
        boolean drops = content.extents().stream().findFirst().filter(first -> first instanceof PageReference ? first.baseOffset() < offset : first.nextOffset() <= offset).isPresent();
        if (offset <= content.logStartOffset() && !drops) {
            return CompletableFuture.completedFuture(content);
        }
        Range range = new Range(0, offset, Fate.DROP, List.of());
        List<SegmentName> gone = Stream.concat(content.oldest().stream(), content.segments().stream()).filter(range::takes).map(SegmentEntry::name).toList();
        return splice(content.pages(), range, false).thenApply(left -> content.startingAt(Math.max(offset, content.logStartOffset()))
                .listing(range.applied(content.oldest(), false), left, range.applied(content.segments(), false)).withPending(gone, nowMs));
    }

    /** Whether {@code names} are live segments that follow each other in this order: names are never used twice, so these are the very same objects. */
    public CompletableFuture<Boolean> holdsRun(ManifestContent content, List<SegmentName> names) {
        return lookup(content).holdsRun(names);
    }

    private SegmentLookup lookup(ManifestContent content) {
        return new SegmentLookup(content, pages::load);
    }

    /**
     * Puts {@code replacements} in the place of a run of live segments, whose objects become pending deletions. The range of offsets stays. Fails with
     * {@link IllegalArgumentException} if {@code superseded} is no run of live segments, or the replacements do not stand for just its range.
     */
    public CompletableFuture<ManifestContent> replace(ManifestContent content, List<SegmentName> superseded, List<SegmentEntry> replacements) {
        return holdsRun(content, superseded).thenCompose(live -> {
            if (!live || replacements.isEmpty()) {
                throw new IllegalArgumentException("Segments " + superseded + " are not live, or are to be replaced by nothing");
            }
            Range range = new Range(replacements.get(0).baseOffset(), replacements.get(replacements.size() - 1).nextOffset(), Fate.REPLACE, List.copyOf(replacements));
            return spanOf(content, superseded).thenCompose(end -> {
                if (superseded.get(0).baseOffset() != range.from() || end != range.to()) {
                    throw new IllegalArgumentException("Segments of [" + superseded.get(0).baseOffset() + "," + end + ") cannot be replaced by those of [" + range.from() + "," + range.to() + ")");
                }
                return put(content, range);
            });
        }).thenApply(next -> next.withPending(superseded, nowMs));
    }

    private CompletableFuture<Long> spanOf(ManifestContent content, List<SegmentName> run) {
        return lookup(content).at(run.get(run.size() - 1).baseOffset()).thenApply(last -> last.orElseThrow().nextOffset());
    }

    /** The new ones are listed where the range ends: so the newest segment is always in the manifest itself. */
    private CompletableFuture<ManifestContent> put(ManifestContent content, Range range) {
        boolean among = range.to() > content.segments().get(0).baseOffset();
        boolean before = !among && (content.pages().isEmpty() || range.to() <= content.pages().get(0).baseOffset());
        Range paged = among || before ? new Range(range.from(), range.to(), Fate.REPLACE, List.of()) : range;
        return splice(content.pages(), paged, false).thenApply(left -> content.listing(range.applied(content.oldest(), before), left, range.applied(content.segments(), among)));
    }

    /** @param covered whether a page above, which is retired, takes with it those that go as a whole */
    private CompletableFuture<List<PageReference>> splice(List<PageReference> refs, Range range, boolean covered) {
        if (refs.stream().noneMatch(ref -> ref.overlaps(range.from(), range.to()))) {
            return CompletableFuture.completedFuture(refs);
        }
        CompletableFuture<List<PageReference>> spliced = CompletableFuture.completedFuture(new ArrayList<>());
        for (PageReference ref : refs) {
            spliced = spliced.thenCompose(done -> (ref.overlaps(range.from(), range.to()) ? rewrite(ref, range, covered) : CompletableFuture.completedFuture(List.of(ref))).thenApply(made -> {
                done.addAll(made);
                return done;
            }));
        }
        return range.fate() == Fate.REPLACE ? spliced.thenCompose(this::joined) : spliced;
    }

    private CompletableFuture<List<PageReference>> rewrite(PageReference ref, Range range, boolean covered) {
        if (range.fate() != Fate.MOVE && ref.within(range.from(), range.to()) && !range.putInto(ref)) {
            if (!covered || pages.made(ref)) {
                pages.retire(ref, ref.nextOffset(), nowMs);
            }
            return CompletableFuture.completedFuture(List.of());
        }
        if (range.fate() == Fate.DROP) {
            return pages.load(ref).handle((page, failure) -> failure == null ? remade(ref, page, range) : uncut(ref, ColdStoreException.unwrap(failure))).thenCompose(next -> next);
        }
        return pages.load(ref).thenCompose(page -> remade(ref, page, range));
    }

    private CompletableFuture<List<PageReference>> remade(PageReference ref, Page page, Range range) {
        return page.level() == 0 ? CompletableFuture.completedFuture(leaf(ref, page, range)) : inner(ref, page, range);
    }

    /** A page that cannot be read stays until all of it may go: retention shall go on behind it. */
    private CompletableFuture<List<PageReference>> uncut(PageReference ref, Throwable failure) {
        requireLost(ref, failure);
        return CompletableFuture.completedFuture(List.of(ref));
    }

    private List<PageReference> leaf(PageReference ref, Page page, Range range) {
        List<SegmentEntry> before = page.segments();
        List<SegmentEntry> after = range.applied(before, range.putInto(ref));
        return after.equals(before) ? List.of(ref) : remade(ref, after, range);
    }

    private CompletableFuture<List<PageReference>> inner(PageReference ref, Page page, Range range) {
        List<PageReference> before = page.pages();
        return splice(before, range, range.fate() == Fate.DROP).thenApply(after -> after.equals(before) ? List.of(ref) : remade(ref, after, range));
    }

    private List<PageReference> remade(PageReference ref, List<? extends Extent> entries, Range range) {
        pages.retire(ref, range.fate() == Fate.DROP ? Math.min(range.to(), ref.nextOffset()) : ref.baseOffset(), nowMs);
        return make(ref.level(), entries);
    }

    /** As few pages as these entries need. */
    private List<PageReference> make(int level, List<? extends Extent> entries) {
        List<PageReference> made = new ArrayList<>();
        for (int from = 0; from < entries.size(); from += shape.capacity(level)) {
            made.add(pages.make(level, entries.subList(from, Math.min(entries.size(), from + shape.capacity(level)))));
        }
        return made;
    }

    /** Puts a page that has become small together with a small neighbour. */
    private CompletableFuture<List<PageReference>> joined(List<PageReference> refs) {
        for (int i = 1; i < refs.size(); i++) {
            PageReference left = refs.get(i - 1);
            PageReference right = refs.get(i);
            boolean small = left.level() == right.level() && left.entries() + right.entries() <= shape.capacity(left.level()) / 2;
            if (small && (pages.made(left) || pages.made(right))) {
                int at = i;
                return pages.load(left).thenCombine(pages.load(right), (one, other) -> {
                    List<Extent> all = Stream.concat(one.entries().stream(), other.entries().stream()).toList();
                    pages.retire(left, left.baseOffset(), nowMs);
                    pages.retire(right, right.baseOffset(), nowMs);
                    List<PageReference> fewer = new ArrayList<>(refs.subList(0, at - 1));
                    fewer.add(pages.make(left.level(), all));
                    fewer.addAll(refs.subList(at + 1, refs.size()));
                    return fewer;
                }).thenCompose(this::joined);
            }
        }
        return CompletableFuture.completedFuture(refs);
    }

    /** Brings what a change has left back into shape, and lists the pages it has retired. */
    CompletableFuture<ManifestContent> settle(ManifestContent content) {
        return refilled(content).thenCompose(this::spilled).thenApply(settled -> settled.withPendingPages(pages.retired()));
    }

    private CompletableFuture<ManifestContent> refilled(ManifestContent content) {
        if (content.pages().isEmpty() || !content.oldest().isEmpty()) {
            return CompletableFuture.completedFuture(content);
        }
        return lookup(content).from(content.startOffset(), shape.oldest()).handle((taken, failure) -> {
            if (failure != null) {
                requireLost(content.pages().get(0), ColdStoreException.unwrap(failure));
                return CompletableFuture.completedFuture(content);
            }
            Range range = new Range(taken.get(0).baseOffset(), taken.get(taken.size() - 1).nextOffset(), Fate.MOVE, List.of());
            return splice(content.pages(), range, false).thenApply(left -> content.listing(taken, left, content.segments()));
        }).thenCompose(next -> next);
    }

    private CompletableFuture<ManifestContent> spilled(ManifestContent content) {
        int oldest = content.pages().isEmpty() ? shape.oldest() : 0;
        int size = content.segments().size();
        if (size <= oldest + shape.newest() + shape.spilled()) {
            return CompletableFuture.completedFuture(content);
        }
        List<SegmentEntry> front = oldest > 0 ? content.segments().subList(0, oldest) : content.oldest();
        List<SegmentEntry> leaving = content.segments().subList(oldest, size - shape.newest());
        return grown(content.pages(), leaving).thenApply(refs -> content.listing(front, raised(refs, 0), content.segments().subList(size - shape.newest(), size)));
    }

    private CompletableFuture<List<PageReference>> grown(List<PageReference> refs, List<SegmentEntry> more) {
        PageReference last = refs.isEmpty() ? null : refs.get(refs.size() - 1);
        if (last == null || last.level() > 0 || last.entries() >= shape.leaf()) {
            return CompletableFuture.completedFuture(Stream.concat(refs.stream(), make(0, more).stream()).toList());
        }
        return pages.load(last).handle((page, failure) -> {
            if (failure != null) {
                return besides(refs, more, ColdStoreException.unwrap(failure));
            }
            pages.retire(last, last.baseOffset(), nowMs);
            List<Extent> all = Stream.concat(page.entries().stream(), more.stream()).toList();
            return Stream.concat(refs.subList(0, refs.size() - 1).stream(), make(0, all).stream()).toList();
        });
    }

    /** What comes later than a page that cannot be read has a page of its own: the offload shall go on. */
    private List<PageReference> besides(List<PageReference> refs, List<SegmentEntry> more, Throwable failure) {
        requireLost(refs.get(refs.size() - 1), failure);
        return Stream.concat(refs.stream(), make(0, more).stream()).toList();
    }

    /** Throws {@code failure} unless it means that the page, or one below it, is gone or damaged for good. */
    private void requireLost(PageReference page, Throwable failure) {
        if (!(failure instanceof ColdStoreException.Missing && missingIsLost || failure instanceof ColdStoreException.Corrupt)) {
            throw new CompletionException(failure);
        }
        log.atError().addKeyValue("page", page).addKeyValue("error", failure.toString()).log("A manifest page cannot be read; the segments it lists cannot be found, the history goes on beside it");
    }

    /** Moves the oldest pages of each level that has too many into one of the level above. */
    private List<PageReference> raised(List<PageReference> refs, int level) {
        List<PageReference> of = refs.stream().filter(ref -> ref.level() == level).toList();
        if (of.size() <= shape.fanOut()) {
            return refs.stream().anyMatch(ref -> ref.level() > level) ? raised(refs, level + 1) : refs;
        }
        List<PageReference> above = refs.stream().filter(ref -> ref.level() > level).toList();
        List<PageReference> below = refs.stream().filter(ref -> ref.level() < level).toList();
        PageReference raised = pages.make(level + 1, of.subList(0, shape.fanOut()));
        return raised(Stream.of(above, List.of(raised), of.subList(shape.fanOut(), of.size()), below).flatMap(List::stream).toList(), level);
    }
}
