package io.firn.membership;

import io.firn.membership.replication.Message;
import java.util.List;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for a controller: asks one keeper after the other who it is, and if this broker is a keeper itself, tries to take the lock.
 *
 * <p>Pauses between attempts are spread by chance so that brokers do not move in step, and double while the metadata store fails, up to {@link MetadataTimes#maxRetryMs}.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class Search implements Role {

    private static final Logger LOGGER = LoggerFactory.getLogger(Search.class);

    private final ClusterMember member;
    private final long delayMs;
    private long pauseMs;

    /** @param delayMs before the first attempt, about */
    Search(ClusterMember member, long delayMs) {
        this.member = member;
        this.delayMs = delayMs;
        this.pauseMs = member.times().retryMs();
    }

    @Override
    public void begin() {
        attemptAfter(delayMs + member.random().nextLong(member.times().retryMs() / 3 + 1));
    }

    @Override
    public void leave() {
        // A lock that is still being taken is given back when it comes.
    }

    @Override
    public void turn() {
        member.forwards().hold();
    }

    private void attemptAfter(long ms) {
        member.after(this, ms, this::attempt);
    }

    private void attempt() {
        find();
        if (member.plan().isKeeper()) {
            long askedMs = member.nowMs();
            member.onStore(member.store().acquireController(member.times().requestMs()), (epoch, error) -> acquired(epoch, error, askedMs));
        } else {
            again();
        }
    }

    private void find() {
        List<Integer> others = List.copyOf(member.others());
        if (!others.isEmpty()) {
            int one = others.get(member.random().nextInt(others.size()));
            member.ask(this, one, new Message.Find(), member.times().requestMs(), reply -> {
                if (reply.isPresent() && reply.get() instanceof Message.Pointer pointer) {
                    member.pointed(pointer);
                }
            });
        }
    }

    private void acquired(OptionalInt epoch, Throwable error, long askedMs) {
        if (!member.isIn(this)) {
            if (error == null && epoch.isPresent()) {
                member.release(epoch.getAsInt());
            }
        } else if (error != null) {
            LOGGER.atDebug().setCause(error).log("The metadata store did not give the controller's lock");
            attemptAfter(spread(pauseMs));
            pauseMs = Math.min(2 * pauseMs, member.times().maxRetryMs());
        } else if (epoch.isEmpty()) {
            pauseMs = member.times().retryMs();
            again();
        } else {
            member.become(new Takeover(member, epoch.getAsInt(), askedMs));
        }
    }

    private void again() {
        attemptAfter(spread(member.times().retryMs()));
    }

    private long spread(long ms) {
        return ms / 2 + member.random().nextLong(ms / 2 + 1);
    }
}
