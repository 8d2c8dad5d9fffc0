package io.firn.membership;

import io.firn.membership.CommandGroup.Outcome;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.controller.Controller;
import io.firn.membership.entry.Entry;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One controller epoch of this broker: decides commands and commits them, one group at a time.
 *
 * <pre>
 *   idle ─▶ decided ─▶ in memory, offered to the other keepers ─▶ forced here ─▶ forced by a majority ─▶ head set ═ committed ─▶ view, listeners, answers ─▶ idle
 *           │                                                   └── stopped here: certainly never committed, refused ──┘  └ stopped here: the set decides
 *           └ nothing to write: answered
 * </pre>
 *
 * <p>A term that was stopped touches journal and view no more; if its last group turns out to be committed, its answers go through {@link Host#committedLate}.
 *
 * <p>Threading: confined to the metadata thread, except {@link #offeredVersion}.
 */
final class Term {

    private static final Logger LOGGER = LoggerFactory.getLogger(Term.class);

    private final Host host;
    private final Parts parts;
    private final Copy copy;
    private final Majority majority;
    private final int epoch;
    private Optional<Head> head;
    private Optional<CommandGroup> current = Optional.empty();
    private boolean committing;
    private boolean setting;
    private boolean stopped;
    private volatile long offeredVersion;

    /** What a term works with, the same for every term of a broker. */
    record Parts(Folder folder, Shown shown, HeadCommit headCommit, Controller controller, InstantSource clock, RandomGenerator random) {}

    /** Who runs the term. */
    interface Host {
        /** Runs it on the metadata thread, later. */
        void execute(Work work);

        /** A group is done; there may be room for the next one. */
        void settled() throws IOException;

        /** Another controller has taken over; this term commits nothing more. */
        void deposed();

        /** It is not known whether the last group was committed, or the disk failed. */
        void failed(Throwable error);

        /** A command of a stopped term was committed after all. */
        void committedLate(PendingCommand pending, Answer answer);
    }

    /** @param head as it was last set by or for this epoch; nobody else can set another over it without this term's next set failing */
    Term(Host host, Parts parts, Copy copy, Majority majority, int epoch, Optional<Head> head) {
        this.host = host;
        this.parts = parts;
        this.copy = copy;
        this.majority = majority;
        this.epoch = epoch;
        this.head = head;
    }

    int epoch() {
        return epoch;
    }

    boolean committing() {
        return committing;
    }

    /** Whether a head is being set. */
    boolean setting() {
        return setting;
    }

    /** Version of the last view whose head this term has begun to set; from then on it may be committed. Called on any thread. */
    long offeredVersion() {
        return offeredVersion;
    }

    /** Commits entries nobody asked for. */
    void commit(List<Entry> entries) {
        CommandGroup group = group();
        group.add(entries);
        commit(group);
    }

    /** Decides what waits and commits it. Not while {@link #committing}. */
    void commitNext(Queue<PendingCommand> waiting) throws IOException {
        CommandGroup group = group();
        group.fill(waiting, parts.controller(), parts.random());
        if (group.records().isEmpty()) {
            publish(group);
            host.settled();
        } else if (parts.folder().usableBytes() < Metadata.MIN_ROOM_BYTES) {
            refuse(group);
        } else {
            commit(group);
        }
    }

    /** Ends this term. What can no longer be committed is refused so; a head that is being set decides by itself. */
    void stop(Supplier<MetadataException> error) {
        stopped = true;
        if (!setting) {
            fail(error);
        }
    }

    /** Ends this term, and everything it was doing fails so. */
    void abandon(Supplier<MetadataException> error) {
        stopped = true;
        fail(error);
    }

    private CommandGroup group() {
        CommandGroup group = new CommandGroup(copy.view(), copy.hash(), epoch, parts.clock().millis());
        current = Optional.of(group);
        return group;
    }

    private void commit(CommandGroup group) {
        committing = true;
        CompletableFuture<HeadCommit.Result> commit;
        try {
            copy.append(group.records(), majority::offer);
            commit = majority.forced(group.view().version()).thenCompose(forced -> set(group));
        } catch (IOException | RuntimeException e) {
            commit = CompletableFuture.failedFuture(e);
        }
        commit.whenComplete((result, error) -> host.execute(() -> settled(group, result, error)));
    }

    private CompletableFuture<HeadCommit.Result> set(CommandGroup group) {
        if (stopped) {
            return CompletableFuture.completedFuture(HeadCommit.Result.DEPOSED);
        }
        setting = true;
        offeredVersion = group.view().version();
        return parts.headCommit().commit(head, group.head());
    }

    /** Nothing was written: the commands have certainly had no effect. */
    private void refuse(CommandGroup group) throws IOException {
        LOGGER.atWarn().addKeyValue("minRoomBytes", Metadata.MIN_ROOM_BYTES).addKeyValue("commands", group.commands().size())
                .log("Disk full; metadata changes are refused until there is room");
        fail(() -> new CommandRefused(Reason.OVERLOADED, "the disk is full: fewer than " + Metadata.MIN_ROOM_BYTES + " bytes are free for metadata"));
        host.settled();
    }

    private void settled(CommandGroup group, HeadCommit.Result result, Throwable error) throws IOException {
        committing = false;
        setting = false;
        if (stopped) {
            settledLate(group, result, error);
        } else if (error != null) {
            host.failed(error);
        } else if (result == HeadCommit.Result.DEPOSED) {
            LOGGER.atWarn().addKeyValue("controllerEpoch", epoch).log("Another controller has taken over");
            host.deposed();
        } else {
            head = Optional.of(group.head());
            publish(group);
            copy.commit(group.view(), group.head().hash());
        }
        host.settled();
    }

    private void settledLate(CommandGroup group, HeadCommit.Result result, Throwable error) {
        if (error != null) {
            fail(() -> new MetadataUnavailable("whether the change was committed is not known: " + error.getMessage(), error));
        } else if (result == HeadCommit.Result.DEPOSED) {
            fail(Term::notController);
        } else {
            group.outcomes().forEach(outcome -> answer(outcome, done -> host.committedLate(done.pending(), done.answer())));
        }
    }

    private void publish(CommandGroup group) {
        group.outcomes().forEach(outcome -> answer(outcome, done -> {
            parts.shown().show(done.view());
            done.pending().answer().complete(done.answer());
        }));
        parts.shown().show(group.view());
    }

    private static void answer(Outcome outcome, java.util.function.Consumer<Outcome.Done> ifDone) {
        if (outcome instanceof Outcome.Done done) {
            ifDone.accept(done);
        } else if (outcome instanceof Outcome.Failed failed) {
            failed.pending().answer().completeExceptionally(failed.error());
        }
    }

    private void fail(Supplier<MetadataException> error) {
        current.ifPresent(group -> group.commands().forEach(pending -> pending.answer().completeExceptionally(error.get())));
    }

    static CommandRefused notController() {
        return new CommandRefused(Reason.NOT_CONTROLLER, "another broker is the controller");
    }
}
