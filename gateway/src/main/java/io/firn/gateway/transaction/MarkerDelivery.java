package io.firn.gateway.transaction;

import io.firn.gateway.api.ErrorMapping;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees prepared transactions to their end: markers into all their partitions, then the completion into the coordinator's log.
 *
 * <p>Life of an {@link Ending}: <b>claimed</b>, while its PREPARE_* is on the way to be committed, so that nobody else delivers the same → <b>begun</b>, waiting for its turn or sending →
 * markers left are sent again after a pause → completion written, again after a pause if need be → gone. It is gone early when this broker does not coordinate the transaction any more.
 *
 * <p>A marker is tried for as long as this broker coordinates the transaction: giving up would leave the partition's readers waiting for ever. A partition is done when its marker is committed, when
 * its topic was deleted, or when a later epoch of the producer is already there (then nothing of this transaction is open).
 *
 * <p>Limits: one ending a transactional id, so as many as the coordinator holds prepared transactions in memory; {@link #MAX_SENDING} are under way at the same time, the others wait in order.
 * The pause doubles from {@link #FIRST_PAUSE_MS} to {@link #LAST_PAUSE_MS}. Who pauses is not under way: partitions that stay out of reach hold up no transactions but their own.
 *
 * <p>Threading: {@link #claim}, {@link Ending#begin}, {@link Ending#release} and {@link #cancel} may be called from anywhere; the rest is confined to {@code executor}, a single thread that is
 * never blocked here.
 */
final class MarkerDelivery {
    static final int MAX_SENDING = 1_000;
    static final long FIRST_PAUSE_MS = 20;
    static final long LAST_PAUSE_MS = 5_000;
    private static final int WARN_AT_ATTEMPT = 8;
    private static final Logger log = LoggerFactory.getLogger(MarkerDelivery.class);

    private final MarkerSender sender;
    private final Predicate<TopicPartition> exists;
    private final Completion completion;
    private final ScheduledExecutorService executor;
    private final Map<String, Ending> endings = new ConcurrentHashMap<>();

    private final Queue<Ending> waiting = new ArrayDeque<>();
    private int sending;
    private boolean givingTurns;

    /** Writes into the coordinator's log that all markers of {@code prepared} are there; completes when that is committed. */
    @FunctionalInterface
    interface Completion {
        CompletableFuture<Errors> write(String id, Transaction prepared);
    }

    /** @param exists whether the cluster has the partition */
    MarkerDelivery(MarkerSender sender, Predicate<TopicPartition> exists, Completion completion, ScheduledExecutorService executor) {
        this.sender = sender;
        this.exists = exists;
        this.completion = completion;
        this.executor = executor;
    }

    /**
     * Takes over a transaction; empty if it is taken already. To be called while nothing else can change the transaction. What is still here of an earlier one of the same transactional id has
     * written its completion, or the later one could not be there, and is replaced.
     *
     * @param home the coordinator's partition, of leader epoch {@code coordinatorEpoch}
     * @param prepared the same object each time it is about the same end of the same transaction
     */
    Optional<Ending> claim(TopicPartition home, int coordinatorEpoch, String id, Transaction prepared) {
        Ending ending = new Ending(home, coordinatorEpoch, id, prepared);
        Ending inPlace = endings.compute(id, (same, present) -> present != null && present.prepared == prepared ? present : ending);
        return inPlace == ending ? Optional.of(ending) : Optional.empty();
    }

    /** Forgets everything of a partition that this broker coordinates no more. What was sent may still be written. */
    void cancel(TopicPartition home) {
        endings.values().removeIf(ending -> ending.home.equals(home));
    }

    /** Transactions that are prepared and not complete. */
    int size() {
        return endings.size();
    }

    /** One transaction on its way to its end. */
    final class Ending {
        private final TopicPartition home;
        private final String id;
        private final Transaction prepared;
        private final EndMarker marker;
        private final Set<TopicPartition> left;
        private Runnable step = this::send;
        private int attempts;

        private Ending(TopicPartition home, int coordinatorEpoch, String id, Transaction prepared) {
            this.home = home;
            this.id = id;
            this.prepared = prepared;
            this.marker = new EndMarker(prepared.producerId(), prepared.epoch(), coordinatorEpoch, isCommit(prepared), prepared.version().featureLevel(), prepared.partitions());
            this.left = new HashSet<>(prepared.partitions());
        }

        /** Its PREPARE_* is committed. */
        void begin() {
            executor.execute(this::queue);
        }

        private void queue() {
            waiting.add(this);
            next();
        }

        /** Its PREPARE_* is not known to be committed: whoever finds it so may claim it. */
        void release() {
            endings.remove(id, this);
        }

        private boolean cancelled() {
            return endings.get(id) != this;
        }

        /** Does what comes next. A failure nobody foresaw must not lose the turn, or the transaction would stay prepared for ever. */
        private void turn() {
            if (cancelled()) {
                end();
                return;
            }
            try {
                step.run();
            } catch (RuntimeException e) {
                log.atError().addKeyValue("transactionalId", id).setCause(e).log("Ending a transaction failed unexpectedly; trying again");
                again(step);
            }
        }

        private void send() {
            left.removeIf(partition -> !exists.test(partition));
            if (left.isEmpty()) {
                complete();
            } else {
                sender.send(marker.at(left)).handleAsync(this::sent, executor);
            }
        }

        private Void sent(Map<TopicPartition, Errors> answers, Throwable failure) {
            if (failure != null) {
                log.atError().addKeyValue("transactionalId", id).setCause(failure).log("Sending transaction markers failed unexpectedly; trying again");
                again(this::send);
                return null;
            }
            if (answers.containsValue(Errors.TRANSACTION_COORDINATOR_FENCED)) {
                log.atWarn().addKeyValue("transactionalId", id).addKeyValue("coordinatorEpoch", marker.coordinatorEpoch()).log("Another coordinator ends this transaction");
                end();
                return null;
            }
            answers.forEach(this::answered);
            if (left.isEmpty()) {
                step = this::complete;
                turn();
            } else {
                again(this::send);
            }
            return null;
        }

        private void answered(TopicPartition partition, Errors error) {
            if (error == Errors.NONE) {
                left.remove(partition);
            } else if (error == Errors.INVALID_PRODUCER_EPOCH) {
                log.atWarn().addKeyValue("transactionalId", id).addKeyValue("partition", partition).addKeyValue("epoch", marker.epoch())
                        .log("The partition has seen a later epoch of the producer: nothing of this transaction is open there");
                left.remove(partition);
            } else if (attempts == WARN_AT_ATTEMPT) {
                log.atWarn().addKeyValue("transactionalId", id).addKeyValue("partition", partition).addKeyValue("error", error).log("A transaction marker cannot be written yet; trying on");
            }
        }

        private void complete() {
            completion.write(id, prepared).handleAsync(this::completed, executor);
        }

        private Void completed(Errors error, Throwable failure) {
            Errors outcome = failure == null ? error : ErrorMapping.of(failure);
            if (cancelled() || outcome == Errors.NONE || outcome == Errors.NOT_COORDINATOR || outcome == Errors.COORDINATOR_LOAD_IN_PROGRESS) {
                end(); // who does not coordinate it leaves it to the one who does, and finds it when loading
            } else {
                again(this::complete);
            }
            return null;
        }

        private void again(Runnable next) {
            if (cancelled()) {
                end();
                return;
            }
            long pauseMs = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS << Math.min(attempts, 20));
            attempts++;
            step = next;
            executor.schedule(this::queue, pauseMs, TimeUnit.MILLISECONDS);
            pass();
        }

        private void end() {
            endings.remove(id, this);
            pass();
        }

        private void pass() {
            sending--;
            next();
        }
    }

    private static boolean isCommit(Transaction prepared) {
        return prepared.state() == org.apache.kafka.coordinator.transaction.TransactionState.PREPARE_COMMIT;
    }

    /** Turns are given in one loop, not on the stack of those that end at once: there may be thousands. */
    private void next() {
        if (givingTurns) {
            return;
        }
        givingTurns = true;
        try {
            while (sending < MAX_SENDING && !waiting.isEmpty()) {
                sending++;
                waiting.remove().turn();
            }
        } finally {
            givingTurns = false;
        }
    }
}
