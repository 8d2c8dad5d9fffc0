package io.firn.membership.hazelcast;

import com.hazelcast.cp.CPSubsystem;
import com.hazelcast.cp.IAtomicReference;
import com.hazelcast.cp.exception.CPGroupDestroyedException;
import com.hazelcast.cp.lock.FencedLock;
import com.hazelcast.cp.lock.exception.LockOwnershipLostException;
import io.firn.membership.Head;
import io.firn.membership.MetadataOutcomeUnknown;
import io.firn.membership.MetadataStore;
import io.firn.membership.MetadataUnavailable;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata store of a cluster: the lock {@code controller}, the reference {@code head}, and the reference {@code controller-epoch}, in Hazelcast's CP subsystem.
 *
 * <p><b>Epochs.</b> The lock's fence is the commit index of its Raft group, which outgrows 31 bits within months of busy life. So who gets the lock counts the epoch up by one,
 * by compare-and-set of the pair (epoch, fence of the acquisition it belongs to); a pair with a newer fence means that the lock is another's by now. Epochs therefore grow with the
 * fences, survive total restarts as they do, and are small.
 *
 * <p><b>Time limits.</b> Hazelcast's calls may block for as long as a majority is away. Calls for the head are asynchronous there. The lock belongs to a thread, so {@code
 * firn-cp-lock} makes all calls for it, one after the other, and may be held up; callers are answered in time all the same, and a lock that is got after its caller was told that
 * the outcome is unknown is given back.
 *
 * <p>Threading: thread-safe. Futures complete on threads of Hazelcast, on {@code firn-cp-lock} or on the JDK's timer.
 */
final class HazelcastMetadataStore implements MetadataStore {

    private static final Logger LOGGER = LoggerFactory.getLogger(HazelcastMetadataStore.class);
    static final String LOCK = "controller";
    private static final int WAITING = 32;
    private static final int EPOCH_BYTES = 12;
    private static final int EPOCH_ATTEMPTS = 5;
    private static final long CLOSE_MS = 1_000;

    private final ThreadPoolExecutor lockThread;
    private final long sessionNanos;
    private final String prefix;
    private volatile Optional<Objects> objects = Optional.empty();
    private volatile boolean closed;

    /** Whether the lock was got and not given back, and the epoch it is held under, 0 for none; confined to the lock thread. */
    private boolean locked;
    private int heldEpoch;

    HazelcastMetadataStore(int sessionSeconds) {
        this(sessionSeconds, "");
    }

    /** @param prefix of the names of its objects, so that several stores fit into one CP subsystem */
    HazelcastMetadataStore(int sessionSeconds, String prefix) {
        this.prefix = prefix;
        sessionNanos = TimeUnit.SECONDS.toNanos(sessionSeconds);
        lockThread = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), task -> {
            Thread thread = new Thread(task, "firn-cp-lock");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** What the store consists of. */
    private record Objects(FencedLock lock, IAtomicReference<byte[]> head, IAtomicReference<byte[]> epoch) {}

    /** The CP subsystem works; completes when the objects are there, which may take as long as a majority is away. What was held in a CP subsystem before is not held in this one. */
    CompletableFuture<Void> connect(CPSubsystem cp) {
        try {
            return CompletableFuture.runAsync(() -> objects = Optional.of(new Objects(cp.getLock(prefix + LOCK), cp.getAtomicReference(prefix + "head"),
                    cp.getAtomicReference(prefix + "controller-epoch"))), lockThread);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** There is no CP subsystem for the time being. */
    void disconnect() {
        objects = Optional.empty();
    }

    @Override
    public CompletableFuture<OptionalInt> acquireController(long timeoutMs) {
        return locked(timeoutMs, true, now -> {
            unlockIfHeld(now.lock());
            return acquire(now);
        }, (epoch, now) -> {
            if (epoch.isPresent()) {
                unlockIfHeld(now.lock());
            }
        });
    }

    @Override
    public CompletableFuture<Boolean> confirmController(int epoch, long timeoutMs) {
        return locked(timeoutMs, false, now -> {
            long askedNanos = System.nanoTime();
            boolean holds = heldEpoch == epoch && epoch > 0 && stillHeld(now.lock());
            if (holds && System.nanoTime() - askedNanos >= sessionNanos) {
                throw new MetadataUnavailable("the confirmation took longer than a session lasts, and proves nothing", null);
            }
            return holds;
        }, (holds, now) -> { });
    }

    @Override
    public CompletableFuture<Void> releaseController(int epoch, long timeoutMs) {
        return locked(timeoutMs, true, now -> {
            if (heldEpoch == epoch) {
                unlockIfHeld(now.lock());
            }
            return null;
        }, (nothing, now) -> { });
    }

    @Override
    public CompletableFuture<Optional<Head>> readHead(long timeoutMs) {
        return called(timeoutMs, false, () -> live().head().getAsync().toCompletableFuture().thenApply(HazelcastMetadataStore::head));
    }

    @Override
    public CompletableFuture<Boolean> compareAndSetHead(Optional<Head> expected, Head update, long timeoutMs) {
        return called(timeoutMs, true, () -> live().head().compareAndSetAsync(expected.map(HazelcastMetadataStore::bytes).orElse(null), bytes(update)).toCompletableFuture());
    }

    /** Gives the lock back, and waits for that if it takes a moment only: its thread ends when the CP subsystem has answered, or this broker's part of it was shut down. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            giveBack();
            lockThread.shutdown();
            if (!lockThread.awaitTermination(CLOSE_MS, TimeUnit.MILLISECONDS)) {
                // What is queued still runs. Dropped, it would leave the lock to a session that lives as long as this process.
                LOGGER.atInfo().log("The controller's lock is not given back yet, because the CP subsystem does not answer; it will be when it does, or with the end of its session");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void giveBack() {
        try {
            objects.ifPresent(now -> lockThread.execute(() -> quietly(() -> {
                unlockIfHeld(now.lock());
                return null;
            })));
        } catch (RejectedExecutionException e) {
            LOGGER.atInfo().setCause(e).log("Too many calls to the controller's lock are waiting to give it back");
        }
    }

    private Objects live() {
        if (closed) {
            throw new MetadataUnavailable("the metadata store is closed", null);
        }
        return objects.orElseThrow(() -> new MetadataUnavailable("the cluster has no CP subsystem that works, or this broker has not found it yet", null));
    }

    // ---- on the lock thread

    private OptionalInt acquire(Objects now) throws Exception {
        long fence = tryLock(now.lock());
        if (fence == FencedLock.INVALID_FENCE) {
            return OptionalInt.empty();
        }
        locked = true;
        for (int attempt = 0; attempt < EPOCH_ATTEMPTS; attempt++) {
            byte[] stored = now.epoch().get();
            int epoch = stored == null ? 0 : ByteBuffer.wrap(stored).getInt();
            long fenceOfEpoch = stored == null ? 0 : ByteBuffer.wrap(stored).getLong(Integer.BYTES);
            if (fenceOfEpoch == fence) { // an attempt whose outcome was not known
                heldEpoch = epoch;
                return OptionalInt.of(epoch);
            }
            if (fenceOfEpoch > fence) {
                unlockIfHeld(now.lock());
                return OptionalInt.empty();
            }
            int next = Math.addExact(epoch, 1);
            if (setEpoch(now, stored, ByteBuffer.allocate(EPOCH_BYTES).putInt(next).putLong(fence).array())) {
                heldEpoch = next;
                return OptionalInt.of(next);
            }
        }
        unlockIfHeld(now.lock());
        throw new MetadataUnavailable("no controller epoch was got in " + EPOCH_ATTEMPTS + " attempts", null);
    }

    /** Whether it certainly did; who asks reads it again when not. */
    private static boolean setEpoch(Objects now, byte[] expected, byte[] next) {
        try {
            return now.epoch().compareAndSet(expected, next);
        } catch (CPGroupDestroyedException e) {
            throw e;
        } catch (RuntimeException e) {
            LOGGER.atDebug().setCause(e).log("It is not known whether the controller epoch was counted up; reading it again");
            return false;
        }
    }

    private static long tryLock(FencedLock lock) {
        try {
            return lock.tryLockAndGetFence();
        } catch (LockOwnershipLostException e) {
            return lock.tryLockAndGetFence(); // it was held in a session that is over; that is forgotten now
        }
    }

    private boolean stillHeld(FencedLock lock) {
        try {
            return lock.isLockedByCurrentThread() || lost();
        } catch (LockOwnershipLostException e) {
            return lost();
        }
    }

    private boolean lost() {
        locked = false;
        heldEpoch = 0;
        return false;
    }

    private void unlockIfHeld(FencedLock lock) {
        if (!locked) {
            return;
        }
        locked = false;
        heldEpoch = 0;
        try {
            lock.unlock();
        } catch (IllegalMonitorStateException e) {
            LOGGER.atDebug().setCause(e).log("The controller's lock was lost before it was given back");
        }
    }

    private static void quietly(Callable<?> work) {
        try {
            work.call();
        } catch (Exception e) {
            LOGGER.atDebug().setCause(e).log("A call to the controller's lock failed after it was no longer wanted");
        }
    }

    // ---- time limits and errors

    private interface LockWork<T> {
        T run(Objects now) throws Exception;
    }

    private interface Undo<T> {
        void run(T result, Objects now);
    }

    private <T> CompletableFuture<T> locked(long timeoutMs, boolean change, LockWork<T> work, Undo<T> undo) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        try {
            Objects now = live();
            lockThread.execute(() -> run(answer, now, work, undo));
        } catch (MetadataUnavailable | RejectedExecutionException e) {
            return CompletableFuture.failedFuture(unavailable(e));
        }
        return limited(answer, timeoutMs, change);
    }

    private <T> void run(CompletableFuture<T> answer, Objects now, LockWork<T> work, Undo<T> undo) {
        if (answer.isDone()) {
            return; // its caller has given up
        }
        try {
            T result = work.run(now);
            if (!answer.complete(result)) {
                quietly(() -> {
                    undo.run(result, now);
                    return null;
                });
            }
        } catch (Exception e) {
            answer.completeExceptionally(e);
        }
    }

    private <T> CompletableFuture<T> called(long timeoutMs, boolean change, Supplier<CompletableFuture<T>> call) {
        try {
            return limited(call.get(), timeoutMs, change);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e instanceof MetadataUnavailable ? e : error(e, change));
        }
    }

    private static <T> CompletableFuture<T> limited(CompletableFuture<T> call, long timeoutMs, boolean change) {
        return call.orTimeout(timeoutMs, TimeUnit.MILLISECONDS).handle((value, failure) -> {
            if (failure != null) {
                throw new CompletionException(error(failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure, change));
            }
            return value;
        });
    }

    private static RuntimeException error(Throwable cause, boolean change) {
        if (cause instanceof MetadataUnavailable certain) {
            return certain;
        }
        // Which of Hazelcast's errors certainly mean that nothing happened is not for us to guess.
        return change ? new MetadataOutcomeUnknown("the CP subsystem did not say in time whether the change was made", cause) : unavailable(cause);
    }

    private static MetadataUnavailable unavailable(Throwable cause) {
        return cause instanceof MetadataUnavailable same ? same : new MetadataUnavailable("the CP subsystem does not answer", cause);
    }

    private static byte[] bytes(Head head) {
        ByteBuffer out = ByteBuffer.allocate(Head.SIZE_BYTES);
        head.write(out);
        return out.array();
    }

    private static Optional<Head> head(byte[] bytes) {
        return bytes == null ? Optional.empty() : Optional.of(Head.read(ByteBuffer.wrap(bytes)));
    }
}
