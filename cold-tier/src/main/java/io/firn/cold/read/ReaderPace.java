package io.firn.cold.read;

/**
 * How much a reader takes in {@value #SPAN_MS} ms: what it took in the span that is going on and in the one before, spread over their time. So a reader that takes a lot at once and then rests has a pace, too, and one that has become slow has its new
 * pace two spans later at the latest. And how long it usually is from one of its reads to the next.
 *
 * <p>Mutable; confined to the reads thread.
 */
final class ReaderPace {

    /** Many times the way to any store and back: who waits for the store is not taken for slow. */
    static final long SPAN_MS = 10_000;

    private boolean begun;
    private long spanBeginMs;
    private long spanBytes;
    private long spanReads;
    private long beforeMs;
    private long beforeBytes;
    private long beforeReads;

    /** Its read ended. */
    void took(int bytes, long nowMs) {
        moveTo(nowMs);
        spanBytes += bytes;
        spanReads++;
    }

    /** So many of its usual pauses between two reads; as long as there may be if it has not read often enough to tell. */
    long pausesMs(int count, long nowMs) {
        moveTo(nowMs);
        long reads = beforeReads + spanReads;
        return reads < count ? Long.MAX_VALUE : count * (beforeMs + nowMs - spanBeginMs) / reads;
    }

    /** At its pace; as much as there may be if it has just begun. */
    long bytesInASpan(long nowMs) {
        moveTo(nowMs);
        long ms = beforeMs + nowMs - spanBeginMs;
        return ms <= 0 ? Long.MAX_VALUE : (beforeBytes + spanBytes) * SPAN_MS / ms;
    }

    private void moveTo(long nowMs) {
        if (!begun || nowMs < spanBeginMs) { // the clock was set back
            begun = true;
            spanBeginMs = nowMs;
        }
        if (nowMs - spanBeginMs >= SPAN_MS) {
            boolean next = nowMs - spanBeginMs < 2 * SPAN_MS;
            beforeBytes = next ? spanBytes : 0;
            beforeReads = next ? spanReads : 0;
            beforeMs = SPAN_MS;
            spanBytes = 0;
            spanReads = 0;
            spanBeginMs = next ? spanBeginMs + SPAN_MS : nowMs;
        }
    }
}
