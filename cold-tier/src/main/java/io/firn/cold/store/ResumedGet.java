package io.firn.cold.store;

import io.firn.cold.ObjectStore;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A get that is repeated from where it was: each attempt asks for what the ones before it have not told to be full. So a target that was told is never written again, and no byte of it is fetched twice.
 *
 * <p><b>Invariant.</b> {@code full} grows before the caller is told, and only by the attempt under way: what an earlier one tells late counts for nothing, as its targets may belong to a later one by then.
 *
 * <p>Threading: thread-safe; its lock is held for a comparison, never while somebody is told or asked.
 */
final class ResumedGet {

    /** One request. */
    interface Request {
        CompletableFuture<Void> get(long from, List<ByteBuffer> targets, ObjectStore.Progress progress);
    }

    private final Request request;
    private final long from;
    private final List<ByteBuffer> targets;
    private final ObjectStore.Progress progress;
    private int attempts; // guarded by this, with full
    private int full;

    ResumedGet(Request request, long from, List<ByteBuffer> targets, ObjectStore.Progress progress) {
        this.request = request;
        this.from = from;
        this.targets = targets.stream().map(ByteBuffer::duplicate).toList(); // whoever owns one again may move its position and limit
        this.progress = progress;
    }

    /** Once for each attempt, after the one before has ended. */
    CompletableFuture<Void> attempt() {
        int number;
        int first;
        synchronized (this) {
            number = ++attempts;
            first = full;
        }
        long skipped = targets.subList(0, first).stream().mapToLong(ByteBuffer::remaining).sum();
        return request.get(from + skipped, targets.subList(first, targets.size()), more -> told(number, first + more));
    }

    private void told(int number, int targets) {
        synchronized (this) {
            if (number != attempts || targets <= full) {
                return;
            }
            full = targets;
        }
        progress.full(targets);
    }
}
