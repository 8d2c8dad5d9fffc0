package io.firn.membership.hazelcast;

import com.hazelcast.cp.CPMember;
import io.firn.membership.CpPeer;
import io.firn.membership.CpSettings;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.MetadataStore;
import io.firn.membership.MetadataUnavailable;
import io.firn.membership.cp.CpIdentity;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.cp.CpPlace;
import io.firn.membership.cp.CpStore;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This broker's part in the cluster's consensus, from its start to its end: one CP directory, and one Hazelcast instance at a time on top of it.
 *
 * <pre>
 *  directory says   on the way to being ready
 *  ──────────────   ─────────────────────────
 *  OUTSIDE          told to form: all founders are there ─▶ written down ─▶ FOUNDING. Else: the members are found ─▶ ready, without a vote
 *  FOUNDING         its part of the founding is committed, when all have committed theirs ─▶ MEMBER
 *  MEMBER           in the list of members, at this address (else that is committed) ─▶ ready, with a vote
 *                   not in the list: it was removed ─▶ wiped, started anew ─▶ OUTSIDE
 * </pre>
 *
 * <p>Everything is taken up again after a crash where the directory says it stood. Nothing here ever resets the CP subsystem or removes a member that is only down.
 *
 * <p>Threading: thread-safe. One thread, {@code firn-cp}, does the work in small steps, each with a time limit; changes of membership run on it too, one after the other.
 * Listeners are called on it and must not block.
 */
public final class CpMember implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(CpMember.class);

    private static final long TICK_MS = 200;
    /** Of each call to the CP subsystem while getting ready. */
    static final long CALL_MS = 3_000;
    private static final long MEMBERSHIP_CHECK_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long CLOSE_MS = 20_000;

    /** Is told of brokers that come and go. */
    public interface Listener {
        void joined(CpPeer peer);

        /** Its connection closed or it was silent for too long; its session is ended already, or will end by itself. */
        void left(CpPeer peer);
    }

    private final CpSettings settings;
    private final CpStore store;
    private final Set<Integer> formWith;
    private final HazelcastMetadataStore metadataStore;
    private final ScheduledThreadPoolExecutor thread;
    private final CopyOnWriteArrayList<Listener> listeners = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    /** Null only while it is being started, at first or anew. */
    private volatile CpInstance instance;
    private volatile String waitingFor = "the cluster";
    private volatile boolean closed;

    // Confined to the thread.
    private boolean verified;
    private Optional<CompletableFuture<Void>> connecting = Optional.empty();
    private String lastWaiting = "";
    private long checkedNanos;

    private CpMember(CpSettings settings, CpStore store, Set<Integer> formWith) {
        this.settings = settings;
        this.store = store;
        this.formWith = Set.copyOf(formWith);
        this.metadataStore = new HazelcastMetadataStore(settings.timings().sessionSeconds());
        this.thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread worker = new Thread(task, "firn-cp");
            worker.setDaemon(true);
            return worker;
        });
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /**
     * Starts: opens the directory, listens, joins the brokers that are there. Blocks for that, a second or two; see {@link #ready()} for when the CP subsystem can be used.
     *
     * @param folder the CP directory, which is this member's from now on
     * @param formWith the order to form the CP subsystem, given once in the life of a cluster to every broker in it: exactly as many ids as there are voters. Empty for no order; without
     *         effect where the directory is not empty
     * @param failStop must end this process without its saying another word; see {@link CpStore}
     * @throws MetadataOpenFailed with one line for the operator
     */
    public static CpMember start(CpSettings settings, Folder folder, Set<Integer> formWith, Consumer<Throwable> failStop) {
        if (!formWith.isEmpty() && (formWith.size() != settings.voters() || !formWith.contains(settings.brokerId()))) {
            folder.close();
            throw new IllegalArgumentException("a CP subsystem of " + settings.voters() + " voters is formed by as many brokers, this one included, not by " + formWith);
        }
        CpStore store = openStore(folder, failStop);
        CpMember member = new CpMember(settings, store, formWith);
        try {
            member.instance = CpInstance.start(settings, store, member);
        } catch (RuntimeException e) {
            member.metadataStore.close();
            store.close();
            throw e instanceof MetadataOpenFailed ? e : new MetadataOpenFailed(Reason.UNAVAILABLE, "the cluster connection cannot be opened: " + e.getMessage(), e);
        }
        member.thread.scheduleWithFixedDelay(member::tick, 0, TICK_MS, TimeUnit.MILLISECONDS);
        return member;
    }

    private static CpStore openStore(Folder folder, Consumer<Throwable> failStop) {
        try {
            return CpStore.open(folder, failStop);
        } catch (RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /** What {@code failStop} is in production: one line, and the end of the process on the spot, with nothing run that could still send a message. */
    public static Consumer<Throwable> halting() {
        return cause -> {
            LOGGER.atError().setCause(cause).log("The CP directory failed; this process ends at once, because it could break promises that are not on disk. Start it again when its disk works");
            Runtime.getRuntime().halt(FAIL_STOP_EXIT);
        };
    }

    /** Exit status of a process whose CP directory failed. */
    public static final int FAIL_STOP_EXIT = 42;

    /** The metadata store; its calls fail until this member is ready, and while it is being started anew. */
    public MetadataStore metadataStore() {
        return metadataStore;
    }

    /**
     * Completes when the CP subsystem can be used and this broker knows its part in it. Fails with {@link MetadataOpenFailed} when it cannot without somebody looking into it: refused forming,
     * a CP subsystem that is none. Waits for as long as too few members are there; {@link #waitingFor()} says for what.
     */
    public CompletableFuture<Void> ready() {
        return ready.copy();
    }

    /** What is missing until it is ready, for people. */
    public String waitingFor() {
        return waitingFor;
    }

    /** What this broker is in the CP subsystem. */
    public Stage stage() {
        return store.identity().stage();
    }

    /** Its name there. */
    public UUID uuid() {
        return store.identity().uuid();
    }

    public void subscribe(Listener listener) {
        listeners.add(listener);
    }

    /** The brokers that are connected now, this one included, the oldest first. */
    public List<CpPeer> peers() {
        CpInstance now = instance;
        return now == null ? List.of() : now.peers();
    }

    /** The members of the CP subsystem, as of now. */
    public CompletableFuture<List<CpPlace>> members() {
        return onThread(() -> await(instance.members()).stream().map(StoredIdentity::place).toList());
    }

    /**
     * Makes this broker a member, and waits until it has on its disk everything that was committed when it became one. Until then no other member may be taken away or lost. Idempotent.
     */
    public CompletableFuture<Void> promote(long timeoutMs) {
        return onThread(() -> {
            new Promotion(store, instance, timeoutMs).run();
            return null;
        });
    }

    /**
     * Gives this broker the vote it should have, if it has none: as {@link Seat} decides, a former member is removed and this one {@link #promote promoted}. Completes with what it has to wait for; empty when it votes. To be
     * asked again then, and when it failed. Only when the former process of this broker's id is known to be dead.
     *
     * @param voting ids of the brokers that are to vote, this one among them
     */
    public CompletableFuture<Optional<String>> takeSeat(Set<Integer> voting, long timeoutMs) {
        return onThread(() -> {
            if (stage() == Stage.OUTSIDE) {
                Seat.Decision decision = Seat.decide(instance.place(), voting, await(instance.members()).stream().map(StoredIdentity::place).toList(), instance.ask());
                if (decision instanceof Seat.Decision.Wait wait) {
                    return Optional.of(wait.reason());
                }
                Optional<UUID> former = ((Seat.Decision.Take) decision).former();
                LOGGER.atWarn().addKeyValue("former", former).log("This broker votes and is no CP member; becoming one in the former one's place");
                if (former.isPresent()) {
                    Promotion.remove(instance, former.get(), timeoutMs);
                }
            }
            new Promotion(store, instance, timeoutMs).run();
            UUID own = store.identity().uuid();
            boolean listed = await(instance.members()).stream().anyMatch(member -> member.getUuid().equals(own));
            return listed ? Optional.empty() : Optional.of("its promotion, which was not committed"); // it starts over when the check of members has found that out
        });
    }

    /** Removes a member whose disk is gone for good. One that is only down must be waited for. Idempotent. */
    public CompletableFuture<Void> remove(UUID member, long timeoutMs) {
        return onThread(() -> {
            Promotion.remove(instance, member, timeoutMs);
            return null;
        });
    }

    /** Stops; stays a member, whose directory waits for its return. Blocks. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        metadataStore.close();
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_MS, TimeUnit.MILLISECONDS)) {
                LOGGER.atWarn().log("The CP thread did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (instance != null) {
            instance.shutdown();
        }
        store.close();
        ready.completeExceptionally(new MetadataOpenFailed(Reason.UNAVAILABLE, "this broker was stopped"));
    }

    // ---- what others ask, on their threads

    CpInstance instance() {
        return instance;
    }

    CpAnswer answer() {
        if (instance == null) {
            throw new IllegalStateException("this broker is being started");
        }
        return new CpAnswer(instance.place(), formWith, store.identity());
    }

    // ---- events, on threads of Hazelcast

    void joined(CpPeer peer) {
        execute(() -> listeners.forEach(listener -> listener.joined(peer)));
    }

    void left(CpPeer peer) {
        execute(() -> {
            if (verified) {
                new Sessions(instance).close(session -> peer.incarnation().equals(session.endpointName()));
            }
            listeners.forEach(listener -> listener.left(peer));
        });
    }

    private void execute(Runnable task) {
        try {
            thread.execute(() -> guard(task));
        } catch (RejectedExecutionException e) {
            LOGGER.atDebug().log("The CP thread has ended");
        }
    }

    private <T> CompletableFuture<T> onThread(Work<T> work) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        try {
            thread.execute(() -> {
                try {
                    if (instance == null) {
                        throw new MetadataUnavailable("this broker is being started anew", null);
                    }
                    answer.complete(work.run());
                } catch (Exception | Error e) {
                    answer.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            answer.completeExceptionally(new MetadataOpenFailed(Reason.UNAVAILABLE, "this broker was stopped", e));
        }
        return answer;
    }

    private interface Work<T> {
        T run() throws Exception;
    }

    private static void guard(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOGGER.atWarn().setCause(e).log("A step of the CP member failed; it is tried again where it matters");
        }
    }

    // ---- on the thread

    private void tick() {
        if (closed || store.failed()) {
            return;
        }
        guard(() -> {
            if (instance == null) {
                instance = CpInstance.start(settings, store, this);
            }
            instance.applyAddresses();
            if (ready.isCompletedExceptionally()) {
                return;
            }
            if (!verified) {
                step();
            } else if (System.nanoTime() - checkedNanos > MEMBERSHIP_CHECK_NANOS) {
                checkedNanos = System.nanoTime();
                checkMembership();
            }
        });
    }

    private void step() {
        try {
            switch (store.identity().stage()) {
                case OUTSIDE -> outside();
                case FOUNDING -> founding();
                case MEMBER -> member();
                case WIPING -> throw new IllegalStateException("wiping ends before anything is started");
            }
        } catch (TimeoutException e) {
            waiting(store.identity().speaks() ? "a majority of the CP members" : "a CP subsystem: it was not formed yet, or a majority of its members is away");
        } catch (MetadataOpenFailed e) {
            LOGGER.atError().log(e.getMessage());
            ready.completeExceptionally(e);
        } catch (ExecutionException e) {
            LOGGER.atDebug().setCause(e).log("A step towards the CP subsystem failed; trying again");
            waiting("the CP subsystem (" + e.getCause().getMessage() + ")");
        } catch (IOException e) {
            throw new IllegalStateException("the CP store has failed", e); // and has stopped the process
        }
    }

    private void outside() throws ExecutionException, TimeoutException, IOException {
        if (!formWith.isEmpty()) {
            form();
            return;
        }
        instance.learnFrom(instance.ask());
        List<CPMember> members = await(instance.members());
        if (members.isEmpty()) {
            waiting("the CP subsystem to be formed");
        } else {
            verify();
        }
    }

    private void form() throws IOException {
        Formation.Decision decision = Formation.decide(answer(), instance.ask());
        if (decision instanceof Formation.Decision.Wait wait) {
            waiting(wait.reason());
        } else if (decision instanceof Formation.Decision.Refuse refuse) {
            throw new MetadataOpenFailed(Reason.IN_USE, refuse.reason());
        } else if (decision instanceof Formation.Decision.Found found) {
            LOGGER.atInfo().addKeyValue("founders", found.founders()).log("Forming the CP subsystem");
            instance.beginFounding(found.founders());
        }
    }

    private void founding() throws ExecutionException, TimeoutException, IOException {
        waiting("all founders to take part: " + store.identity().founders().stream().map(CpPlace::brokerId).sorted().toList());
        instance.commitFounding();
        store.becomeMember();
        LOGGER.atInfo().addKeyValue("member", store.identity().uuid()).log("The CP subsystem is formed");
        member();
    }

    private void member() throws ExecutionException, TimeoutException, IOException {
        UUID own = store.identity().uuid();
        List<CPMember> members = await(instance.members());
        CPMember listed = members.stream().filter(member -> member.getUuid().equals(own)).findFirst().orElse(null);
        if (listed == null) {
            rejoin();
        } else if (!listed.getAddress().equals(instance.address())) {
            LOGGER.atInfo().addKeyValue("from", listed.getAddress()).addKeyValue("to", instance.address()).log("This CP member has moved");
            await(instance.commitAddress());
        } else {
            verify();
        }
    }

    private void checkMembership() {
        try {
            CpIdentity identity = store.identity();
            if (identity.stage() == Stage.MEMBER && await(instance.members()).stream().noneMatch(member -> member.getUuid().equals(identity.uuid()))) {
                rejoin();
            }
        } catch (ExecutionException | TimeoutException e) {
            LOGGER.atDebug().setCause(e).log("Whether this is still a CP member cannot be asked now");
        } catch (IOException e) {
            throw new IllegalStateException("the CP store has failed", e);
        }
    }

    /** This member was removed. Others may have taken its place, so nothing of what it knows may be used again. */
    private void rejoin() throws IOException {
        LOGGER.atWarn().addKeyValue("member", store.identity().uuid()).log("This CP member was removed by the others; wiping its CP directory and starting anew without a vote");
        verified = false;
        connecting = Optional.empty();
        metadataStore.disconnect();
        instance.terminate();
        instance = null;
        store.wipe();
    }

    private void verify() throws ExecutionException, TimeoutException {
        instance.verify();
        connecting = connecting.filter(attempt -> !attempt.isCompletedExceptionally()).or(() -> Optional.of(metadataStore.connect(instance.cp())));
        await(connecting.get());
        connecting = Optional.empty();
        new Sessions(instance).close(session -> session.endpointName().startsWith(InstanceConfig.namePrefix(settings.brokerId())) && !session.endpointName().equals(instance.name()));
        verified = true;
        checkedNanos = System.nanoTime();
        waitingFor = "";
        LOGGER.atInfo().addKeyValue("member", store.identity().uuid()).addKeyValue("stage", store.identity().stage()).log("The CP subsystem can be used");
        ready.complete(null);
    }

    private void waiting(String what) {
        waitingFor = what;
        if (!what.equals(lastWaiting)) {
            lastWaiting = what;
            LOGGER.atInfo().addKeyValue("for", what).log("Waiting");
        }
    }

    static <T> T await(CompletableFuture<T> future) throws ExecutionException, TimeoutException {
        return await(future, CALL_MS);
    }

    static <T> T await(CompletableFuture<T> future, long timeoutMs) throws ExecutionException, TimeoutException {
        try {
            return future.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ExecutionException(e);
        } catch (CompletionException e) {
            throw new ExecutionException(e.getCause());
        }
    }
}
