package io.firn.hot.log;

import io.firn.hot.TimestampedOffset;
import io.firn.hot.index.TimeIndex;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.BatchScan;
import io.firn.hot.segment.CorruptLogException;
import io.firn.hot.segment.RecordSearch;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.Segment;
import io.firn.hot.segment.SegmentFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Finds records by their timestamps: the segments whose largest timestamp reaches the target, from there the time index, from there batch
 * headers, and inside the batch its records.
 *
 * <p>Threading: asked on the loop, where it notes what to search and keeps the files open; the search runs on the I/O pool; the answer comes
 * back on the loop.
 */
public final class TimeSearch {

    private final LogState state;
    private final Background background;

    public TimeSearch(LogState state, Background background) {
        this.state = state;
        this.background = background;
    }

    /** The earliest record at or after {@code timestampMs}, from the log start up to {@code limitOffset}. */
    public CompletableFuture<Optional<TimestampedOffset>> find(long timestampMs, long limitOffset) {
        Stream<Segment> reaching = state.segments().stream()
                .filter(segment -> segment.nextOffset() > state.logStartOffset() && segment.baseOffset() < limitOffset && maxTimestampMs(segment) >= timestampMs);
        return find(reaching, timestampMs, state.logStartOffset(), limitOffset);
    }

    /** The record with the largest timestamp of all, the first such one. As in Kafka it may be one that DeleteRecords has deleted: it counts until its segment goes. */
    public CompletableFuture<Optional<TimestampedOffset>> findMax() {
        Segment newest = Collections.max(state.segments(), Comparator.comparingLong(TimeSearch::maxTimestampMs));
        return find(Stream.of(newest), maxTimestampMs(newest), newest.baseOffset(), state.logEndOffset());
    }

    private CompletableFuture<Optional<TimestampedOffset>> find(Stream<Segment> segments, long timestampMs, long fromOffset, long limitOffset) {
        List<Place> places = segments.map(segment -> place(segment, timestampMs)).toList();
        List<SegmentFile> files = places.stream().map(Place::file).toList();
        return background.run(files, buffer -> search(places, timestampMs, fromOffset, limitOffset, buffer));
    }

    private static long maxTimestampMs(Segment segment) {
        return segment instanceof SealedPart part ? part.maxTimestampMs() : ((ActiveSegment) segment).indexes().maxTimestampMs();
    }

    /** A segment to search: from {@code position} on, or, when that is negative, from where its time index file says. */
    private record Place(Segment segment, SegmentFile file, int position, int sizeBytes) {}

    /** The active segment's indexes belong to the loop and are asked at once; a sealed one's time index may have to be read. */
    private static Place place(Segment segment, long timestampMs) {
        int position = segment instanceof ActiveSegment active ? from(active, active.indexes().times(), timestampMs) : -1;
        return new Place(segment, segment.file(), position, segment.sizeBytes());
    }

    private static int from(Segment segment, TimeIndex times, long timestampMs) {
        return segment.boundaries().positionBefore(times.offsetBefore(timestampMs));
    }

    private static Optional<TimestampedOffset> search(List<Place> places, long timestampMs, long fromOffset, long limitOffset, ByteBuffer buffer) throws IOException {
        for (Place place : places) {
            int from = place.position < 0 ? from(place.segment, ((SealedPart) place.segment).timeIndex(), timestampMs) : place.position;
            Optional<TimestampedOffset> found = search(place, from, timestampMs, fromOffset, buffer);
            if (found.isPresent()) {
                return found.filter(record -> record.offset() < limitOffset);
            }
        }
        return Optional.empty();
    }

    private static Optional<TimestampedOffset> search(Place place, int from, long timestampMs, long fromOffset, ByteBuffer buffer) throws IOException {
        BatchScan scan = BatchScan.headers(place.file.log(), from, place.sizeBytes, buffer);
        while (scan.next()) {
            if (scan.batch().maxTimestamp() >= timestampMs && scan.batch().lastOffset() >= fromOffset) {
                Optional<TimestampedOffset> found = RecordSearch.firstFrom(place.file.log(), scan.position(), scan.batch().sizeInBytes(), timestampMs, fromOffset);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        if (!scan.problem().isEmpty()) {
            throw new CorruptLogException("segment " + place.segment.baseOffset() + ": at position " + scan.position() + ": " + scan.problem());
        }
        return Optional.empty();
    }
}
