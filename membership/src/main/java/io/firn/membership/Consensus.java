package io.firn.membership;

import io.firn.membership.hazelcast.CpMember;
import io.firn.membership.storage.FileFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * This broker's connection to the cluster's consensus: what of {@link CpMember} others than this module need. A broker that runs alone never touches it, and loads nothing of what is behind it.
 *
 * <p>Threading: thread-safe; {@link #start} and {@link #close} block.
 */
public final class Consensus implements AutoCloseable {

    /** Exit status of a process whose CP directory failed. */
    public static final int FAIL_STOP_EXIT = CpMember.FAIL_STOP_EXIT;

    /** Is told of brokers that come and go, on a thread that must not be blocked. */
    public interface Listener {
        void joined(CpPeer peer);

        /** Its connection closed, or it was silent for too long. */
        void left(CpPeer peer);
    }

    private final CpMember member;

    private Consensus(CpMember member) {
        this.member = member;
    }

    /**
     * Opens the CP directory, listens, and joins the brokers that are there; a second or two.
     *
     * @param formWith the order to form the cluster: the ids of all who vote. Empty for no order; without effect where the cluster was formed already
     * @param failStop must end this process without its saying another word; see {@link #halting()}
     * @throws MetadataOpenFailed with one line for the operator
     */
    public static Consensus start(CpSettings settings, Path directory, Set<Integer> formWith, Consumer<Throwable> failStop) {
        try {
            return new Consensus(CpMember.start(settings, FileFolder.open(directory), formWith, failStop));
        } catch (IOException e) {
            throw new MetadataOpenFailed(MetadataOpenFailed.Reason.UNAVAILABLE, "CP directory " + directory + " cannot be opened: " + e.getMessage(), e);
        }
    }

    /** What ends the process, with {@link #FAIL_STOP_EXIT}. */
    public static Consumer<Throwable> halting() {
        return CpMember.halting();
    }

    /** The cluster's; its calls fail until this is {@link #ready()}. */
    public MetadataStore metadataStore() {
        return member.metadataStore();
    }

    /** Completes when the consensus can be used; fails with {@link MetadataOpenFailed} when somebody has to look into it. See {@link #waitingFor()}. */
    public CompletableFuture<Void> ready() {
        return member.ready();
    }

    /** What is missing until it is ready, for people; empty when nothing is. */
    public String waitingFor() {
        return member.waitingFor();
    }

    /** The brokers that are connected now, this one included. */
    public List<CpPeer> peers() {
        return member.peers();
    }

    public void subscribe(Listener listener) {
        member.subscribe(new CpMember.Listener() {
            @Override
            public void joined(CpPeer peer) {
                listener.joined(peer);
            }

            @Override
            public void left(CpPeer peer) {
                listener.left(peer);
            }
        });
    }

    /**
     * Gives this broker the vote it should have, if it has none: its directory was lost, or it is a voter in another one's place. Completes with what it has to wait for, or with nothing when it votes.
     *
     * @param voting ids of the brokers that are to vote, this one among them
     */
    public CompletableFuture<Optional<String>> takeSeat(Set<Integer> voting, long timeoutMs) {
        return member.takeSeat(voting, timeoutMs);
    }

    /** Stops; a member that votes stays one, and is waited for. Idempotent. */
    @Override
    public void close() {
        member.close();
    }
}
