package io.firn.membership;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * One broker's connection to a metadata store in memory, with faults on order. It passes the same contract test as the real ones.
 *
 * <p>Threading: one thread, the test's.
 */
public final class SimMetadataStore implements MetadataStore {

    /** What may happen to an operation. */
    public enum Fault {
        /** It works. */
        NONE,
        /** Refused, certainly without effect. */
        REFUSED,
        /** The request does not arrive; the caller cannot know. */
        REQUEST_LOST,
        /** It takes effect but the answer does not arrive. */
        REPLY_LOST,
        /** The caller gives up; the request takes effect later, at {@link Cluster#deliverLate()}. */
        LATE,
        /** It takes effect; the answer waits for {@link #answerHeld()}. */
        HELD
    }

    /** What all connections share, and what survives every restart. */
    public static final class Cluster {
        private int fence;
        private Optional<Head> head = Optional.empty();
        private Optional<SimMetadataStore> holder = Optional.empty();
        private final List<Runnable> late = new ArrayList<>();

        public SimMetadataStore connect() {
            return new SimMetadataStore(this);
        }

        /** Takes the lock away from its holder, who is not told: its session has expired. */
        public void depose() {
            holder = Optional.empty();
        }

        /** The late requests arrive. */
        public void deliverLate() {
            late.forEach(Runnable::run);
            late.clear();
        }

        public Optional<Head> head() {
            return head;
        }
    }

    private final Cluster cluster;
    private final Queue<Fault> faults = new ArrayDeque<>();
    private final Queue<Runnable> held = new ArrayDeque<>();
    private int heldEpoch;
    private boolean closed;

    private SimMetadataStore(Cluster cluster) {
        this.cluster = cluster;
    }

    /** What happens to the next operations, one each; after them everything works. */
    public SimMetadataStore then(Fault... next) {
        faults.addAll(List.of(next));
        return this;
    }

    public void answerHeld() {
        List<Runnable> answers = List.copyOf(held);
        held.clear();
        answers.forEach(Runnable::run);
    }

    @Override
    public CompletableFuture<OptionalInt> acquireController(long timeoutMs) {
        return operate(true, () -> {
            if (cluster.holder.isPresent() && cluster.holder.get() != this) {
                return OptionalInt.empty();
            }
            cluster.holder = Optional.of(this);
            heldEpoch = ++cluster.fence;
            return OptionalInt.of(heldEpoch);
        });
    }

    @Override
    public CompletableFuture<Boolean> confirmController(int epoch, long timeoutMs) {
        return operate(false, () -> holds(epoch));
    }

    @Override
    public CompletableFuture<Void> releaseController(int epoch, long timeoutMs) {
        return operate(true, () -> {
            if (holds(epoch)) {
                cluster.holder = Optional.empty();
            }
            return null;
        });
    }

    @Override
    public CompletableFuture<Optional<Head>> readHead(long timeoutMs) {
        return operate(false, () -> cluster.head);
    }

    @Override
    public CompletableFuture<Boolean> compareAndSetHead(Optional<Head> expected, Head update, long timeoutMs) {
        return operate(true, () -> {
            boolean same = cluster.head.equals(expected);
            cluster.head = same ? Optional.of(update) : cluster.head;
            return same;
        });
    }

    @Override
    public void close() {
        closed = true;
        if (cluster.holder.filter(holder -> holder == this).isPresent()) {
            cluster.holder = Optional.empty();
        }
    }

    private boolean holds(int epoch) {
        return heldEpoch == epoch && cluster.holder.filter(holder -> holder == this).isPresent();
    }

    private <T> CompletableFuture<T> operate(boolean change, Supplier<T> operation) {
        if (closed) {
            return CompletableFuture.failedFuture(new MetadataUnavailable("closed", null));
        }
        Fault fault = faults.isEmpty() ? Fault.NONE : faults.remove();
        switch (fault) {
            case REPLY_LOST -> operation.get();
            case LATE -> cluster.late.add(operation::get);
            case NONE -> {
                return CompletableFuture.completedFuture(operation.get());
            }
            case HELD -> {
                CompletableFuture<T> answer = new CompletableFuture<>();
                T value = operation.get();
                held.add(() -> answer.complete(value));
                return answer;
            }
            case REFUSED, REQUEST_LOST -> { }
        }
        boolean unknown = change && fault != Fault.REFUSED;
        return CompletableFuture.failedFuture(unknown ? new MetadataOutcomeUnknown("no answer in time", null) : new MetadataUnavailable("refused", null));
    }
}
