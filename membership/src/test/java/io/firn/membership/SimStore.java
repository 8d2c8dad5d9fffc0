package io.firn.membership;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A metadata store on virtual time that several brokers share: replies take a while, get lost, come after the caller has given up; the lock belongs to a session that lives as long as its broker is
 * heard of; and the whole of it can be without majority for a time.
 */
public final class SimStore {

    private static final long SESSION_MS = 3_000;
    private static final long HEARTBEAT_MS = 500;

    private final SimTime time;
    private final Map<Connection, Long> heardMs = new HashMap<>();
    private Optional<Connection> holder = Optional.empty();
    private int holderEpoch;
    private int fence;
    private Optional<Head> head = Optional.empty();
    private long downUntilMs;
    private int lossOneIn = Integer.MAX_VALUE;
    private int headSets;

    public SimStore(SimTime time) {
        this.time = time;
    }

    public Optional<Head> head() {
        return head;
    }

    /** How often the head was set. */
    int headSets() {
        return headSets;
    }

    /** No majority for so long. */
    public void lose(long ms) {
        downUntilMs = Math.max(downUntilMs, time.nowMs() + ms);
    }

    /** One of so many operations gets no answer. */
    public void lossOneIn(int operations) {
        lossOneIn = operations;
    }

    /** The session of whoever holds the lock ends, although it lives. */
    public void depose() {
        holder = Optional.empty();
    }

    /** Another controller claims it, whose epoch is the newest from now on. */
    void setHead(Head claimed) {
        head = Optional.of(claimed);
        fence = claimed.controllerEpoch();
    }

    boolean isHeldBy(Connection connection) {
        return holder.filter(connection::equals).isPresent();
    }

    /** Everything is gone, as when the disks of a majority are: the next epochs begin anew. */
    void forget() {
        holder = Optional.empty();
        head = Optional.empty();
        fence = 0;
    }

    public Connection connect(SimThread thread) {
        return new Connection(thread);
    }

    /** One life of a broker. */
    public final class Connection implements MetadataStore {
        private final SimThread thread;
        private long cutUntilMs;
        private long delayMs;
        private boolean closed;

        Connection(SimThread thread) {
            this.thread = thread;
            heartbeat();
        }

        /** Answers take so much longer from now on. */
        void delayAnswers(long ms) {
            delayMs = ms;
        }

        public void cut(long ms) {
            cutUntilMs = Math.max(cutUntilMs, time.nowMs() + ms);
        }

        /** Its process is known to be dead: the session is closed. */
        public void closeSession() {
            heardMs.remove(this);
            if (holder.filter(this::equals).isPresent()) {
                holder = Optional.empty();
            }
        }

        private void heartbeat() {
            if (thread.alive() && !closed) {
                if (!thread.paused() && reachable()) {
                    heardMs.put(this, time.nowMs());
                }
                time.after(HEARTBEAT_MS, this::heartbeat);
            }
        }

        private boolean reachable() {
            return time.nowMs() >= cutUntilMs && time.nowMs() >= downUntilMs;
        }

        @Override
        public CompletableFuture<OptionalInt> acquireController(long timeoutMs) {
            return operate(true, timeoutMs, () -> {
                boolean expired = holder.isPresent() && time.nowMs() - heardMs.getOrDefault(holder.get(), 0L) > SESSION_MS;
                if (holder.isPresent() && !expired && holder.get() != this) {
                    return OptionalInt.empty();
                }
                holder = Optional.of(this);
                heardMs.put(this, time.nowMs());
                fence += 1 + time.random().nextInt(3);
                holderEpoch = fence;
                return OptionalInt.of(fence);
            });
        }

        @Override
        public CompletableFuture<Boolean> confirmController(int epoch, long timeoutMs) {
            return operate(false, timeoutMs, () -> holds(epoch));
        }

        @Override
        public CompletableFuture<Void> releaseController(int epoch, long timeoutMs) {
            return operate(true, timeoutMs, () -> {
                if (holds(epoch)) {
                    holder = Optional.empty();
                }
                return null;
            });
        }

        private boolean holds(int epoch) {
            return holder.filter(this::equals).isPresent() && holderEpoch == epoch;
        }

        @Override
        public CompletableFuture<Optional<Head>> readHead(long timeoutMs) {
            return operate(false, timeoutMs, () -> head);
        }

        @Override
        public CompletableFuture<Boolean> compareAndSetHead(Optional<Head> expected, Head update, long timeoutMs) {
            return operate(true, timeoutMs, () -> {
                boolean same = head.equals(expected);
                head = same ? Optional.of(update) : head;
                headSets += same ? 1 : 0;
                return same;
            });
        }

        @Override
        public void close() {
            closed = true;
            closeSession();
        }

        private <T> CompletableFuture<T> operate(boolean change, long timeoutMs, Supplier<T> operation) {
            CompletableFuture<T> answer = new CompletableFuture<>();
            if (closed) {
                answer.completeExceptionally(new MetadataUnavailable("closed", null));
                return answer;
            }
            boolean lost = time.chance(lossOneIn);
            boolean takesEffect = !lost || time.random().nextBoolean();
            time.after(lost && time.chance(3) ? time.random().nextLong(6_000) : 1 + time.random().nextLong(3), () -> {
                if (takesEffect && reachable()) {
                    T value = operation.get();
                    if (!lost) {
                        time.after(delayMs + 1 + time.random().nextLong(3), () -> complete(answer, value));
                    }
                }
            });
            time.after(timeoutMs, () -> fail(answer, change));
            return answer;
        }

        private <T> void complete(CompletableFuture<T> answer, T value) {
            if (reachable()) {
                answer.complete(value);
            }
        }

        private void fail(CompletableFuture<?> answer, boolean change) {
            answer.completeExceptionally(change ? new MetadataOutcomeUnknown("no answer in time", null) : new MetadataUnavailable("no answer in time", null));
        }
    }
}
