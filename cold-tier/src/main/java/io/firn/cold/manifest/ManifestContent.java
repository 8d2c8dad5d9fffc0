package io.firn.cold.manifest;

import io.firn.cold.segment.SegmentName;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What a manifest says about the log. Pure: changes are functions from one content to the next.
 *
 * <p>Invariants, checked on construction: segments are in order and follow each other without gap or overlap; the last one ends at {@code endOffset}. That is said of
 * the ranges of offsets they stand for: within its range a compacted segment may lack any offset.
 *
 * @param logStartOffset records below it are deleted, be their segment live or not
 * @param endOffset the tier boundary: first offset not in the cold tier
 * @param segments live segments, oldest first
 * @param pending objects still to be deleted
 * @param cleanOffset compaction has been over everything below it; 0 when the log was never compacted
 */
public record ManifestContent(long logStartOffset, long endOffset, List<SegmentEntry> segments, List<PendingDeletion> pending, long cleanOffset) {

    static final ManifestContent EMPTY = new ManifestContent(0, 0, List.of(), List.of(), 0);

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
        if (cleanOffset < 0 || cleanOffset > endOffset) {
            throw new IllegalArgumentException("Compacted up to " + cleanOffset + " in a log that ends at " + endOffset);
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
        return new ManifestContent(logStartOffset, entry.nextOffset(), next, pending, cleanOffset);
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
        return new ManifestContent(Math.max(offset, logStartOffset), endOffset, live, dropped, cleanOffset);
    }

    /** Forgets pending deletions that are done. */
    public ManifestContent withoutPending(Set<SegmentName> done) {
        List<PendingDeletion> left = pending.stream().filter(deletion -> !done.contains(deletion.name())).toList();
        return left.size() == pending.size() ? this : new ManifestContent(logStartOffset, endOffset, segments, left, cleanOffset);
    }

    /** Where the live segments of these names lie, which have to follow each other; -1 if they are no longer there. */
    private int runOf(List<SegmentName> names) {
        List<SegmentName> live = segments.stream().map(SegmentEntry::name).toList();
        int from = names.isEmpty() ? -1 : live.indexOf(names.get(0));
        boolean whole = from >= 0 && from + names.size() <= live.size() && live.subList(from, from + names.size()).equals(names);
        return whole ? from : -1;
    }

    /** Whether {@code names} are live segments that follow each other in this order: names are never used twice, so these are the very same objects. */
    public boolean holdsRun(List<SegmentName> names) {
        return runOf(names) >= 0;
    }

    /**
     * Puts {@code replacements} in the place of a run of live segments, whose objects become pending deletions. The range of offsets stays.
     *
     * @throws IllegalArgumentException if {@code superseded} is no run of live segments, or the replacements do not stand for just its range
     */
    public ManifestContent replace(List<SegmentName> superseded, List<SegmentEntry> replacements, long nowMs) {
        int from = runOf(superseded);
        if (from < 0 || replacements.isEmpty()) {
            throw new IllegalArgumentException("Segments " + superseded + " are not live, or are to be replaced by nothing");
        }
        long base = segments.get(from).baseOffset();
        long next = segments.get(from + superseded.size() - 1).nextOffset();
        if (replacements.get(0).baseOffset() != base || replacements.get(replacements.size() - 1).nextOffset() != next) {
            throw new IllegalArgumentException("Segments of [" + base + "," + next + ") cannot be replaced by those of [" + replacements.get(0).baseOffset() + ","
                    + replacements.get(replacements.size() - 1).nextOffset() + ")");
        }
        List<SegmentEntry> live = new ArrayList<>(segments.subList(0, from));
        live.addAll(replacements);
        live.addAll(segments.subList(from + superseded.size(), segments.size()));
        List<PendingDeletion> dropped = new ArrayList<>(pending);
        superseded.forEach(name -> dropped.add(new PendingDeletion(name, nowMs)));
        return new ManifestContent(logStartOffset, endOffset, live, dropped, cleanOffset);
    }

    /** Compaction has been over everything below {@code offset}, at most the log's end. It never falls: the same object if it would. */
    public ManifestContent cleanUpTo(long offset) {
        return offset <= cleanOffset ? this : new ManifestContent(logStartOffset, endOffset, segments, pending, offset);
    }
}
