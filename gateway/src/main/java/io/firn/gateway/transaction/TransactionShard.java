package io.firn.gateway.transaction;

import io.firn.gateway.transaction.Decision.Keep;
import io.firn.gateway.transaction.Decision.Write;
import io.firn.gateway.transaction.TransactionRules.Producer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.coordinator.common.runtime.CoordinatorExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataImage;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetrics;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorShard;
import org.apache.kafka.coordinator.common.runtime.CoordinatorShardBuilder;
import org.apache.kafka.coordinator.common.runtime.CoordinatorTimer;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.timeline.SnapshotRegistry;
import org.apache.kafka.timeline.TimelineHashMap;

/**
 * The transactions of one partition of {@code __transaction_state}.
 *
 * <p>Changes only by {@link #replay}: of what was just decided, or of the log when loading. The runtime keeps the versions since the last committed offset, shows readers the committed one, and goes
 * back to an earlier one when a write fails.
 *
 * <p>Threading: the runtime calls one method at a time. Values are immutable.
 */
final class TransactionShard implements CoordinatorShard<CoordinatorRecord> {
    /** Transactional ids one operation forgets, or finds timed out; the rest has its turn in the next one. */
    static final int MAX_PER_SWEEP = 500;

    private final TopicPartition partition;
    private final Home home;
    private final MarkerDelivery delivery;
    private final TimelineHashMap<String, Transaction> transactions;

    /** What a shard tells those around it. */
    interface Home {
        /** Loaded: its prepared transactions have to be taken up. */
        void loaded(TopicPartition partition);

        /** Leader epoch of the partition, which its markers carry. */
        int epochOf(TopicPartition partition);
    }

    TransactionShard(TopicPartition partition, Home home, MarkerDelivery delivery, SnapshotRegistry registry) {
        this.partition = partition;
        this.home = home;
        this.delivery = delivery;
        this.transactions = new TimelineHashMap<>(registry, 0);
    }

    /** What became of a request: an answer, or none yet for want of a producer id; and the delivery to begin once it is committed. */
    record Outcome(Optional<Reply> reply, Optional<MarkerDelivery.Ending> ending) {}

    /** A transaction that is open for too long. */
    record TimedOut(String id, Producer producer) {}

    record Sweep(List<TimedOut> timedOut, List<MarkerDelivery.Ending> endings) {}

    CoordinatorResult<Outcome, CoordinatorRecord> decide(String id, Function<Optional<Transaction>, Decision> rule) {
        Decision decision = rule.apply(find(id));
        if (decision instanceof Keep keep) {
            return new CoordinatorResult<>(List.of(), new Outcome(Optional.of(keep.reply()), Optional.empty()));
        }
        if (decision instanceof Write write) {
            Optional<MarkerDelivery.Ending> ending = write.next().isPrepared() ? claim(id, write.next()) : Optional.empty();
            return new CoordinatorResult<>(List.of(TransactionRecords.record(id, write.next())), new Outcome(Optional.of(write.reply()), ending));
        }
        return new CoordinatorResult<>(List.of(), new Outcome(Optional.empty(), Optional.empty()));
    }

    private Optional<MarkerDelivery.Ending> claim(String id, Transaction prepared) {
        return delivery.claim(partition, home.epochOf(partition), id, prepared);
    }

    /** The answer to a question about {@code id}, given when all that it rests on is committed. */
    <T> CoordinatorResult<T, CoordinatorRecord> ask(String id, Function<Optional<Transaction>, T> question) {
        return new CoordinatorResult<>(List.of(), question.apply(find(id)));
    }

    private Optional<Transaction> find(String id) {
        return Optional.ofNullable(transactions.get(id));
    }

    /** What is open for too long, and what is prepared without anybody delivering it: after a load, or when the commitment of PREPARE_* came after its request was given up. */
    CoordinatorResult<Sweep, CoordinatorRecord> sweep(long nowMs) {
        List<TimedOut> timedOut = new ArrayList<>();
        List<MarkerDelivery.Ending> endings = new ArrayList<>();
        transactions.forEach((id, transaction) -> {
            if (transaction.isPrepared()) {
                claim(id, transaction).ifPresent(endings::add);
            } else if (transaction.isTimedOut(nowMs) && timedOut.size() < MAX_PER_SWEEP) {
                timedOut.add(new TimedOut(id, new Producer(transaction.producerId(), transaction.epoch())));
            }
        });
        return new CoordinatorResult<>(List.of(), new Sweep(timedOut, endings));
    }

    /** Forgets transactional ids that nobody has used for {@code expirationMs}; tells how many. */
    CoordinatorResult<Integer, CoordinatorRecord> expire(long nowMs, long expirationMs) {
        List<CoordinatorRecord> tombstones = transactions.entrySet().stream().filter(entry -> entry.getValue().isExpired(nowMs, expirationMs)).limit(MAX_PER_SWEEP)
                .map(entry -> TransactionRecords.tombstone(entry.getKey())).toList();
        return new CoordinatorResult<>(tombstones, tombstones.size(), null, true, false);
    }

    Optional<Transaction> committed(String id, long offset) {
        return Optional.ofNullable(transactions.get(id, offset));
    }

    /** All that match, as committed at {@code offset}. */
    Map<String, Transaction> committed(long offset, BiPredicate<String, Transaction> filter) {
        Map<String, Transaction> found = new HashMap<>();
        Stream<Map.Entry<String, Transaction>> all = transactions.entrySet(offset).stream();
        all.filter(entry -> filter.test(entry.getKey(), entry.getValue())).forEach(entry -> found.put(entry.getKey(), entry.getValue()));
        return found;
    }

    @Override
    public void replay(long offset, long producerId, short producerEpoch, CoordinatorRecord record) {
        if (record.value() == null) {
            transactions.remove(TransactionRecords.id(record));
        } else {
            transactions.put(TransactionRecords.id(record), TransactionRecords.transaction(record));
        }
    }

    @Override
    public void onLoaded(CoordinatorMetadataImage image) {
        home.loaded(partition);
    }

    @Override
    public void onUnloaded() {
        delivery.cancel(partition);
    }

    /** Of what the runtime offers a shard needs its partition and the registry. */
    static final class Builder implements CoordinatorShardBuilder<TransactionShard, CoordinatorRecord> {
        private final Home home;
        private final MarkerDelivery delivery;
        private Optional<TopicPartition> partition = Optional.empty();
        private Optional<SnapshotRegistry> registry = Optional.empty();

        Builder(Home home, MarkerDelivery delivery) {
            this.home = home;
            this.delivery = delivery;
        }

        @Override
        public Builder withSnapshotRegistry(SnapshotRegistry snapshotRegistry) {
            registry = Optional.of(snapshotRegistry);
            return this;
        }

        @Override
        public Builder withTopicPartition(TopicPartition topicPartition) {
            partition = Optional.of(topicPartition);
            return this;
        }

        @Override
        public Builder withLogContext(LogContext logContext) {
            return this;
        }

        @Override
        public Builder withTime(Time time) {
            return this;
        }

        @Override
        public Builder withTimer(CoordinatorTimer<CoordinatorRecord> timer) {
            return this;
        }

        @Override
        public Builder withExecutor(CoordinatorExecutor<CoordinatorRecord> executor) {
            return this;
        }

        @Override
        public Builder withCoordinatorMetrics(CoordinatorMetrics coordinatorMetrics) {
            return this;
        }

        @Override
        public TransactionShard build() {
            return new TransactionShard(partition.orElseThrow(), home, delivery, registry.orElseThrow());
        }
    }
}
