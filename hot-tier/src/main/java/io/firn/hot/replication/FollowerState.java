package io.firn.hot.replication;

import io.firn.hot.EpochEnd;
import java.util.Optional;

/**
 * What a follower of one leader epoch decides: when to ask for more, and what to do with the answer. No I/O.
 *
 * <pre>
 *             next()                 Append                 appended(), all durable
 *  READY ───────────────▶ ASKING ──────────────▶ WORKING ───────────────────────────▶ READY
 *    ▲                      │  └─ Truncate, StartAt… ─▶ WORKING ── changed() ──────────▶ READY
 *    │ time                 │ fails
 *  BACKING_OFF ◀────────────┘                    FENCED  until another placement      FAILED  until the log is opened anew
 * </pre>
 *
 * <p><b>The offset it asks from is what it vouches for</b>: it asks only when all it has is durable. So the leader counts forced bytes with Kafka's own protocol. A second request while the first bytes are
 * forced would gain little: its bytes would wait for the next force anyhow.
 *
 * <p><b>Divergence is cut by epoch</b>, never at the high watermark (KIP-101, KIP-279): the leader says up to where it knows the follower's last epoch (or the largest below); the follower cuts at the smaller of that and its own end of that
 * epoch, and asks again if it does not know the epoch itself. Where that is below the leader's log start, it begins anew there. In clean elections that is never below the high watermark, since whoever leads has all of it. If it is, an unclean election has given records up: the follower
 * obeys, says how many ({@link FollowerStep.Truncate#lostCommitted}), and its high watermark goes back with its log.
 *
 * <p><i>Invariants</i>: the high watermark is at most the log end, and goes back only so. A reply counts only if it is to what was asked last: same offset, same leader epoch.
 *
 * <p>Threading: confined to the loop of the partition.
 */
public final class FollowerState {

    /** First wait after a failure; doubled by each further one. {@code replica.fetch.backoff.ms} is 1000 in Kafka, which would be most of a failover. */
    static final long FIRST_BACKOFF_MS = 50;

    static final long LONGEST_BACKOFF_MS = 1000;

    private static final FollowerStep NONE = new FollowerStep.None();

    private enum Phase { READY, ASKING, WORKING, BACKING_OFF, FENCED, FAILED }

    private final int leader;
    private final int leaderEpoch;
    private Phase phase = Phase.READY;
    private long askedOffset;
    private long leaderHighWatermark;
    private long highWatermark;
    private long retryAtMs;
    private long backoffMs = FIRST_BACKOFF_MS;

    /** @param highWatermark as this replica knows it from before */
    public FollowerState(int leader, int leaderEpoch, long highWatermark) {
        this.leader = leader;
        this.leaderEpoch = leaderEpoch;
        this.highWatermark = highWatermark;
    }

    public int leader() {
        return leader;
    }

    public int leaderEpoch() {
        return leaderEpoch;
    }

    public long highWatermark() {
        return highWatermark;
    }

    /** Whether nothing will be asked until somebody acts: fenced, or the log is offline. */
    public boolean isStuck() {
        return phase == Phase.FENCED || phase == Phase.FAILED;
    }

    /** The log is empty, and the cold tier may have what it would copy: {@link FollowerStep.StartAtTierBoundary} comes first. If it has nothing, {@link #failed} lets it begin where it is. */
    public void beginAtTierBoundary() {
        phase = Phase.WORKING;
    }

    // Asking

    FetchReadiness readiness(LogFacts log, long nowMs) {
        boolean ready = phase == Phase.READY || phase == Phase.BACKING_OFF && nowMs >= retryAtMs;
        if (ready) {
            return log.durableOffset() < log.logEndOffset() ? FetchReadiness.BUSY : FetchReadiness.READY;
        }
        return switch (phase) {
            case ASKING -> FetchReadiness.ASKING;
            case BACKING_OFF -> FetchReadiness.WAITING;
            case WORKING -> FetchReadiness.BUSY;
            default -> FetchReadiness.NONE;
        };
    }

    /** What to ask for now; empty when it is not the time. */
    public Optional<FetchPosition> next(LogFacts log, long nowMs) {
        if (phase == Phase.BACKING_OFF && nowMs >= retryAtMs) {
            phase = Phase.READY;
        }
        if (phase != Phase.READY || log.durableOffset() < log.logEndOffset()) {
            return Optional.empty();
        }
        phase = Phase.ASKING;
        askedOffset = log.logEndOffset();
        return Optional.of(new FetchPosition(leader, leaderEpoch, askedOffset, log.epochs().latest().orElse(ReplicaFetch.NO_EPOCH), log.logStartOffset()));
    }

    /** No reply will come: the connection broke, or the request timed out. */
    public void lost(FetchPosition position, long nowMs) {
        if (answers(position)) {
            backOff(nowMs);
        }
    }

    private boolean answers(FetchPosition position) {
        return phase == Phase.ASKING && position.leaderEpoch() == leaderEpoch && position.offset() == askedOffset;
    }

    private void backOff(long nowMs) {
        phase = Phase.BACKING_OFF;
        retryAtMs = nowMs + backoffMs;
        backoffMs = Math.min(LONGEST_BACKOFF_MS, backoffMs * 2);
    }

    // Answers

    public FollowerStep onReply(FetchReply reply, LogFacts log, long nowMs) {
        if (!answers(reply.position())) {
            return NONE;
        }
        if (log.logEndOffset() != askedOffset) {
            throw new IllegalStateException("the log ends at " + log.logEndOffset() + ", not at " + askedOffset + ", which was asked for: somebody else has written to it");
        }
        if (reply instanceof FetchReply.Records records) {
            return onRecords(records, log);
        }
        if (reply instanceof FetchReply.Diverging diverging) {
            return cut(cutFor(diverging.end(), log), diverging.logStartOffset());
        }
        return onFailed((FetchReply.Failed) reply, log, nowMs);
    }

    private FollowerStep onRecords(FetchReply.Records reply, LogFacts log) {
        backoffMs = FIRST_BACKOFF_MS;
        leaderHighWatermark = reply.highWatermark();
        if (reply.records().sizeBytes() > 0) {
            phase = Phase.WORKING;
            return new FollowerStep.Append(reply.records());
        }
        phase = Phase.READY;
        learnHighWatermark(log);
        return NONE;
    }

    private FollowerStep onFailed(FetchReply.Failed reply, LogFacts log, long nowMs) {
        switch (reply.error()) {
            case FENCED_LEADER_EPOCH -> phase = Phase.FENCED;
            case MOVED_TO_TIERED_STORAGE -> {
                phase = Phase.WORKING;
                return new FollowerStep.StartAtTierBoundary();
            }
            case OFFSET_OUT_OF_RANGE -> {
                if (reply.logStartOffset() > log.logEndOffset()) {
                    return startAt(reply.logStartOffset());
                }
                backOff(nowMs);
            }
            default -> backOff(nowMs);
        }
        return NONE;
    }

    /** Where the log has to be cut to agree with what the leader says: as far as both have the epoch it names, or the largest one below it. */
    static long cutFor(EpochEnd leaders, LogFacts log) {
        long end = log.logEndOffset();
        Optional<EpochEnd> own = log.epochs().endOffsetFor(leaders.leaderEpoch(), end);
        if (own.isEmpty()) {
            return Math.min(leaders.endOffset(), end);
        }
        boolean known = own.get().leaderEpoch() == leaders.leaderEpoch();
        return Math.min(end, known ? Math.min(own.get().endOffset(), leaders.endOffset()) : own.get().endOffset());
    }

    /** What would be left below the leader's log start is nothing that the leader has, or can still tell: it would be shown to consumers, and its producers taken for known. */
    private FollowerStep cut(long offset, long leadersLogStart) {
        if (offset < leadersLogStart) {
            return startAt(leadersLogStart);
        }
        phase = Phase.WORKING;
        return new FollowerStep.Truncate(offset, lostAt(offset));
    }

    private FollowerStep startAt(long offset) {
        phase = Phase.WORKING;
        return new FollowerStep.StartAt(offset, lostAt(offset));
    }

    private long lostAt(long offset) {
        return Math.max(0, highWatermark - offset);
    }

    // What was done

    /** The records are in the log. */
    public void appended(LogFacts log) {
        if (phase == Phase.WORKING) {
            phase = Phase.READY;
            learnHighWatermark(log);
        }
    }

    /** The log was cut, or begun anew. */
    public void changed(LogFacts log) {
        highWatermark = Math.min(highWatermark, log.logEndOffset());
        if (phase == Phase.WORKING) {
            phase = Phase.READY;
        }
    }

    /** What was to be done could not be. @param offline the log is; else it is tried again, from the request on */
    public void failed(boolean offline, long nowMs) {
        if (offline) {
            phase = Phase.FAILED;
        } else if (phase == Phase.WORKING) {
            backOff(nowMs);
        }
    }

    private void learnHighWatermark(LogFacts log) {
        highWatermark = Math.max(highWatermark, Math.min(leaderHighWatermark, log.logEndOffset()));
    }
}
