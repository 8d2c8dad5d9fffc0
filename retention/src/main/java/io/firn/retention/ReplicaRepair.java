package io.firn.retention;

import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStoreException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Puts a sound object in the place of one that is missing or damaged, out of the local log of another replica, where this leader has no copy of its range itself.
 *
 * <pre>
 *   broken       ├────── [base, next) ──────┤
 *   replica    ──┼─────┼─────┼─────┼─────┼──┼──  its own disk only ({@link ReplicaLogs}), below its high watermark; asked one after the other, the first that has the same bytes is taken
 *                   │     │     │     │     ▼
 *                   ▼     ▼     ▼     ▼     the ending ({@link SegmentEnding})
 *   scratch file ├──────────────────────────┤ the same bytes ({@link Replacement})? then as any replacement
 * </pre>
 *
 * <p><b>What is proved.</b> With a sound tail its checksums of all chunks: the bytes are those that were uploaded. Without, each batch has the offset that is next and the leader epoch that the lineage of the log has for it, which makes the two logs the same
 * (KIP-101), and the whole has the size and the largest timestamp of the manifest. Compacted logs differ from replica to replica for the same offsets and epochs, so there only checksums will do.
 *
 * <p>A leadership that ends meanwhile ends this: other brokers do not answer to its epoch, and the manifest would fence it. <i>On crash</i>: as of any replacement, one orphan object, a scratch file.
 *
 * <p>Limits: one scratch file of the segment's size, above twice the disk's watermark; the rate of the scrub; one answer of a broker. Threading: confined to the thread of the scrub.
 */
final class ReplicaRepair {

    private final Replacement replacement;
    private final SegmentEnding ending;
    private final ReplicaCopy.Ground ground;
    private final ScratchSpace scratch;
    private final int indexIntervalBytes;
    private final List<String> refusals = new ArrayList<>();
    private boolean replaced;

    ReplicaRepair(Replacement replacement, SegmentEnding ending, ReplicaCopy.Ground ground, ScratchSpace scratch, int indexIntervalBytes) {
        this.replacement = replacement;
        this.ending = ending;
        this.ground = ground;
        this.scratch = scratch;
        this.indexIntervalBytes = indexIntervalBytes;
    }

    /**
     * The broker whose copy was sound; empty if none was.
     *
     * @throws ScratchException the scratch disk fails
     * @throws ColdStoreException as changes of the cold tier fail
     */
    Optional<Integer> run() throws ScratchException {
        if (ending instanceof SegmentEnding.Unknown unknown) {
            refusals.add(unknown.why());
            return Optional.empty();
        }
        for (int broker : ground.replicas().holders(ground.partition())) {
            Optional<String> wrong = tried(broker);
            if (wrong.isEmpty()) {
                return Optional.of(broker);
            }
            refusals.add("broker " + broker + ": " + wrong.get());
        }
        return Optional.empty();
    }

    /** Why nothing came of it, for people. */
    List<String> refusals() {
        return refusals;
    }

    /** Whether it was done; false if somebody else has replaced or dropped the segment meanwhile. */
    boolean replaced() {
        return replaced;
    }

    private Optional<String> tried(int broker) throws ScratchException {
        ColdSegment broken = replacement.broken();
        try (RewrittenSegment made = new RewrittenSegment(scratch.create(), broken.baseOffset(), indexIntervalBytes)) {
            SegmentEnding.Filling filling = ending.into(made, broken, replacement.patience());
            Optional<String> wrong = new ReplicaCopy(ground, broker, broken, filling).run();
            if (wrong.isPresent()) {
                return wrong;
            }
            filling.finish();
            Optional<String> other = made.nextOffset() == broken.nextOffset() ? replacement.difference(made) : Optional.of("its batches end at offset " + made.nextOffset());
            replaced = other.isEmpty() && replacement.by(made);
            return other;
        } catch (ScratchException e) {
            throw e;
        } catch (IOException e) {
            return Optional.of("what it sent is not the log: " + e.getMessage());
        } catch (ColdStoreException.SourceFailed e) {
            if (e.getCause() instanceof ScratchException own) {
                throw own;
            }
            return Optional.of("what it sent is not sound: " + e.getMessage());
        }
    }
}
