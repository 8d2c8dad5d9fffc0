package io.firn.retention;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Hands out a bounded number of turns at the cold tier, first come first served. A partition asks again after each turn, behind
 * those that wait already: so it is round robin among the partitions that have something to do.
 *
 * <p>Limits: at most {@code most} turns are out; the queue holds at most one request a partition.
 *
 * <p>Threading: confined to the worker's mailbox; turns are told on the loop of whoever asked.
 */
final class Turns {

    /** A request. {@code granted} runs on {@code loop}; its turn lasts until {@link #release}. */
    record Turn(Executor loop, long sizeBytes, Runnable granted) {}

    private final int most;
    private final Queue<Turn> waiting = new ArrayDeque<>();
    private UploadPace pace;
    private int taken;

    Turns(int most, UploadPace pace) {
        this.most = most;
        this.pace = pace;
    }

    void request(Turn turn, long nowMs) {
        waiting.add(turn);
        grant(nowMs);
    }

    void release(long nowMs) {
        if (taken == 0) {
            throw new IllegalStateException("a turn was given back that nobody had");
        }
        taken--;
        grant(nowMs);
    }

    /** Hands out what may go now; called with time, since the pace frees turns without an event. */
    void grant(long nowMs) {
        while (taken < most && !waiting.isEmpty() && pace.mayStart(nowMs)) {
            Turn turn = waiting.remove();
            taken++;
            pace = pace.started(turn.sizeBytes(), nowMs);
            try {
                turn.loop().execute(turn.granted());
            } catch (RejectedExecutionException loopIsGone) {
                taken--;
            }
        }
    }
}
