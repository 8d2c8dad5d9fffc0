package io.firn.membership;

import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.controller.Controller;
import io.firn.membership.controller.Policy;
import io.firn.membership.journal.Journal;
import io.firn.membership.journal.JournalLimits;
import io.firn.membership.replication.Message.Position;
import io.firn.membership.storage.FileFolder;
import io.firn.membership.storage.Folder;
import io.firn.membership.storage.LocalMetadataStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker's access to the cluster's metadata: the view, its changes, and the way to ask for one.
 *
 * <p>The life of a command:
 *
 * <pre>
 *  any thread      submit ─▶ waiting (at most {@link #MAX_WAITING}, then OVERLOADED)
 *  metadata thread          ─▶ decided in a group ─▶ appended and forced ─▶ head set ═ committed ─▶ view, listeners, answer ─▶ (snapshot)
 *                                     idle            └───── committing, one group at a time ─────┘       idle
 * </pre>
 *
 * <p>Invariants: a view is shown and a command answered only when its entries are committed; views, listeners and answers come in version order.
 *
 * <p><b>Fail-stop.</b> After an I/O error, or when it cannot be known whether a group was committed, the view stays as it is and every command, the current ones
 * included, fails with {@link MetadataUnavailable}; only opening anew finds out what holds. A deposed controller refuses with {@code NOT_CONTROLLER}.
 *
 * <p>Threading: thread-safe. {@link #view()} is a volatile read. Listeners run one at a time on the metadata thread, in version order, and must not block. Answers are
 * completed on that thread too: continuations must not block either.
 */
public final class Metadata implements AutoCloseable {

    /** Commands waiting at most; more are refused as OVERLOADED. */
    public static final int MAX_WAITING = 1024;

    /** Free bytes below which changes are refused as OVERLOADED: room for a group and the files that go with it, so that a full disk is met before a write fails half way. */
    static final long MIN_ROOM_BYTES = 2L * CommandGroup.MAX_BYTES;

    private static final Logger LOGGER = LoggerFactory.getLogger(Metadata.class);
    private static final long CLOSE_TIMEOUT_MS = 30_000;

    private final ExecutorService executor;
    private final Shown shown;

    private final Queue<PendingCommand> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
    private final AtomicBoolean turnDue = new AtomicBoolean();
    private volatile Optional<Supplier<MetadataException>> ended = Optional.empty();
    private volatile boolean closing;
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();

    // Confined to the metadata thread.
    private final Part part;
    private boolean closed;

    private Metadata(MetadataStore store, Opening.Opened opened, Term.Parts parts, ExecutorService executor) {
        this.executor = executor;
        this.shown = parts.shown();
        this.part = new SoleController(this, waiting, store, opened, parts);
    }

    private Metadata(ClusterPlan plan, MetadataStore store, MetadataPeers peers, Timer timer, Term.Parts parts, Copy copy, Optional<Position> rebuilt, ExecutorService executor) {
        this.executor = executor;
        this.shown = parts.shown();
        ClusterMember member = new ClusterMember(this, waiting, plan, store, peers, timer, parts, copy, rebuilt);
        this.part = member;
        execute(member::begin);
    }

    /**
     * Opens (or, in an empty directory, forms) the metadata of a single-broker cluster: a local {@link MetadataStore} and journal below {@code directory}. Blocks on the disk.
     *
     * @param random used on the metadata thread only, and here
     * @throws MetadataOpenFailed with one line for the operator: the directory is in use, damaged or written by a newer Firn, or the disk fails
     */
    public static Metadata openSingleBroker(Path directory, InstantSource clock, RandomGenerator random) {
        try {
            return open(FileFolder.open(directory), LocalMetadataStore::open, Policy.SINGLE_BROKER, JournalLimits.DEFAULT, clock, random, metadataThread());
        } catch (IOException e) {
            throw new MetadataOpenFailed(MetadataOpenFailed.Reason.UNAVAILABLE, "metadata directory " + directory + " cannot be opened: " + e.getMessage(), e);
        }
    }

    /** The same from parts; closes what it was given when it fails, and when it is closed. @param executor runs one task at a time, in order */
    static Metadata open(Folder folder, java.util.function.Function<Folder, MetadataStore> openStore, Policy policy, JournalLimits limits, InstantSource clock,
            RandomGenerator random, ExecutorService executor) {
        try {
            MetadataStore store = openStore.apply(folder);
            try {
                Opening.Opened opened = new Opening(folder, store).run(limits, clock.millis(), random);
                LOGGER.atInfo().addKeyValue("clusterId", opened.view().clusterId()).addKeyValue("version", opened.view().version()).addKeyValue("controllerEpoch", opened.epoch())
                        .log("Opened the metadata");
                Term.Parts parts = new Term.Parts(folder, new Shown(opened.view()), new HeadCommit(store), new Controller(policy), clock, random);
                return new Metadata(store, opened, parts, executor);
            } catch (RuntimeException e) {
                store.close();
                throw e;
            }
        } catch (RuntimeException e) {
            folder.close();
            executor.shutdown();
            throw e;
        }
    }

    /**
     * Opens the metadata of a broker among others, with the journal below {@code directory}. Blocks on the disk, not on other brokers: the view is that of this broker's last snapshot, or empty, and
     * grows as soon as the head is known; a command waits for that. The store is closed when this is, and when this fails.
     *
     * @param random used on the metadata thread only, and here
     * @throws MetadataOpenFailed with one line for the operator: the directory is in use, damaged or written by a newer Firn, or the disk fails
     */
    public static Metadata openCluster(Path directory, ClusterPlan plan, int defaultReplicationFactor, MetadataStore store, MetadataPeers peers, InstantSource clock,
            RandomGenerator random) {
        Policy policy = Policy.cluster(defaultReplicationFactor, false);
        Folder folder = folder(directory, store);
        ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1, Metadata::daemon);
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        return open(folder, plan, policy, JournalLimits.DEFAULT, store, peers, clock, random, new ThreadTimer(thread), thread);
    }

    private static Folder folder(Path directory, MetadataStore store) {
        try {
            return FileFolder.open(directory);
        } catch (IOException e) {
            store.close();
            throw new MetadataOpenFailed(MetadataOpenFailed.Reason.UNAVAILABLE, "metadata directory " + directory + " cannot be opened: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            store.close();
            throw e;
        }
    }

    /** The same from parts; closes folder and store when it fails, and when it is closed. */
    static Metadata open(Folder folder, ClusterPlan plan, Policy policy, JournalLimits limits, MetadataStore store, MetadataPeers peers, InstantSource clock, RandomGenerator random,
            Timer timer, ExecutorService executor) {
        try {
            Journal journal = Journal.openUnproven(folder, limits);
            Shown shown = new Shown(journal.openedView());
            Term.Parts parts = new Term.Parts(folder, shown, new HeadCommit(store), new Controller(policy), clock, random);
            LOGGER.atInfo().addKeyValue("snapshotVersion", journal.openedView().version()).addKeyValue("lastVersion", journal.lastVersion()).log("Opened the metadata journal");
            return new Metadata(plan, store, peers, timer, parts, Copy.among(journal, shown), DisasterRecovery.marked(folder), executor);
        } catch (IOException | RuntimeException e) {
            store.close();
            folder.close();
            executor.shutdown();
            throw e instanceof RuntimeException runtime ? runtime
                    : new MetadataOpenFailed(MetadataOpenFailed.Reason.UNAVAILABLE, "the metadata journal cannot be read or written: " + e.getMessage(), e);
        }
    }

    private static ExecutorService metadataThread() {
        return Executors.newSingleThreadExecutor(Metadata::daemon);
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "firn-metadata");
        thread.setDaemon(true);
        return thread;
    }

    public ClusterView view() {
        return shown.view();
    }

    /** Whether this broker decides commands at this moment, as far as it knows; always so for a single broker. For metrics and the periodic work of a controller, no proof. */
    public boolean isController() {
        return ended.isEmpty() && part.controls();
    }

    /** The controller, this broker or another one, as far as this broker knows; empty while it looks for one, and for a single broker, which has no id here. */
    public OptionalInt controller() {
        return ended.isPresent() ? OptionalInt.empty() : part.controller();
    }

    /**
     * No lower than the version of anything this broker has committed as the controller, also of a change whose commitment it does not know of yet. So whoever shows as much knows everything that was decided
     * before this call, as far as this broker was the controller.
     */
    public long committedAtMost() {
        long offered = part.offeredVersion(); // before the view: what was offered is shown, or on its way, from then on
        return Math.max(offered, view().version());
    }

    /**
     * How far everybody's copy of the history is: what the controller has heard from those who follow it, asked of it now. For people. Fails with {@link MetadataUnavailable} when nobody is known to be the controller, or it does
     * not answer.
     */
    public CompletableFuture<Progress> progress() {
        CompletableFuture<Progress> answer = new CompletableFuture<>();
        boolean asked = execute(() -> ended.ifPresentOrElse(error -> answer.completeExceptionally(error.get()), () -> part.progress(answer)));
        if (!asked) {
            answer.completeExceptionally(new MetadataUnavailable("the metadata is closed", null));
        }
        return answer;
    }

    /** Completes with the cause when the metadata fails ("Fail-stop"), and never if it is closed before that. */
    public CompletableFuture<Throwable> failure() {
        return failure.copy();
    }

    /**
     * Called with (previous, new) view after each change, beginning with those after this call. A change that is being published at this moment may be passed although
     * {@link #view()} shows it already; versions tell. A listener that throws is logged and called again with the next change.
     */
    public void subscribe(BiConsumer<ClusterView, ClusterView> listener) {
        shown.subscribe(listener);
    }

    /**
     * Decides, journals (forced to disk), commits and applies; completes with the view that has the change, after all listeners saw it. Fails with {@link CommandRefused}, or
     * {@link MetadataUnavailable} when the outcome is not known or the metadata has failed or was closed.
     */
    public CompletableFuture<ClusterView> submit(Command command) {
        CompletableFuture<ClusterView> view = new CompletableFuture<>();
        ask(command).whenComplete((answer, error) -> {
            if (error == null) {
                view.complete(answer.view());
            } else {
                view.completeExceptionally(error);
            }
        });
        return view;
    }

    /** As {@link #submit}, for a command of many partitions: the answer also says what became of each. */
    public CompletableFuture<Answer> ask(Command command) {
        PendingCommand pending = new PendingCommand(command);
        if (ended.isPresent()) {
            pending.answer().completeExceptionally(ended.get().get());
        } else if (!waiting.offer(pending)) {
            pending.answer().completeExceptionally(new CommandRefused(Reason.OVERLOADED, MAX_WAITING + " metadata changes are waiting already"));
        } else {
            wake();
            failWaitingIfEnded();
        }
        return pending.answer();
    }

    /** Lets the group that is being committed finish, fails what waits, and gives the directory free. Blocks; not for listeners and continuations. Idempotent. */
    @Override
    public void close() {
        closing = true;
        wake();
        try {
            if (!executor.awaitTermination(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
                LOGGER.atWarn().addKeyValue("timeoutMs", CLOSE_TIMEOUT_MS).log("The metadata thread did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Makes sure that a turn begins after this call, if the metadata thread is still there. */
    void wake() {
        if (turnDue.compareAndSet(false, true)) {
            run(this::turn);
        }
    }

    void wakeIfWaiting() {
        if (closing || !waiting.isEmpty()) {
            wake();
        }
    }

    /** Runs it on the metadata thread, later. @return false if that thread has ended */
    boolean execute(Work work) {
        return run(() -> guard(work));
    }

    private boolean run(Runnable task) {
        try {
            executor.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            // Closed: who submitted sees it in `ended`, which is set before the executor is shut down.
            LOGGER.atDebug().log("The metadata thread has ended");
            return false;
        }
    }

    private void turn() {
        turnDue.set(false);
        if (closed) {
            return;
        }
        if (closing) {
            guard(this::closeWhenIdle);
        } else if (ended.isPresent()) {
            failWaitingIfEnded();
        } else {
            guard(part::turn);
        }
    }

    private void closeWhenIdle() {
        part.closing();
        if (!part.committing()) {
            end();
        }
    }

    /** Nothing may escape on this thread: state that was left halfway must not be used again. */
    void guard(Work work) {
        try {
            work.run();
        } catch (Exception | Error e) {
            fail(e);
        }
    }

    void fail(Throwable cause) {
        LOGGER.atError().setCause(cause).log("Metadata failed and takes no more changes; restart the broker when the cause is removed");
        failure.complete(cause);
        end(() -> new MetadataUnavailable("the metadata has failed: " + cause.getMessage(), cause));
    }

    /** Nothing is committed from here on. Answers that were given already stay. */
    void end(Supplier<MetadataException> error) {
        ended = Optional.of(error);
        part.abandon(error);
        failWaitingIfEnded();
    }

    private void failWaitingIfEnded() {
        ended.ifPresent(error -> {
            for (PendingCommand pending = waiting.poll(); pending != null; pending = waiting.poll()) {
                pending.answer().completeExceptionally(error.get());
            }
        });
    }

    /** The last thing the metadata thread does. */
    private void end() {
        closed = true;
        ended = ended.or(() -> Optional.of(() -> new MetadataUnavailable("the metadata is closed", null)));
        failWaitingIfEnded();
        try {
            part.end();
        } catch (IOException e) {
            LOGGER.atWarn().setCause(e).log("The metadata did not close cleanly");
        } finally {
            executor.shutdown();
        }
    }
}
