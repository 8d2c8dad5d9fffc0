package io.firn.membership;

import io.firn.membership.entry.Entry;
import io.firn.membership.replication.Message;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Being the controller: one {@link Term} over the head that was claimed, its {@link Followers}, and a lease.
 *
 * <p>The first group is an entry of its own; commands are decided from the second group on.
 *
 * <p>It steps down, and gives the lock back, when the lease has passed (the last moment at which a confirmation that succeeded was asked for, and {@link MetadataTimes#leaseMs}), when
 * the lock is lost, when a higher epoch is announced, when a set of the head fails or its outcome is unknown, or when no majority forces a group in time. What was being committed is refused if it
 * certainly is not committed, and else decided by the set of the head that is under way.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class Control implements Role, Term.Host {

    private static final Logger LOGGER = LoggerFactory.getLogger(Control.class);

    private final ClusterMember member;
    private final int epoch;
    private final Head claimed;
    private final Followers followers;
    private final Term term;
    private final Queue<PendingCommand> deciding = new ArrayDeque<>();
    private volatile long leaseUntilMs;
    private volatile boolean active;

    Control(ClusterMember member, int epoch, Head claimed, long takenMs) {
        this.member = member;
        this.epoch = epoch;
        this.claimed = claimed;
        this.followers = new Followers(member, this);
        this.term = new Term(this, member.parts(), member.copy(), followers, epoch, Optional.of(claimed));
        this.leaseUntilMs = takenMs + member.times().leaseMs();
    }

    @Override
    public int controllerEpoch() {
        return epoch;
    }

    @Override
    public boolean active() {
        return active && member.nowMs() < leaseUntilMs; // by the clock: this role's thread may be waiting for its disk
    }

    @Override
    public long offeredVersion() {
        return term.offeredVersion();
    }

    @Override
    public boolean committing() {
        return term.committing();
    }

    @Override
    public void begin() {
        member.announce(epoch);
        confirm();
        List<Entry> first = new ArrayList<>();
        if (claimed.version() == 0) {
            first.add(new Entry.ClusterFormed(Opening.clusterId(member.random())));
        }
        first.add(new Entry.ControllerElected());
        term.commit(first);
        limitForcing();
    }

    @Override
    public void turn() throws IOException {
        member.forwards().hold();
        if (term.committing() || !active || stepDownAfterLease()) {
            return;
        }
        member.forwards().takeInto(deciding, CommandGroup.MAX_COMMANDS);
        if (!deciding.isEmpty()) {
            term.commitNext(deciding);
            limitForcing();
        }
        if (!term.committing()) {
            followers.offer();
        }
    }

    @Override
    public CompletableFuture<Message> follow(int broker, Message.Follow follow) {
        return followers.follow(broker, follow);
    }

    @Override
    public Optional<Progress> progress() {
        return active() ? Optional.of(followers.progress(epoch)) : Optional.empty();
    }

    @Override
    public void leave() {
        end();
        term.stop(Term::notController);
        if (term.setting()) {
            member.settling(this);
        }
    }

    @Override
    public void abandon(Supplier<MetadataException> error) {
        end();
        term.abandon(error);
    }

    /** The lock first, so that a follower that is told finds it free. */
    private void end() {
        member.forwards().giveBack(deciding);
        member.release(epoch);
        followers.dismiss(new Message.Pointer(member.seen(), -1));
    }

    private void limitForcing() {
        long version = member.copy().lastVersion();
        member.after(this, member.times().takeMs(), () -> {
            if (followers.awaits(version)) {
                stepDown("no majority of keepers forced the last changes in time");
            }
        });
    }

    private void confirm() {
        if (stepDownAfterLease()) {
            return;
        }
        long askedMs = member.nowMs();
        member.onStore(member.store().confirmController(epoch, member.times().leaseMs()), (held, error) -> {
            if (!member.isIn(this)) {
                return;
            }
            if (error != null) {
                LOGGER.atWarn().addKeyValue("controllerEpoch", epoch).setCause(error).log("The controller's lock could not be confirmed");
            } else if (held) {
                leaseUntilMs = Math.max(leaseUntilMs, askedMs + member.times().leaseMs());
            } else {
                stepDown("the lock is lost");
            }
        });
        member.after(this, Math.min(member.times().confirmMs(), Math.max(1, leaseUntilMs - member.nowMs())), this::confirm);
    }

    private boolean stepDownAfterLease() {
        boolean passed = member.nowMs() >= leaseUntilMs;
        if (passed) {
            stepDown("the lease has passed");
        }
        return passed;
    }

    private void stepDown(String why) {
        LOGGER.atWarn().addKeyValue("controllerEpoch", epoch).addKeyValue("reason", why).log("No longer the controller");
        member.search(member.times().maxRetryMs() / 2);
    }

    @Override
    public void execute(Work work) {
        member.execute(work);
    }

    @Override
    public void settled() {
        if (member.isIn(this) && !active) {
            active = true;
            LOGGER.atInfo().addKeyValue("controllerEpoch", epoch).addKeyValue("version", member.copy().view().version()).log("This broker is the controller");
        }
        member.settled(this);
        member.wake();
    }

    @Override
    public void deposed() {
        stepDown("another controller has set the head");
    }

    @Override
    public void failed(Throwable error) {
        Throwable cause = ClusterMember.cause(error);
        if (cause instanceof MetadataUnavailable unknown) {
            term.abandon(() -> new MetadataUnavailable(unknown.getMessage(), unknown));
            stepDown("it is not known whether the last changes were committed");
        } else {
            member.fail(cause);
        }
    }

    @Override
    public void committedLate(PendingCommand pending, Answer answer) {
        member.forwards().answerWhenShown(pending, answer);
    }
}
