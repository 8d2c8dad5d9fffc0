package io.firn.cold.manifest;

import io.firn.cold.segment.SegmentName;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What a manifest says about the log. Pure: changes are functions from one content to the next.
 *
 * <p>Invariants, checked on construction: segments are in order and follow each other without gap or overlap; the last one ends at {@code endOffset}.
 *
 * @param logStartOffset records below it are deleted, be their segment live or not
 * @param endOffset the tier boundary: first offset not in the cold tier
 * @param segments live segments, oldest first
 * @param pending objects still to be deleted
 */
public record ManifestContent(long logStartOffset, long endOffset, List<SegmentEntry> segments, List<PendingDeletion> pending) {

    static final ManifestContent EMPTY = new ManifestContent(0, 0, List.of(), List.of());

    public ManifestContent {
        segments = List.copyOf(segments);
        pending = List.copyOf(pending);
        long end = segments.isEmpty() ? endOffset : segments.get(0).baseOffset();
        for (SegmentEntry segment : segments) {
            if (segment.baseOffset() != end) {
                throw new IllegalArgumentException("Segment at " + segment.baseOffset() + " after one that ends at " + end);
            }
            end = segment.nextOffset();
        }
        if (end != endOffset || logStartOffset < 0) {
            throw new IllegalArgumentException("Segments end at " + end + ", the log at " + endOffset + ", and it starts at " + logStartOffset);
        }
    }

    /** Base of the first live segment; {@link #endOffset} if there is none. */
    public long startOffset() {
        return segments.isEmpty() ? endOffset : segments.get(0).baseOffset();
    }

    /** @throws IllegalArgumentException if {@code entry} does not begin where the cold tier ends; when that holds no segment, a gap is allowed */
    public ManifestContent append(SegmentEntry entry) {
        requireNext(entry.baseOffset());
        List<SegmentEntry> next = new ArrayList<>(segments);
        next.add(entry);
        return new ManifestContent(logStartOffset, entry.nextOffset(), next, pending);
    }

    /** @throws IllegalArgumentException if no segment may begin at {@code baseOffset} */
    public void requireNext(long baseOffset) {
        if (baseOffset < endOffset) {
            throw new IllegalArgumentException("Segment at " + baseOffset + " is refused: the cold tier already ends at " + endOffset);
        }
        if (baseOffset > endOffset && !segments.isEmpty()) {
            throw new IllegalArgumentException("Segment at " + baseOffset + " is refused: it would leave a gap after " + endOffset);
        }
    }

    /** Raises the log start, and moves the segments that end at or below it to the pending deletions. The same object if nothing changes. */
    public ManifestContent deleteBefore(long offset, long nowMs) {
        boolean drops = !segments.isEmpty() && segments.get(0).nextOffset() <= offset;
        if (offset <= logStartOffset && !drops) {
            return this;
        }
        List<SegmentEntry> live = new ArrayList<>(segments);
        List<PendingDeletion> dropped = new ArrayList<>(pending);
        while (!live.isEmpty() && live.get(0).nextOffset() <= offset) {
            dropped.add(new PendingDeletion(live.remove(0).name(), nowMs));
        }
        return new ManifestContent(Math.max(offset, logStartOffset), endOffset, live, dropped);
    }

    /** Forgets pending deletions that are done. */
    public ManifestContent withoutPending(Set<SegmentName> done) {
        List<PendingDeletion> left = pending.stream().filter(deletion -> !done.contains(deletion.name())).toList();
        return left.size() == pending.size() ? this : new ManifestContent(logStartOffset, endOffset, segments, left);
    }
}
