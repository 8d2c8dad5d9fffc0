package io.firn.gateway.transaction;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.transaction.TransactionRules.End;
import io.firn.gateway.transaction.TransactionRules.Producer;
import io.firn.gateway.transaction.TransactionShard.Outcome;
import io.firn.gateway.transaction.TransactionShard.Sweep;
import io.firn.gateway.transaction.TransactionShard.TimedOut;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.CoordinatorLoadInProgressException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.common.runtime.CoordinatorOperationExceptionHelper;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRuntime;
import org.apache.kafka.server.common.TransactionVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts requests to the shards, and begins the delivery of what they prepared.
 *
 * <p>An answer is given when what it says is committed. A request whose commitment takes too long gets COORDINATOR_NOT_AVAILABLE and may be carried out all the same: asked again, it
 * meets the state it has made. What was prepared that way is found by the next {@link #sweep}.
 *
 * <p>Threading: thread-safe; futures complete on the coordinator's threads and never fail.
 */
final class TransactionCoordinator {
    private static final Logger log = LoggerFactory.getLogger(TransactionCoordinator.class);

    private final CoordinatorRuntime<TransactionShard, CoordinatorRecord> runtime;
    private final int partitions;
    private final Supplier<CompletableFuture<Long>> producerIds;
    private final TransactionSettings settings;
    private final InstantSource clock;

    TransactionCoordinator(CoordinatorRuntime<TransactionShard, CoordinatorRecord> runtime, int partitions, Supplier<CompletableFuture<Long>> producerIds, TransactionSettings settings,
            InstantSource clock) {
        this.runtime = runtime;
        this.partitions = partitions;
        this.producerIds = producerIds;
        this.settings = settings;
        this.clock = clock;
    }

    /** What a request does, given a new producer id if it asked for one. */
    @FunctionalInterface
    private interface Rule {
        Decision decide(Optional<Transaction> current, OptionalLong freshId, long nowMs);
    }

    // Requests

    CompletableFuture<Reply> initialize(String id, int timeoutMs, Optional<Producer> expected) {
        if (timeoutMs <= 0 || timeoutMs > settings.maxTimeoutMs()) {
            return CompletableFuture.completedFuture(Reply.of(Errors.INVALID_TRANSACTION_TIMEOUT));
        }
        return write("init-producer-id", id, (current, fresh, now) -> TransactionRules.initialize(current, timeoutMs, expected, fresh, now));
    }

    CompletableFuture<Errors> addPartitions(String id, Producer producer, Set<TopicPartition> added, TransactionVersion version) {
        return write("add-partitions", id, (current, fresh, now) -> TransactionRules.addPartitions(current, producer, added, version, now)).thenApply(Reply::error);
    }

    CompletableFuture<Map<TopicPartition, Errors>> verifyPartitions(String id, Producer producer, Set<TopicPartition> asked) {
        return runtime.scheduleWriteOperation("verify-partitions", home(id), shard -> shard.ask(id, current -> answers(asked, partition -> TransactionRules.verify(current, producer, partition))))
                .exceptionally(failure -> answers(asked, partition -> errorOf("verify-partitions", id, failure)));
    }

    private static Map<TopicPartition, Errors> answers(Set<TopicPartition> asked, Function<TopicPartition, Errors> answer) {
        Map<TopicPartition, Errors> answers = new HashMap<>();
        asked.forEach(partition -> answers.put(partition, answer.apply(partition)));
        return answers;
    }

    CompletableFuture<Reply> end(String id, End end) {
        return write("end-transaction", id, (current, fresh, now) -> TransactionRules.end(current, end, fresh, now));
    }

    /** All markers of {@code prepared} are written. */
    CompletableFuture<Errors> complete(String id, Transaction prepared) {
        return write("complete-transaction", id, (current, fresh, now) -> TransactionRules.complete(current, prepared, now)).thenApply(Reply::error);
    }

    private CompletableFuture<Reply> write(String name, String id, Rule rule) {
        return write(name, id, rule, OptionalLong.empty()).exceptionally(failure -> Reply.of(errorOf(name, id, failure)));
    }

    private CompletableFuture<Reply> write(String name, String id, Rule rule, OptionalLong freshId) {
        Outcome[] made = new Outcome[1]; // the future tells of it only when all went well
        return runtime.scheduleWriteOperation(name, home(id), shard -> {
            var result = shard.decide(id, current -> rule.decide(current, freshId, clock.millis()));
            made[0] = result.response();
            return result;
        }).whenComplete((outcome, failure) -> settle(made[0], failure)).thenCompose(outcome -> outcome.reply().map(CompletableFuture::completedFuture)
                .orElseGet(() -> producerId().thenCompose(fresh -> write(name, id, rule, OptionalLong.of(fresh)))));
    }

    /** Whatever keeps the controller from giving one, every client tries again on this error. */
    private CompletableFuture<Long> producerId() {
        return producerIds.get().exceptionallyCompose(failure -> CompletableFuture.failedFuture(new CoordinatorLoadInProgressException("No producer id at this time.", failure)));
    }

    private static void settle(Outcome outcome, Throwable failure) {
        if (outcome != null) {
            outcome.ending().ifPresent(ending -> settle(ending, failure));
        }
    }

    private static void settle(MarkerDelivery.Ending ending, Throwable failure) {
        if (failure == null) {
            ending.begin();
        } else {
            ending.release();
        }
    }

    // Questions

    /** The transaction as committed; fails with what keeps it from being known here. */
    CompletableFuture<Optional<Transaction>> describe(String id) {
        return runtime.scheduleReadOperation("describe-transaction", home(id), (shard, offset) -> shard.committed(id, offset));
    }

    /** All committed transactions that match; fails while a partition loads. Those of partitions that could not be loaded are missing. */
    CompletableFuture<Map<String, Transaction>> list(BiPredicate<String, Transaction> filter) {
        List<CompletableFuture<Map<String, Transaction>>> parts = runtime.scheduleReadAllOperation("list-transactions", (shard, offset) -> shard.committed(offset, filter)).stream()
                .map(part -> part.exceptionallyCompose(failure -> ErrorMapping.of(failure) == Errors.NOT_COORDINATOR ? CompletableFuture.completedFuture(Map.of())
                        : CompletableFuture.failedFuture(failure))).toList();
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> {
            Map<String, Transaction> all = new HashMap<>();
            parts.forEach(part -> all.putAll(part.join()));
            return all;
        });
    }

    // By itself

    /** Aborts what is open for too long, and takes up what is prepared and delivered by nobody. */
    void sweep() {
        runtime.activeCoordinators().forEach(this::sweep);
    }

    void sweep(TopicPartition home) {
        Sweep[] made = new Sweep[1];
        runtime.scheduleWriteOperation("sweep-transactions", home, shard -> {
            var result = shard.sweep(clock.millis());
            made[0] = result.response();
            return result;
        }).whenComplete((sweep, failure) -> {
            if (made[0] != null) {
                made[0].endings().forEach(ending -> settle(ending, failure));
            }
            if (failure == null) {
                sweep.timedOut().forEach(this::timeOut);
            }
        });
    }

    private void timeOut(TimedOut open) {
        write("time-out-transaction", open.id(), (current, fresh, now) -> TransactionRules.timeOut(current, open.producer(), fresh, now)).thenAccept(reply -> {
            if (reply.error() == Errors.NONE) {
                log.atInfo().addKeyValue("transactionalId", open.id()).addKeyValue("producerId", open.producer().id()).log("Transaction aborted: it was open for longer than its producer's timeout");
            } else if (reply.error() != Errors.CONCURRENT_TRANSACTIONS) { // else it came to an end by itself
                log.atWarn().addKeyValue("transactionalId", open.id()).addKeyValue("error", reply.error()).log("A transaction that is open for too long could not be aborted; trying again");
            }
        });
    }

    /** Forgets transactional ids that were not used for long. */
    void expire() {
        runtime.activeCoordinators().forEach(this::expire);
    }

    private void expire(TopicPartition home) {
        runtime.scheduleWriteOperation("expire-transactional-ids", home, shard -> shard.expire(clock.millis(), settings.idExpirationMs())).whenComplete((count, failure) -> {
            if (failure != null) {
                log.atInfo().addKeyValue("partition", home).addKeyValue("reason", failure.toString()).log("Unused transactional ids could not be forgotten; trying again later");
            } else if (count == TransactionShard.MAX_PER_SWEEP) {
                expire(home);
            }
        });
    }

    // Addresses and errors

    TopicPartition home(String id) {
        return new TopicPartition(Topic.TRANSACTION_STATE_TOPIC_NAME, partitionOf(id, partitions));
    }

    /** Where Kafka keeps a transactional id. */
    static int partitionOf(String id, int partitions) {
        return Utils.abs(id.hashCode()) % partitions;
    }

    static Errors errorOf(String name, String id, Throwable failure) {
        return CoordinatorOperationExceptionHelper.handleOperationException(name, id, ErrorMapping.unwrap(failure), (error, message) -> error, log);
    }
}
