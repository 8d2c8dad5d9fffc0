package io.firn.retention;

import io.firn.cold.ColdChunks;
import io.firn.cold.ColdDamage;
import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdSegmentLog;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdStretch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * Reads on in a partition's segments, as many bytes as one turn allows, and checks them: tail, then chunk after chunk, past the caches and pools of readers, one request at a time.
 *
 * <p>What was replaced or dropped meanwhile is passed over; so is what a page lists that cannot be read, which the sweep tells of.
 *
 * <p>Limits: a tail and a chunk in memory while it runs; between two steps the checksums of a segment's chunks. Threading: confined to the thread of the scrub, which waits in here for the bucket.
 */
final class ScrubStep {

    /** What a look-up is taken to cost, so that a step ends though all it meets is gone. */
    private static final long LOOKUP_BYTES = 64 << 10;

    /**
     * Where it stands.
     *
     * @param offset the next segment is the one that holds it, or the first behind it
     * @param open that segment, if it was begun: without its tail, as each partition that is under way keeps it between its turns
     * @param chunk of it
     */
    record At(long offset, Optional<ColdChunks> open, int chunk) {
        static At segmentOf(long offset) {
            return new At(offset, Optional.empty(), 0);
        }
    }

    /**
     * What came of a step.
     *
     * @param ended nothing that was to be read is behind it
     * @param sound segments that were read to their end
     * @param damage segments that are missing or damaged
     */
    record Result(At at, boolean ended, List<ColdSegment> sound, List<ColdDamage> damage, long readBytes) {}

    private final ColdLog cold;
    private final Patience patience;
    private final BooleanSupplier cancelled;
    private final List<ColdSegment> sound = new ArrayList<>();
    private final List<ColdDamage> damage = new ArrayList<>();
    private final long untilOffset;
    private At at;
    private long readBytes;
    private long left;

    /** @param untilOffset no segment is begun at or above it */
    ScrubStep(ColdLog cold, At at, long untilOffset, long bytes, Patience patience, BooleanSupplier cancelled) {
        this.cold = cold;
        this.at = at;
        this.untilOffset = untilOffset;
        this.left = bytes;
        this.patience = patience;
        this.cancelled = cancelled;
    }

    /** Fails with {@link ColdStoreException} when the bucket cannot be read. */
    Result run() {
        boolean ended = false;
        while (left > 0 && !ended && !isThrough()) {
            if (cancelled.getAsBoolean()) {
                throw new CancellationException("the scrub was given up");
            }
            if (at.open().isPresent()) {
                readChunk(at.open().get());
            } else {
                ended = !openNext();
            }
        }
        return new Result(at, ended || isThrough(), sound, damage, readBytes);
    }

    private boolean isThrough() {
        return at.open().isEmpty() && at.offset() >= untilOffset;
    }

    private boolean openNext() {
        left -= LOOKUP_BYTES;
        Optional<ColdSegment> next = next();
        next.ifPresent(segment -> {
            try {
                ColdSegmentLog opened = patience.await(cold.openSegment(segment));
                taken(segment.objectSizeBytes() - segment.logSizeBytes());
                at = new At(segment.baseOffset(), Optional.of(opened.pieces()), 0);
            } catch (ColdStoreException.Missing | ColdStoreException.Corrupt e) {
                broken(segment, e);
            }
        });
        return next.isPresent() || cold.endOffset() > at.offset() && !cold.isEmpty();
    }

    private Optional<ColdSegment> next() {
        try {
            return patience.await(cold.segmentsFrom(at.offset(), 1)).stream().findFirst();
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt pageUnreadable) {
            at = At.segmentOf(behind(cold.outline(), pageUnreadable));
            return Optional.empty();
        }
    }

    /** The end of the page that cannot be read, which may be one of many below another. */
    private long behind(List<ColdStretch> stretches, ColdStoreException unreadable) {
        ColdStretch page = stretches.stream().filter(stretch -> at.offset() < stretch.nextOffset()).findFirst().filter(ColdStretch::isPage).orElseThrow(() -> unreadable);
        List<ColdStretch> within;
        try {
            within = patience.await(cold.within(page));
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt e) {
            return page.nextOffset();
        }
        return behind(within, unreadable);
    }

    private void readChunk(ColdChunks open) {
        ColdSegment segment = open.segment();
        try {
            taken(patience.await(open.chunk(at.chunk())).remaining());
            at = new At(segment.baseOffset(), at.open(), at.chunk() + 1);
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt e) {
            broken(segment, e);
            return;
        }
        if (at.chunk() == open.count()) {
            sound.add(segment);
            at = At.segmentOf(segment.nextOffset());
        }
    }

    private void taken(long bytes) {
        readBytes += bytes;
        left -= bytes;
    }

    /** A segment that is not live any more: the next look-up finds what stands for the offset now, which is another one. */
    private void broken(ColdSegment segment, ColdStoreException why) {
        boolean live = patience.await(cold.isLive(segment));
        if (live) {
            damage.add(new ColdDamage(segment.key(), why.getMessage(), why instanceof ColdStoreException.Missing, Optional.of(segment)));
        }
        at = At.segmentOf(live ? segment.nextOffset() : segment.baseOffset());
    }
}
