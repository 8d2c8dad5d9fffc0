package io.firn.membership;

import io.firn.membership.journal.Snapshot;
import io.firn.membership.replication.Message;
import io.firn.membership.replication.Message.Position;
import io.firn.membership.replication.MessageCodec;
import java.util.Arrays;
import java.util.Optional;

/**
 * The snapshot this broker offers to those that lag too far: one at a time, in memory, shared by all of them. It is made when it is needed, and anew when the entries after it are not at hand any
 * more; who was fetching the old one begins again.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class Snapshots {

    private final Timer timer;
    private final long keptMs;
    private Optional<Offered> offered = Optional.empty();
    private long usedMs;

    private record Offered(Position at, byte[] bytes) {}

    /** @param keptMs without use, until the memory is given back */
    Snapshots(Timer timer, long keptMs) {
        this.timer = timer;
        this.keptMs = keptMs;
    }

    Message offer(Copy copy) {
        if (offered.isEmpty() || offered.get().at().version() < copy.baseVersion()) {
            offered = Optional.of(new Offered(copy.committed(), new Snapshot(copy.view(), copy.hash()).encode()));
            timer.after(keptMs, this::forgetIfUnused);
        }
        usedMs = timer.nowMs();
        return new Message.Offer(offered.get().at(), offered.get().bytes().length);
    }

    Message chunk(Message.FetchSnapshot asked) {
        if (offered.isEmpty() || !offered.get().at().equals(asked.at()) || asked.offset() < 0 || asked.offset() >= offered.get().bytes().length) {
            return new Message.Lacks();
        }
        usedMs = timer.nowMs();
        byte[] bytes = offered.get().bytes();
        return new Message.Chunk(Arrays.copyOfRange(bytes, asked.offset(), Math.min(bytes.length, asked.offset() + MessageCodec.BATCH_BYTES)));
    }

    private void forgetIfUnused() {
        if (timer.nowMs() - usedMs >= keptMs) {
            offered = Optional.empty();
        } else {
            timer.after(keptMs, this::forgetIfUnused);
        }
    }
}
