package io.firn.hot.log;

import java.util.concurrent.CompletableFuture;

/**
 * Whether a log takes appends, and if not, what has to happen first.
 *
 * <pre>
 *            roll, truncation                          I/O error, corruption, failed fsync
 * Writable ───────────────────▶ Busy ── done ──▶ Writable        any ───────────▶ Offline ── close ──▶ Closed
 *    │  append failed: disk full  ▲ │
 *    └────────────────────────────┘ └─ tail cut, no room ──▶ Full ── probe finds room ──▶ Writable
 * </pre>
 */
public sealed interface Availability {

    record Writable() implements Availability {}

    /** File work is under way; {@code over} completes on the loop when it has ended, well or not. */
    record Busy(CompletableFuture<Void> over) implements Availability {}

    /** The disk is full; the file ends with a whole batch. Looked at again by the tick. */
    record Full(long lastProbeMs, boolean probing) implements Availability {}

    /** Nothing is served until an operator acts. */
    record Offline(String reason) implements Availability {}

    /** The log was closed or deleted by its owner. */
    record Closed() implements Availability {}
}
