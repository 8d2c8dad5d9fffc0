package io.firn.retention;

/** What an idle offloader should do next. {@link #of} is pure. */
sealed interface OffloadChoice {

    /** Every sealed segment below the safe offset is in the cold tier. */
    record Nothing() implements OffloadChoice {}

    /** Offload this local segment as it is. */
    record Whole(SegmentSpan segment) implements OffloadChoice {}

    /** Offload the part of this segment from {@code fromOffset} on: the segments of the cold tier were cut elsewhere than the local ones. */
    record Tail(SegmentSpan segment, long fromOffset) implements OffloadChoice {}

    /** The log start has passed the tier boundary (DeleteRecords while offload lagged): empty the cold tier first, then go on behind the gap nobody can read. */
    record EmptyColdFirst() implements OffloadChoice {}

    /** Records a reader may ask for, in {@code [fromOffset, toOffset)}, are in neither tier. Offload must not paper over it. */
    record Hole(long fromOffset, long toOffset) implements OffloadChoice {}

    static OffloadChoice of(LogView view) {
        return view.notOffloaded().stream().findFirst().map(oldest -> choose(view, oldest)).orElseGet(Nothing::new);
    }

    private static OffloadChoice choose(LogView view, SegmentSpan oldest) {
        long boundary = view.cold().endOffset();
        if (oldest.baseOffset() == boundary) {
            return new Whole(oldest);
        }
        if (oldest.baseOffset() < boundary) {
            return new Tail(oldest, boundary);
        }
        if (oldest.baseOffset() > Math.max(boundary, view.logStartOffset())) {
            return new Hole(Math.max(boundary, view.logStartOffset()), oldest.baseOffset());
        }
        return view.cold().isEmpty() ? new Whole(oldest) : new EmptyColdFirst();
    }
}
