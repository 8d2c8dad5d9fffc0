package io.firn.hot.replication;

/**
 * What a leader knows of one follower, since it leads.
 *
 * <p>Caught up means: had all that the leader had, at a fetch. A follower whose every fetch is a little behind is caught up as of the fetch before, when it now has what the leader had then.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class FollowerProgress {

    private static final long UNKNOWN = -1;

    private final int brokerId;
    private boolean inIsr;
    private boolean joining;
    private boolean fetched;
    private long brokerEpoch = IsrProposal.ANY_EPOCH;
    private long endOffset = UNKNOWN;
    private long startOffset = UNKNOWN;
    private long leaderEndAtLastFetch = UNKNOWN;
    private long lastFetchMs;
    private long lastCaughtUpMs;

    /** @param graceMs how long ago one outside of the ISR counts as caught up last; one inside starts as caught up now, so that it has time to come */
    FollowerProgress(int brokerId, boolean inIsr, long nowMs, long graceMs) {
        this.brokerId = brokerId;
        this.inIsr = inIsr;
        this.lastCaughtUpMs = inIsr ? nowMs : nowMs - graceMs - 1;
        this.lastFetchMs = lastCaughtUpMs;
    }

    void onFetch(ReplicaFetch fetch, long leaderEndOffset, long nowMs) {
        if (fetch.offset() >= leaderEndOffset) {
            lastCaughtUpMs = Math.max(lastCaughtUpMs, nowMs);
        } else if (fetched && fetch.offset() >= leaderEndAtLastFetch) {
            lastCaughtUpMs = Math.max(lastCaughtUpMs, lastFetchMs);
        }
        fetched = true;
        brokerEpoch = fetch.brokerEpoch();
        endOffset = fetch.offset();
        startOffset = fetch.logStartOffset();
        leaderEndAtLastFetch = Math.max(leaderEndAtLastFetch, leaderEndOffset);
        lastFetchMs = nowMs;
    }

    boolean isCaughtUp(long leaderEndOffset, long nowMs, long maxLagMs) {
        return endOffset == leaderEndOffset || nowMs - lastCaughtUpMs <= maxLagMs;
    }

    int brokerId() {
        return brokerId;
    }

    /** {@link IsrProposal#ANY_EPOCH} before the first fetch. */
    long brokerEpoch() {
        return brokerEpoch;
    }

    boolean fetched() {
        return fetched;
    }

    /** -1 before the first fetch. */
    long endOffset() {
        return endOffset;
    }

    /** -1 before the first fetch. */
    long startOffset() {
        return startOffset;
    }

    /** Whether it is in the ISR that was committed last. */
    boolean inIsr() {
        return inIsr;
    }

    /** Whether it is in the ISR, or may be: a proposal with it is under way. */
    boolean maybeInIsr() {
        return inIsr || joining;
    }

    void inIsr(boolean committed) {
        inIsr = committed;
    }

    void joining(boolean proposed) {
        joining = proposed;
    }
}
