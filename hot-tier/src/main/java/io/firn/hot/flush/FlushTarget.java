package io.firn.hot.flush;

import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SegmentFile;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * One log as the flusher sees it: how far it was written, and what to force.
 *
 * <p>State: {@code idle} → (request) → {@code requested} → (round: force what was written up to now) → (result on the loop) → {@code idle}, or
 * {@code requested} again if more was written meanwhile. There is at most one request under way, so a result is never stale.
 *
 * <p><i>Invariants</i>: the durable offset never exceeds what was written before the force began; after a failed force there is no other.
 *
 * <p>Threading: confined to the loop of the partition, but {@link #force()}, which runs on the flusher. That reads two volatile fields,
 * {@code writtenEnd} before {@code unforced}: a new file is published before any offset in it, so every byte below the end read lies in the files read.
 */
public final class FlushTarget {

    private final Flusher flusher;
    private final Executor loop;
    private final Listener listener;
    private volatile Unforced unforced;
    private volatile long writtenEnd;
    private long durableEnd;
    private boolean requested;
    private boolean failed;
    private boolean closed;

    /** Told on the loop. */
    public interface Listener {
        /** Every record below {@code endOffset} is durable. */
        void onForced(long endOffset);

        /** A force failed: what is durable is unknown from here on. */
        void onForceFailed(IOException error);
    }

    /**
     * The names in the directory count as never forced: a process killed in the middle of a roll leaves a file that may not survive a
     * power loss.
     *
     * @param end offset up to which everything is durable already
     */
    public FlushTarget(Flusher flusher, Executor loop, LogDirectory directory, SegmentFile active, long end, Listener listener) {
        this.flusher = flusher;
        this.loop = loop;
        this.listener = listener;
        this.unforced = new Unforced(directory, List.of(active), true);
        this.writtenEnd = end;
        this.durableEnd = end;
    }

    Executor loop() {
        return loop;
    }

    /** A new file takes the appends from now on. */
    public void onNewFile(SegmentFile created) {
        unforced = unforced.with(created);
    }

    /** Bytes up to {@code endOffset} are written. */
    public void onWritten(long endOffset) {
        writtenEnd = endOffset;
    }

    /** Asks for a round, unless one is under way (whose result asks again if need be) or nothing is left to do. */
    public void request() {
        if (!requested && !failed && !closed && durableEnd < writtenEnd) {
            requested = true;
            flusher.request(this);
        }
    }

    /** Stops asking; the listener is not called any more. */
    public void close() {
        closed = true;
    }

    /** Forces what is written; on the flusher's thread. */
    Outcome force() {
        long end = writtenEnd;
        Unforced now = unforced;
        try {
            now.force();
            return new Outcome(this, end, now, Optional.empty());
        } catch (IOException e) {
            return new Outcome(this, end, now, Optional.of(e));
        } catch (RuntimeException e) {
            // Never the end of the flusher, on which all logs depend.
            return new Outcome(this, end, now, Optional.of(new IOException("unexpected: " + e, e)));
        }
    }

    private void complete(Outcome outcome) {
        requested = false;
        if (closed) {
            return;
        }
        if (outcome.error.isPresent()) {
            failed = true;
            listener.onForceFailed(outcome.error.get());
            return;
        }
        durableEnd = outcome.end;
        if (unforced.files().size() > 1 || unforced.names()) {
            unforced = unforced.without(outcome.forced);
        }
        listener.onForced(durableEnd);
    }

    /** The result of one log in one round. */
    record Outcome(FlushTarget target, long end, Unforced forced, Optional<IOException> error) {

        void deliver() {
            target.complete(this);
        }
    }
}
