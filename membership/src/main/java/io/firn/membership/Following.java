package io.firn.membership;

import io.firn.membership.replication.Message;
import java.io.IOException;
import java.util.Optional;

/**
 * Follows a controller: asks it for entries, forces them, and shows what it says is committed. Asking says what is forced here, so it is also the acknowledgement, and the controller's
 * answer, at the latest after the time it may let a follower wait, is its sign of life.
 *
 * <p>Commands that wait here are forwarded to it.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class Following implements Role {

    private final ClusterMember member;
    private final int controller;
    private final int epoch;
    private final Fetcher fetcher;

    Following(ClusterMember member, int controller, int epoch) {
        this.member = member;
        this.controller = controller;
        this.epoch = epoch;
        MetadataTimes times = member.times();
        this.fetcher = new Fetcher(member, this, controller, times.parkMs() + times.requestMs(), this::question, new Fetcher.Host() {
            @Override
            public boolean advanced() throws IOException {
                member.forgetRebuiltOnceCovered();
                return true;
            }

            @Override
            public void ended(Optional<Message> reply) {
                search(reply);
            }
        });
    }

    int controller() {
        return controller;
    }

    private Message question() {
        return new Message.Follow(epoch, member.copy().view().version(), member.copy().positions());
    }

    @Override
    public void begin() throws IOException {
        fetcher.ask();
        turn();
    }

    @Override
    public void leave() {
        // Whatever was asked is answered to nobody.
    }

    @Override
    public void turn() {
        member.forwards().forward(controller);
    }

    @Override
    public void lost(int broker) {
        if (broker == controller) {
            member.search(0);
        }
    }

    /** A controller that says it is none has just stopped: somebody else is wanted at once. */
    private void search(Optional<Message> reply) {
        if (reply.isPresent() && reply.get() instanceof Message.Pointer pointer) {
            member.pointed(pointer);
        }
        if (member.isIn(this)) {
            member.search(0);
        }
    }
}
