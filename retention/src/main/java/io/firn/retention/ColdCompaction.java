package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStoreException;
import io.firn.retention.compaction.CompactionPass;
import io.firn.retention.compaction.PassCounts;
import io.firn.retention.compaction.PassInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * One pass of compaction over what a partition has in the cold tier.
 *
 * <pre>
 *   manifest      ├─ segment ─┼─ segment ─┼─ segment ─┼─ segment ─┤ tier boundary
 *                 │      clean        │         dirty             │
 *   1 index                           ├── newest offset of each key, one segment after the other, as far as memory reaches ──▶ covered
 *   2 rewrite     ├─── group ─────────┼─ group ───┤  … each into a scratch file, uploaded and swapped before the next is begun
 *   3 clean offset                                          the manifest says: compacted up to the covered offset
 * </pre>
 *
 * <p><b>The bucket alone decides.</b> Only records that are in the cold tier supersede records of the cold tier: what lies on the local disk alone, committed or not, could be lost with that disk, and the
 * bucket would then have neither the old value nor the new one. For the same reason it reads the objects, and not the local copies, from which local compaction may have taken what only newer local records supersede.
 *
 * <p><b>Which segments are written.</b> All that begin below the covered offset are read; a group is uploaded if anything in it changed or several segments become one. A group of one in which nothing changed keeps its
 * object. There is no other measure by which a segment with superseded records would be left as it is: the tombstones above it are given their horizon in this pass, and a later pass
 * removes them without looking for older records any more. Whether a pass is worth its cost is decided for the log as a whole ({@link ColdCompactionPolicy}).
 *
 * <p><b>On crash</b>, or when it is given up at any point: groups already swapped stay compacted, one uploaded object at most is an orphan, the scratch file is deleted by the next process. The clean offset has not moved: the next pass indexes
 * the same range again and finds nothing to do in groups that are done. Groups are swapped in order, so that a tombstone gets its horizon only when all older records of its key are gone.
 *
 * <p>Limits: the table of keys ({@code memoryBytes}); two chunks of a segment; one batch; one scratch file of at most {@code segment.bytes} (of the present size, if a segment is larger). Threading: confined to the
 * compaction thread, which waits in here for bucket, disk and loop.
 */
final class ColdCompaction {

    /**
     * What is to be done.
     *
     * @param fromOffset where the first segment begins that a reader can reach: it is to be rewritten, and those that follow
     * @param cleanOffset records below it were indexed by earlier passes
     * @param endOffset what lies at or above it is not to be indexed yet; the end of one of the segments
     */
    record Order(ColdLog cold, long fromOffset, long cleanOffset, long endOffset, PassInput input, long memoryBytes, int segmentBytes, int indexIntervalBytes) {}

    /**
     * What came of it.
     *
     * @param coveredOffset how far the log is clean now
     * @param complete false when a segment was replaced or deleted by somebody else meanwhile: the rest is for another pass
     * @param rewritten segments replaced
     * @param savedBytes log bytes that the cold tier holds less
     */
    record Outcome(long coveredOffset, boolean complete, int rewritten, long savedBytes, PassCounts counts) {}

    private final Order order;
    private final ColdChanges changes;
    private final ScratchSpace scratch;
    private final Patience patience;
    private final BooleanSupplier cancelled;
    private ColdSegment reading;
    private int rewritten;
    private long savedBytes;

    /** @param cancelled asked before each batch; once true, the pass ends with a {@link java.util.concurrent.CancellationException} */
    ColdCompaction(Order order, ColdChanges changes, ScratchSpace scratch, Patience patience, BooleanSupplier cancelled) {
        this.order = order;
        this.changes = changes;
        this.scratch = scratch;
        this.patience = patience;
        this.cancelled = cancelled;
    }

    /**
     * Does it.
     *
     * @throws ScratchException the scratch disk fails
     * @throws IOException what the bucket holds is not a sound log
     * @throws io.firn.cold.ColdStoreException as reads and changes of the cold tier fail
     */
    Outcome run() throws IOException {
        try (CompactionPass pass = new CompactionPass(order.input(), order.cleanOffset(), order.endOffset(), order.memoryBytes(), cancelled)) {
            boolean complete;
            try {
                index(pass);
                complete = rewriteAll(pass);
            } catch (ColdStoreException.Missing e) {
                if (patience.await(order.cold().isLive(reading))) {
                    throw e; // still committed, and yet not there
                }
                complete = false;
            }
            if (complete) {
                patience.await(changes.cleanUpTo(pass.coveredOffset()));
            }
            return new Outcome(pass.coveredOffset(), complete, rewritten, savedBytes, pass.counts());
        }
    }

    private boolean rewriteAll(CompactionPass pass) throws IOException {
        ColdSegments reached = new ColdSegments(order.cold(), patience, order.fromOffset(), pass.coveredOffset());
        for (List<ColdSegment> group = next(reached); !group.isEmpty(); group = next(reached)) {
            if (!rewrite(pass, group)) {
                return false;
            }
        }
        return true;
    }

    private List<ColdSegment> next(ColdSegments segments) {
        return CompactionGroups.next(segments, order.segmentBytes());
    }

    private void index(CompactionPass pass) throws IOException {
        ColdSegments dirty = new ColdSegments(order.cold(), patience, Math.max(order.fromOffset(), order.cleanOffset()), order.endOffset());
        while (dirty.peek().filter(segment -> segment.nextOffset() <= order.endOffset()).isPresent()) {
            if (!pass.index(open(dirty.next()))) {
                return;
            }
        }
    }

    private ColdSource open(ColdSegment segment) {
        reading = segment;
        return new ColdSource(patience.await(order.cold().openSegment(segment)), patience);
    }

    /** Whether the group is compacted now; no if its segments are not there any more. */
    private boolean rewrite(CompactionPass pass, List<ColdSegment> group) throws IOException {
        pass.beginGroup();
        try (RewrittenSegment target = new RewrittenSegment(scratch.create(), group.get(0).baseOffset(), order.indexIntervalBytes())) {
            List<ColdSegment> left = new ArrayList<>(group);
            while (!left.isEmpty()) {
                ColdSource source = open(left.remove(0));
                pass.rewrite(source, left.isEmpty(), target);
                if (left.isEmpty()) {
                    target.finish(source);
                }
            }
            if (group.size() == 1 && !pass.changed()) {
                return true;
            }
            boolean swapped = patience.await(changes.replace(group, target)).isPresent();
            if (swapped) {
                rewritten += group.size();
                savedBytes += group.stream().mapToLong(ColdSegment::logSizeBytes).sum() - target.logSizeBytes();
            }
            return swapped;
        }
    }
}
