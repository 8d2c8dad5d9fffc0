package io.firn.membership;

import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The part of a broker without peers: controller from its opening to its end. It does not take over again once deposed; a single broker is deposed only by a mistake.
 *
 * <p>Threading: confined to the metadata thread.
 */
final class SoleController implements Part, Term.Host {

    private static final long RELEASE_TIMEOUT_MS = 1_000;

    private final Metadata metadata;
    private final Queue<PendingCommand> waiting;
    private final InstantSource clock;
    private final Folder folder;
    private final MetadataStore store;
    private final Copy copy;
    private final Term term;

    SoleController(Metadata metadata, Queue<PendingCommand> waiting, MetadataStore store, Opening.Opened opened, Term.Parts parts) {
        this.metadata = metadata;
        this.waiting = waiting;
        this.clock = parts.clock();
        this.folder = parts.folder();
        this.store = store;
        this.copy = Copy.alone(opened.journal(), parts.shown(), opened.view(), opened.head().hash());
        this.term = new Term(this, parts, copy, Majority.ALONE, opened.epoch(), Optional.of(opened.head()));
    }

    @Override
    public void turn() throws IOException {
        if (!term.committing()) {
            term.commitNext(waiting);
        }
    }

    @Override
    public boolean committing() {
        return term.committing();
    }

    @Override
    public boolean controls() {
        return true;
    }

    @Override
    public void progress(CompletableFuture<Progress> answer) {
        long version = copy.view().version();
        answer.complete(new Progress(Progress.NO_CONTROLLER_ID, term.epoch(), version, version, clock.millis(), Map.of()));
    }

    @Override
    public void closing() {
        // The group that is being committed is all there is.
    }

    @Override
    public void abandon(Supplier<MetadataException> error) {
        term.abandon(error);
    }

    @Override
    public void end() throws IOException {
        try (folder; store) {
            copy.close();
            store.releaseController(term.epoch(), RELEASE_TIMEOUT_MS);
        }
    }

    @Override
    public OptionalInt controller() {
        return OptionalInt.empty();
    }

    @Override
    public void execute(Work work) {
        metadata.execute(work);
    }

    @Override
    public void settled() {
        metadata.wakeIfWaiting();
    }

    @Override
    public void deposed() {
        metadata.end(Term::notController);
    }

    @Override
    public void failed(Throwable error) {
        metadata.fail(error);
    }

    @Override
    public void committedLate(PendingCommand pending, Answer answer) {
        pending.answer().complete(answer);
    }
}
