package io.firn.hot.replication;

/**
 * The time between an unclean election and the leading that follows from it: until the cold tier has told where it ends, and the log begins or goes on there ({@link UncleanStart}). Kafka's term for the partition meanwhile (KIP-704).
 *
 * <pre>
 *   elected, recovering ─▶ ASKING: TierBoundary.claim, fences earlier leaders ─▶ as it is ──────────────▶ leads, and tells the controller that it has recovered
 *                            ▲   │ no answer                  └─▶ CHANGING: the log begins anew ─▶ ┘
 *                            └─ WAITING, longer each time ◀───────┘ not possible now
 * </pre>
 *
 * <p><i>Invariants</i>: while it lasts nothing is acknowledged, shown or appended. It ends with a log that has all that is in the cold tier, by epoch; nobody of an earlier epoch adds to that afterwards. The bucket away: it waits, for ever, and
 * never leads without an answer. The cold tier is claimed in the name of the epoch that was won, and not any more once that is over.
 *
 * <p><i>On crash</i>, in
 * <ul>
 *   <li>ASKING: nothing has changed but perhaps that earlier leaders are fenced, which the election is reason enough for.
 *   <li>CHANGING: the log is the old or the new one ({@code log.start}); by either the same is decided.
 *   <li>leading, before the controller knows: the partition is recovering still, so whoever leads next asks again. Its own log it takes as it is, since what is in the cold tier by then came from there; another replica
 *       begins at the new end of the cold tier or has it all.
 *   <li>any of them, and another replica is elected: it recovers in a later epoch. This one follows, and is cut by epoch as anybody else.
 * </ul>
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class Recovering {

    static final long FIRST_BACKOFF_MS = 50;
    static final long LONGEST_BACKOFF_MS = 5_000;
    /** How often it is said that it goes on. */
    static final long SAY_EVERY_MS = 60_000;

    private final int leaderEpoch;
    private boolean waiting;
    private long retryAtMs;
    private long backoffMs = FIRST_BACKOFF_MS;
    private int failures;
    private boolean said;
    private boolean saidError;
    private long saidAtMs;

    /** @param leaderEpoch won by the unclean election */
    Recovering(int leaderEpoch) {
        this.leaderEpoch = leaderEpoch;
    }

    int leaderEpoch() {
        return leaderEpoch;
    }

    /** Whether it is time to ask again. */
    boolean due(long nowMs) {
        return waiting && nowMs >= retryAtMs;
    }

    void asks() {
        waiting = false;
    }

    /** @return how long to wait before it asks again */
    long failed(long nowMs) {
        long delayMs = backoffMs;
        waiting = true;
        failures++;
        retryAtMs = nowMs + delayMs;
        backoffMs = Math.min(LONGEST_BACKOFF_MS, backoffMs * 2);
        return delayMs;
    }

    /** Whether people are to be told of this failure: of the first one, of the first one that is an error, and each {@link #SAY_EVERY_MS} that it goes on. */
    boolean toBeSaid(boolean error, long nowMs) {
        boolean news = !said || error && !saidError || nowMs - saidAtMs >= SAY_EVERY_MS;
        if (news) {
            said = true;
            saidError |= error;
            saidAtMs = nowMs;
        }
        return news;
    }

    int failures() {
        return failures;
    }
}
