package io.firn.retention;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Hands out a bounded number of compactions, the dirtiest partition first; one that waits for {@code max.compaction.lag.ms} goes before all others.
 *
 * <p>Limits: at most {@code most} turns are out; one request a partition waits. Threading: confined to the worker's mailbox; turns are told on the loop of whoever asked.
 */
final class CompactionTurns {

    /** A request. {@code granted} runs on {@code loop}; its turn lasts until {@link #release}. */
    record Turn(Executor loop, boolean overdue, double dirtyRatio, Runnable granted) {}

    private static final Comparator<Turn> DIRTIEST_LAST = Comparator.comparing(Turn::overdue).thenComparing(Turn::dirtyRatio);

    private final int most;
    private final List<Turn> waiting = new ArrayList<>();
    private int taken;

    CompactionTurns(int most) {
        this.most = most;
    }

    void request(Turn turn) {
        waiting.add(turn);
    }

    void release() {
        if (taken == 0) {
            throw new IllegalStateException("a turn was given back that nobody had");
        }
        taken--;
    }

    int waiting() {
        return waiting.size();
    }

    double dirtiestRatio() {
        return waiting.stream().mapToDouble(Turn::dirtyRatio).max().orElse(0);
    }

    /** Hands out what may go now. Called each check interval and no sooner, so that all who want a turn have asked before the first is chosen. */
    void grant() {
        while (taken < most && !waiting.isEmpty()) {
            Turn turn = waiting.stream().max(DIRTIEST_LAST).orElseThrow();
            waiting.remove(turn);
            taken++;
            try {
                turn.loop().execute(turn.granted());
            } catch (RejectedExecutionException loopIsGone) {
                taken--;
            }
        }
    }
}
