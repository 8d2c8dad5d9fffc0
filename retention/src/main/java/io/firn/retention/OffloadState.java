package io.firn.retention;

/**
 * Where one partition's dealings with the cold tier stand. Immutable; the legal transitions are the methods.
 *
 * <pre>
 *            queue            start            succeeded
 *   Idle ───────────▶ Queued ───────▶ Busy ─────────────▶ Idle (0 failures)
 *    ▲ ▲  start (open, delete: no turn)▲ │ failed
 *    │ └───────────────────────────────┘ ▼
 *    └──────────── due ──────────── Waiting          any ── stop ──▶ Stopped
 * </pre>
 *
 * {@code failures} counts failures in a row; at most one operation is under way, as {@link io.firn.cold.ColdLog} wants of its writer.
 */
sealed interface OffloadState {

    /** What a {@link Busy} partition is doing. */
    enum Work {
        OPEN,
        UPLOAD,
        DELETE,
        COMPACT
    }

    record Idle(int failures) implements OffloadState {
        Queued queue(Work work) {
            return new Queued(work, failures);
        }

        Busy start(Work work) {
            return new Busy(work, failures);
        }
    }

    /** Waits for its turn among the partitions of this broker. */
    record Queued(Work work, int failures) implements OffloadState {
        Busy start() {
            return new Busy(work, failures);
        }

        /** The turn came, but there is nothing to do any more. */
        Idle skip() {
            return new Idle(failures);
        }
    }

    record Busy(Work work, int failures) implements OffloadState {
        Idle succeeded() {
            return new Idle(0);
        }

        Waiting failed(Backoff backoff, double random, long nowMs) {
            return new Waiting(failures + 1, nowMs + backoff.delayMs(failures + 1, random));
        }
    }

    /** The bucket could not be reached; tried again at {@code retryAtMs}. */
    record Waiting(int failures, long retryAtMs) implements OffloadState {
        OffloadState due(long nowMs) {
            return nowMs < retryAtMs ? this : new Idle(failures);
        }
    }

    /** For good, until this broker opens the partition again. */
    record Stopped(String reason) implements OffloadState {}

    /** Start of a partition that was just attached. */
    static OffloadState initial() {
        return new Idle(0);
    }
}
