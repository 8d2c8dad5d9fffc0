package io.firn.membership;

import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.replication.Message;
import io.firn.membership.replication.Message.Position;
import io.firn.membership.replication.MessageCodec;
import io.firn.membership.replication.MessageFormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a broker among others: its {@link Copy} of the history, the {@link Role} it plays, and the way to store, peers and time that the roles share.
 *
 * <p>Invariants, of the whole:
 * <ul>
 *   <li>An entry at or below the head is forced by a majority of keepers, because the head is set only after that, and no keeper cuts an entry before the head was claimed by a controller
 *       in whose history another one stands in its place.
 *   <li>What a broker shows is covered by a head that was set: it was named, by number and hash, by the store or by the controller of the highest epoch this broker knows.
 *   <li>A broker follows no controller of an epoch below the highest one it has seen, or has an entry of.
 * </ul>
 *
 * <p><b>On crash</b> nothing but the journal is needed: the epoch of its last entry keeps older controllers away, the head tells what of it counts.
 *
 * <p>Threading: confined to the metadata thread, except {@link #handle}, {@link #lost}, {@link #controls} and {@link #controller}.
 */
final class ClusterMember implements Part, MetadataPeers.Handler {

    /** Entries the forming of a cluster commits at once: a journal with more belongs to a cluster that was formed. */
    static final int FORMING_ENTRIES = 2;

    /** Requests of others at a time; each follower has one, and commands wait. */
    static final int MAX_REQUESTS = 8 * Metadata.MAX_WAITING;

    private static final Logger LOGGER = LoggerFactory.getLogger(ClusterMember.class);
    private static final long SNAPSHOT_KEPT_MS = 60_000;

    private final Metadata metadata;
    private final Queue<PendingCommand> waiting;
    private final ClusterPlan plan;
    private final MetadataStore store;
    private final MetadataPeers peers;
    private final Timer timer;
    private final Term.Parts parts;
    private final Copy copy;
    private final Forwards forwards;
    /** The last question to the controller how far all are; done when none is under way. */
    private CompletableFuture<Message> inspection = CompletableFuture.completedFuture(null);
    private final Snapshots snapshots;
    private final Submitted submitted = new Submitted();
    private final AtomicInteger requests = new AtomicInteger();
    private final Set<Control> settling = new HashSet<>();
    private Optional<Position> rebuilt;
    private volatile Role role;
    private int seen;
    private volatile boolean closed;

    /** @param rebuilt the entry a disaster recovery has made the newest one, if there was one since the last start */
    ClusterMember(Metadata metadata, Queue<PendingCommand> waiting, ClusterPlan plan, MetadataStore store, MetadataPeers peers, Timer timer, Term.Parts parts, Copy copy,
            Optional<Position> rebuilt) {
        this.metadata = metadata;
        this.waiting = waiting;
        this.plan = plan;
        this.store = store;
        this.peers = peers;
        this.timer = timer;
        this.parts = parts;
        this.copy = copy;
        this.rebuilt = rebuilt;
        this.seen = copy.lastEpoch();
        this.forwards = new Forwards(this, waiting, parts.random().nextLong());
        this.snapshots = new Snapshots(timer, SNAPSHOT_KEPT_MS);
        this.role = new Search(this, 0);
        parts.shown().subscribe((previous, next) -> forwards.shown(next));
    }

    /** Serves others and begins to look for a controller. */
    void begin() throws IOException {
        peers.serve(this);
        onStore(store.readHead(times().requestMs()), (head, error) -> {
            if (error == null && head.isPresent()) {
                learn(head.get());
            }
        });
        role.begin();
    }

    // What the roles work with.

    ClusterPlan plan() {
        return plan;
    }

    MetadataTimes times() {
        return plan.times();
    }

    MetadataStore store() {
        return store;
    }

    Term.Parts parts() {
        return parts;
    }

    RandomGenerator random() {
        return parts.random();
    }

    Copy copy() {
        return copy;
    }

    Forwards forwards() {
        return forwards;
    }

    Snapshots snapshots() {
        return snapshots;
    }

    /** Keepers but this broker, in order. */
    Set<Integer> others() {
        Set<Integer> others = new TreeSet<>(plan.keepers());
        others.remove(plan.broker());
        return others;
    }

    Optional<Position> rebuilt() {
        return rebuilt;
    }

    void forgetRebuilt() throws IOException {
        if (rebuilt.isPresent()) {
            DisasterRecovery.forget(parts.folder());
            LOGGER.atInfo().addKeyValue("version", rebuilt.get().version()).log("The rebuilt metadata is the head");
            rebuilt = Optional.empty();
        }
    }

    /** Another voter of the same rebuilt metadata has set the head, and committed something after it. A mark that stayed would be believed when a head is lost again, much later. */
    void forgetRebuiltOnceCovered() throws IOException {
        if (rebuilt.isPresent() && copy.committed().version() > rebuilt.get().version()) {
            forgetRebuilt();
        }
    }

    long nowMs() {
        return timer.nowMs();
    }

    /** Runs it after a while if the role is still the same. */
    void after(Role of, long delayMs, Work work) {
        timer.after(delayMs, () -> metadata.guard(() -> {
            if (isIn(of)) {
                work.run();
            }
        }));
    }

    /** Runs it after a while whatever the role. */
    void timer(long delayMs, Work work) {
        timer.after(delayMs, () -> metadata.guard(() -> {
            if (!closed) {
                work.run();
            }
        }));
    }

    void execute(Work work) {
        metadata.execute(work);
    }

    void wake() {
        metadata.wake();
    }

    void fail(Throwable cause) {
        metadata.fail(cause);
    }

    // Roles.

    boolean isIn(Role some) {
        return !closed && role == some;
    }

    /** Highest controller epoch this broker knows of. */
    int seen() {
        return seen;
    }

    void seen(int epoch) {
        seen = Math.max(seen, epoch);
    }

    void become(Role next) {
        Role before = role;
        role = next;
        before.leave();
        metadata.guard(next::begin);
        metadata.wakeIfWaiting();
    }

    void search(long delayMs) {
        become(new Search(this, delayMs));
    }

    /** Somebody says who the controller is. Older news is ignored, the controller's own word has more weight than another's. */
    void pointed(Message.Pointer pointer) {
        boolean known = role instanceof Following following && following.controller() == pointer.controller() && seen == pointer.epoch();
        boolean own = pointer.controller() == plan.broker() || role.controllerEpoch() >= pointer.epoch() && role.controllerEpoch() > 0;
        if (pointer.controller() >= 0 && pointer.epoch() >= seen && !known && !own) {
            seen(pointer.epoch());
            become(new Following(this, pointer.controller(), pointer.epoch()));
        }
    }

    /** A control that stepped down while a head was being set. */
    void settling(Control control) {
        settling.add(control);
    }

    void settled(Control control) {
        settling.remove(control);
    }

    /** A head that was set, whoever says it: names an entry and all before it. */
    private boolean learn(Head head) throws IOException {
        seen(head.controllerEpoch());
        boolean holds = copy.holds(head.version(), head.hash());
        if (holds && role.controllerEpoch() == 0) {
            copy.commit(head.version());
        }
        return holds && copy.view().version() >= head.version();
    }

    // Store and peers.

    /** What becomes of something asked; exactly one of the two is there. */
    interface Outcome<T> {
        void take(T value, Throwable error) throws IOException;
    }

    <T> void onStore(CompletableFuture<T> operation, Outcome<T> then) {
        operation.whenComplete((value, error) -> execute(() -> {
            if (!closed) {
                then.take(value, error == null ? null : cause(error));
            }
        }));
    }

    void release(int epoch) {
        store.releaseController(epoch, times().requestMs()).whenComplete((done, error) -> {
            if (error != null) {
                LOGGER.atDebug().addKeyValue("controllerEpoch", epoch).setCause(error).log("The controller's lock was not given back; its session will end");
            }
        });
    }

    void announce(int epoch) {
        Set<Integer> all = new TreeSet<>(plan.keepers());
        all.addAll(copy.view().brokers().keySet());
        all.remove(plan.broker());
        all.forEach(broker -> askForOutcome(broker, new Message.Announce(epoch), times().requestMs(), (reply, error) -> {
            if (reply instanceof Message.Pointer pointer) {
                pointed(pointer);
            }
        }));
    }

    /** What was replied, or nothing. */
    interface Reply {
        void take(Optional<Message> reply) throws IOException;
    }

    /** Asks for a role; a reply that comes when the role is another one is dropped. */
    void ask(Role of, int broker, Message question, long timeoutMs, Reply then) {
        askForOutcome(broker, question, timeoutMs, (reply, error) -> {
            if (isIn(of)) {
                then.take(Optional.ofNullable(reply));
            }
        });
    }

    /** Asks; the error is {@link MetadataUnavailable} if the question certainly was not handled. */
    void askForOutcome(int broker, Message question, long timeoutMs, Outcome<Message> then) {
        MetadataPeers.Way way = question instanceof Message.Submit ? MetadataPeers.Way.COMMANDS : MetadataPeers.Way.NEWS;
        onStore(peers.request(broker, way, MessageCodec.encode(question), timeoutMs).thenApply(MessageCodec::decode), then);
    }

    static Throwable cause(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    }

    // Requests of others.

    @Override
    public CompletableFuture<byte[]> handle(int broker, byte[] message) {
        CompletableFuture<byte[]> reply = new CompletableFuture<>();
        if (requests.incrementAndGet() > MAX_REQUESTS) {
            requests.decrementAndGet();
            reply.completeExceptionally(new MetadataUnavailable(MAX_REQUESTS + " requests are waiting already", null));
            return reply;
        }
        reply.whenComplete((bytes, error) -> requests.decrementAndGet());
        try {
            Message question = MessageCodec.decode(message);
            if (!metadata.execute(() -> answer(broker, question, reply))) {
                reply.completeExceptionally(new MetadataUnavailable("the metadata is closed", null));
            }
        } catch (MessageFormatException e) {
            reply.completeExceptionally(new MetadataUnavailable("not a request: " + e.getMessage(), e));
        }
        return reply;
    }

    @Override
    public void lost(int broker) {
        metadata.execute(() -> role.lost(broker));
    }

    private void answer(int broker, Message question, CompletableFuture<byte[]> reply) throws IOException {
        if (closed) {
            reply.completeExceptionally(new MetadataUnavailable("the metadata is closed", null));
            return;
        }
        answer(broker, question).whenComplete((message, error) -> {
            if (error == null) {
                reply.complete(MessageCodec.encode(message));
            } else {
                reply.completeExceptionally(error);
            }
        });
    }

    private CompletableFuture<Message> answer(int broker, Message question) throws IOException {
        if (question instanceof Message.Announce announce) {
            pointed(new Message.Pointer(announce.epoch(), broker));
            return now(pointer());
        } else if (question instanceof Message.Follow follow) {
            return role instanceof Control && role.controllerEpoch() == follow.epoch() ? role.follow(broker, follow) : now(pointer());
        } else if (question instanceof Message.CatchUp catchUp) {
            return now(catchUp(catchUp));
        } else if (question instanceof Message.FetchSnapshot fetch) {
            return now(snapshots.chunk(fetch));
        } else if (question instanceof Message.Submit submit) {
            return submitted.once(broker, submit, role.controllerEpoch() > 0, this::decide, pointer());
        } else if (question instanceof Message.Inspect) {
            return now(role.progress().<Message>map(Message.Inspected::new).orElseGet(this::pointer));
        }
        return question instanceof Message.Find ? now(pointer()) : CompletableFuture.failedFuture(new MetadataUnavailable("not a request", null));
    }

    private static CompletableFuture<Message> now(Message message) {
        return CompletableFuture.completedFuture(message);
    }

    private Message.Pointer pointer() {
        int controller = role.controllerEpoch() > 0 ? plan.broker() : role instanceof Following following ? following.controller() : -1;
        return new Message.Pointer(seen, controller);
    }

    private Message catchUp(Message.CatchUp asked) throws IOException {
        Head head = asked.head();
        if (!learn(head)) {
            return new Message.Lacks();
        }
        Optional<Position> matched = asked.positions().stream().filter(position -> position.version() <= head.version() && copy.holds(position.version(), position.hash())).findFirst();
        return matched.isPresent() ? copy.entriesAfter(matched.get(), head.version()) : snapshots.offer(copy);
    }

    private CompletableFuture<Message> decide(Message.Submit submit) {
        PendingCommand pending = new PendingCommand(submit.command());
        if (!waiting.offer(pending)) {
            return now(new Message.Refused(Reason.OVERLOADED, Metadata.MAX_WAITING + " metadata changes are waiting already"));
        }
        wake();
        return pending.answer().handle((answer, error) -> error == null ? new Message.Done(answer.view().version(), answer.partitions()) : failure(cause(error)));
    }

    private static Message failure(Throwable error) {
        return error instanceof CommandRefused refused ? new Message.Refused(refused.reason(), String.valueOf(refused.getMessage())) : new Message.Unavailable(String.valueOf(error.getMessage()));
    }

    // Of the metadata.

    @Override
    public void turn() throws IOException {
        role.turn();
    }

    @Override
    public boolean committing() {
        return role.committing();
    }

    @Override
    public boolean controls() {
        return !closed && role.active();
    }

    @Override
    public long offeredVersion() {
        return role.offeredVersion();
    }

    @Override
    public OptionalInt controller() {
        Role now = role;
        if (controls()) {
            return OptionalInt.of(plan.broker());
        }
        return !closed && now instanceof Following following ? OptionalInt.of(following.controller()) : OptionalInt.empty();
    }

    @Override
    public void progress(CompletableFuture<Progress> answer) {
        Optional<Progress> own = role.progress();
        if (own.isPresent()) {
            answer.complete(own.get());
        } else if (!closed && role instanceof Following following) {
            inspect(following.controller(), answer);
        } else {
            answer.completeExceptionally(new MetadataUnavailable("there is no controller that could say how far all are", null));
        }
    }

    /**
     * Whatever this broker is by the time of the reply. One question at a time, whose answer is for all who ask meanwhile, however many clients do; it may come behind this broker's own request for news on the
     * same connection, and is not to be the one that times out first and ends it.
     */
    private void inspect(int controller, CompletableFuture<Progress> answer) {
        if (inspection.isDone()) {
            inspection = peers.request(controller, MetadataPeers.Way.NEWS, MessageCodec.encode(new Message.Inspect()), times().parkMs() + times().requestMs()).thenApply(MessageCodec::decode);
        }
        inspection.whenComplete((reply, error) -> {
            if (reply instanceof Message.Inspected inspected) {
                answer.complete(inspected.progress());
            } else {
                answer.completeExceptionally(new MetadataUnavailable("the controller did not say how far all are", error));
            }
        });
    }

    @Override
    public void closing() {
        // A group that is being committed is let finish.
    }

    @Override
    public void abandon(Supplier<MetadataException> error) {
        if (!closed) {
            stop(error);
            closed = true;
            store.close(); // whatever the role, and also if the lock is still on its way here: a process that goes on must not keep it from others
        }
    }

    private void stop(Supplier<MetadataException> error) {
        peers.serve(MetadataPeers.Handler.NONE);
        role.abandon(error);
        List.copyOf(settling).forEach(control -> control.abandon(error));
        forwards.fail(error);
    }

    @Override
    public void end() throws IOException {
        abandon(() -> new MetadataUnavailable("the metadata is closed", null));
        try (var folder = parts.folder(); store) {
            copy.close();
        }
    }
}
