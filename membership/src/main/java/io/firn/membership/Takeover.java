package io.firn.membership;

import io.firn.membership.HeadCommit.Result;
import io.firn.membership.replication.Message;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From the lock to being the controller:
 *
 * <pre>
 *   lock taken ─▶ read head ─▶ the entry it names is here? ─ yes ─▶ claim: set the head to the same entry under the own epoch ─▶ cut what lies above ─▶ {@link Control}
 *                   ▲  ▲             │ no                              │ another was faster
 *                   │  │             ▼                                 │
 *                   │  └── ask all other keepers for what is missing   │
 *                   └──────────────────────────────────────────────────┘
 * </pre>
 *
 * <p><b>Why claim before cutting</b>: a predecessor that does not know it has lost the lock may still set the head to an entry that only a majority with it has forced. After the claim its set
 * fails, so whatever lies above the head and is not this controller's can never be committed, and may be cut here and on every keeper. Before the claim nothing is cut. A head that was set
 * under a higher epoch is not claimed: who lost the lock on the way here must not depose who has it.
 *
 * <p>A head nobody in reach has the entry of is waited for: one of any majority of keepers has it. Only when every keeper says that it lacks it, metadata is lost; that is said, and nothing
 * is made up. Where there never was a head, the cluster is formed, unless there are entries: then the metadata store has lost its head.
 *
 * <p>On crash: a skipped epoch, or a head claimed for an epoch without entries; the next controller claims anew. Takes at most {@link MetadataTimes#takeMs}, then the lock is given back.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class Takeover implements Role {

    private static final Logger LOGGER = LoggerFactory.getLogger(Takeover.class);

    private final ClusterMember member;
    private final int epoch;
    private final long takenMs;
    private final Set<Integer> lacking = new HashSet<>();
    private boolean fetching;
    private int asked;

    /** @param takenMs when the lock was asked for */
    Takeover(ClusterMember member, int epoch, long takenMs) {
        this.member = member;
        this.epoch = epoch;
        this.takenMs = takenMs;
    }

    @Override
    public int controllerEpoch() {
        return epoch;
    }

    @Override
    public void begin() {
        member.seen(epoch);
        member.after(this, member.times().takeMs(), () -> giveUp("it took too long"));
        readHead();
    }

    @Override
    public void leave() {
        // The lock is given back by giveUp, or kept by Control.
    }

    @Override
    public void turn() {
        member.forwards().hold();
    }

    private void readHead() {
        member.onStore(member.store().readHead(member.times().requestMs()), (head, error) -> {
            if (!member.isIn(this)) {
                return;
            }
            if (error != null) {
                giveUp("the metadata store does not answer");
            } else if (head.filter(set -> set.controllerEpoch() > epoch).isPresent()) {
                member.seen(head.get().controllerEpoch());
                giveUp("another controller has the lock by now");
            } else if (epoch < member.seen()) { // whatever epoch is seen was that of a head first
                throw new IllegalStateException("the lock gave controller epoch " + epoch + " after epoch " + member.seen()
                        + ": the metadata store was formed anew; move the metadata directory away to let this broker begin anew");
            } else if (head.isEmpty() || head.get().version() == 0) {
                form(head);
            } else {
                reach(head.get());
            }
        });
    }

    private void form(Optional<Head> head) throws IOException {
        Copy copy = member.copy();
        if (head.isEmpty() && member.rebuilt().isPresent() && copy.committed().equals(member.rebuilt().get())) {
            claim(head, new Head(copy.view().version(), epoch, copy.hash()));
        } else if (copy.lastVersion() > ClusterMember.FORMING_ENTRIES) {
            LOGGER.atError().addKeyValue("lastVersion", copy.lastVersion()).log("The metadata store has lost its head although there are entries; if the directories of most of its members"
                    + " are gone for good, rebuild the metadata from the newest journal");
            giveUp("the metadata store has lost its head");
        } else {
            claim(head, new Head(0, epoch, EntryHash.NONE));
        }
    }

    private void reach(Head head) throws IOException {
        Copy copy = member.copy();
        if (copy.holds(head.version(), head.hash())) {
            copy.commit(head.version());
            claim(Optional.of(head), new Head(head.version(), epoch, head.hash()));
        } else if (copy.view().version() >= head.version()) {
            throw new IllegalStateException("entry " + copy.view().version() + " is committed here but the metadata store's head is entry " + head.version() + ", or another one: it has lost changes");
        } else {
            fetch(head);
        }
    }

    private void fetch(Head head) {
        lacking.clear();
        fetching = false;
        asked = member.others().size();
        LOGGER.atInfo().addKeyValue("headVersion", head.version()).addKeyValue("lastVersion", member.copy().lastVersion()).log("Fetching committed metadata entries from other keepers");
        for (int broker : member.others()) {
            Fetcher fetcher = new Fetcher(member, this, broker, member.times().requestMs(), () -> new Message.CatchUp(head, member.copy().positions()), new Fetcher.Host() {
                @Override
                public boolean advanced() throws IOException {
                    boolean there = member.copy().holds(head.version(), head.hash());
                    if (there) {
                        reach(head);
                    }
                    return !there;
                }

                @Override
                public void ended(Optional<Message> reply) {
                    failed(head, broker, reply, true);
                }
            });
            member.ask(this, broker, new Message.CatchUp(head, member.copy().positions()), member.times().requestMs(), reply -> answered(head, broker, fetcher, reply));
        }
        retryIfNobodyIsLeft(head);
    }

    /** The first one that has it is asked on, the others are not needed. */
    private void answered(Head head, int broker, Fetcher fetcher, Optional<Message> reply) throws IOException {
        asked--;
        if (fetching) {
            return;
        }
        if (reply.isPresent() && !(reply.get() instanceof Message.Lacks)) {
            fetching = true;
            fetcher.take(reply);
        } else {
            failed(head, broker, reply, false);
        }
    }

    private void failed(Head head, int broker, Optional<Message> reply, boolean wasFetching) {
        fetching &= !wasFetching;
        if (reply.isPresent() && reply.get() instanceof Message.Lacks) {
            lacking.add(broker);
        }
        retryIfNobodyIsLeft(head);
    }

    private void retryIfNobodyIsLeft(Head head) {
        if (asked > 0 || fetching) {
            return;
        }
        if (lacking.containsAll(member.others())) {
            LOGGER.atError().addKeyValue("headVersion", head.version()).log("The newest committed metadata entry is on none of the keepers: their directories were lost or exchanged."
                    + " If the one that had it does not come back, rebuild the metadata from the newest journal");
        } else {
            LOGGER.atWarn().addKeyValue("headVersion", head.version()).addKeyValue("lacking", lacking).log("No keeper in reach has the newest committed metadata entry; waiting for the others");
        }
        member.after(this, member.times().retryMs(), this::readHead);
    }

    private void claim(Optional<Head> expected, Head claimed) {
        member.onStore(member.parts().headCommit().commit(expected, claimed), (result, error) -> {
            if (!member.isIn(this)) {
                return;
            }
            if (error != null) {
                giveUp("it is not known whether the head was claimed");
            } else if (result == Result.DEPOSED) {
                member.after(this, 0, this::readHead);
            } else {
                member.copy().cutAbove(claimed.version());
                member.forgetRebuilt();
                member.become(new Control(member, epoch, claimed, takenMs));
            }
        });
    }

    private void giveUp(String why) {
        LOGGER.atWarn().addKeyValue("controllerEpoch", epoch).addKeyValue("reason", why).log("Not becoming the controller");
        member.release(epoch);
        member.search(member.times().maxRetryMs() / 2 + member.random().nextLong(member.times().maxRetryMs()));
    }
}
