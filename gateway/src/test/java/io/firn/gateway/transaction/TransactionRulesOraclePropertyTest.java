package io.firn.gateway.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.Seeds;
import io.firn.gateway.transaction.Decision.Keep;
import io.firn.gateway.transaction.Decision.NeedsProducerId;
import io.firn.gateway.transaction.Decision.Write;
import io.firn.gateway.transaction.TransactionRules.End;
import io.firn.gateway.transaction.TransactionRules.Producer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.transaction.TransactionCoordinatorRecordSerde;
import org.apache.kafka.coordinator.transaction.TransactionLog;
import org.apache.kafka.coordinator.transaction.TransactionMetadata;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.coordinator.transaction.TxnTransitMetadata;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogValue;
import org.apache.kafka.server.common.TransactionVersion;
import org.junit.jupiter.api.Test;

/**
 * For any run of requests our rules make the transitions of Kafka's {@code TransactionMetadata}, refuse what it refuses, and write the same bytes. The oracle is driven as Kafka's coordinator drives
 * it: the conditions are written down here a second time, from its table of retries and errors.
 */
class TransactionRulesOraclePropertyTest {
    private static final int STEPS = 120;
    private static final int TIMEOUT_MS = 1_000;
    private static final String ID = "tx";

    @Test
    void everyRunOfRequestsLeavesTheStateAndTheBytesThatKafkaWouldLeave() {
        Seeds.each(400, random -> new Run(random).play());
    }

    private static final class Run {
        private final Random random;
        private final List<Producer> known = new ArrayList<>(List.of(new Producer(77, (short) 0)));
        private Optional<Transaction> ours = Optional.empty();
        private Optional<TransactionMetadata> kafka = Optional.empty();
        private long nowMs = 1_000_000;
        private long nextId = 100;

        Run(Random random) {
            this.random = random;
        }

        void play() {
            for (int step = 0; step < STEPS; step++) {
                nowMs += random.nextInt(400);
                switch (random.nextInt(10)) {
                    case 0, 1 -> initialize();
                    case 2, 3, 4 -> addPartitions();
                    case 5, 6 -> end();
                    case 7 -> timeOut();
                    case 8 -> complete();
                    default -> rare();
                }
                compare();
            }
        }

        /** A restart, or an epoch near its end. */
        private void rare() {
            if (random.nextInt(4) > 0) {
                complete();
            } else if (random.nextBoolean()) {
                ours = ours.map(Run::reloaded);
                kafka = kafka.map(Run::reloaded);
            } else if (ours.isPresent() && !ours.get().isPrepared() && ours.get().epoch() >= 0) {
                short epoch = (short) (Short.MAX_VALUE - 1 - random.nextInt(3));
                Transaction now = ours.get();
                ours = Optional.of(new Transaction(now.producerId(), now.previousProducerId(), now.nextProducerId(), epoch, now.lastEpoch(), now.timeoutMs(), now.state(), now.partitions(),
                        now.startMs(), now.updateMs(), now.version()));
                kafka.get().setProducerEpoch(epoch);
                known.add(new Producer(now.producerId(), epoch));
            }
        }

        private static Transaction reloaded(Transaction transaction) {
            TransactionCoordinatorRecordSerde serde = new TransactionCoordinatorRecordSerde();
            CoordinatorRecord written = TransactionRecords.record(ID, transaction);
            return TransactionRecords.transaction(serde.deserialize(ByteBuffer.wrap(serde.serializeKey(written)), ByteBuffer.wrap(serde.serializeValue(written))));
        }

        private static TransactionMetadata reloaded(TransactionMetadata metadata) {
            return ((TransactionLog.TxnRecord) TransactionLog.read(ByteBuffer.wrap(TransactionLog.keyToBytes(ID)),
                    ByteBuffer.wrap(TransactionLog.valueToBytes(metadata.prepareNoTransit(), TransactionVersion.TV_2)))).metadata();
        }

        private Producer producer() {
            if (ours.isPresent() && random.nextInt(3) > 0) {
                return new Producer(ours.get().producerId(), (short) Math.max(0, ours.get().epoch() - random.nextInt(2)));
            }
            return known.get(random.nextInt(known.size()));
        }

        // Requests

        private void initialize() {
            Optional<Producer> expected = random.nextBoolean() ? Optional.empty() : Optional.of(producer());
            long fresh = nextId++;
            Decision decision = withFreshId(fresh, id -> TransactionRules.initialize(ours, TIMEOUT_MS, expected, id, nowMs));
            if (kafka.isEmpty()) {
                kafka = Optional.of(new TransactionMetadata(ID, fresh, -1, -1, (short) -1, (short) -1, TIMEOUT_MS, TransactionState.EMPTY, new HashSet<>(), -1, nowMs, TransactionVersion.TV_0));
            }
            TransactionMetadata metadata = kafka.get();
            boolean mayGoOn = expected.isEmpty() || metadata.producerEpoch() == -1 || expected.get().id() == metadata.producerId()
                    || expected.get().id() == metadata.prevProducerId() && TransactionMetadata.isEpochExhausted(expected.get().epoch());
            if (isPrepared(metadata)) {
                assertRefused(decision, Errors.CONCURRENT_TRANSACTIONS);
            } else if (!mayGoOn) {
                assertRefused(decision, Errors.PRODUCER_FENCED);
            } else if (metadata.state() == TransactionState.ONGOING) {
                assertReply(decision, Errors.CONCURRENT_TRANSACTIONS);
                kafkaFences(decision, fresh);
            } else if (metadata.isProducerEpochExhausted() && expected.map(producer -> producer.epoch() == metadata.producerEpoch()).orElse(true)) {
                apply(decision, metadata.prepareProducerIdRotation(fresh, TIMEOUT_MS, nowMs, expected.isPresent()));
            } else if (metadata.isProducerEpochExhausted()) {
                // Kafka's own code throws here and answers UNKNOWN_SERVER_ERROR; ours tells the producer what it is.
                if (decision instanceof Write write) {
                    assertThat(expected.get().epoch()).isEqualTo(metadata.lastProducerEpoch());
                    ours = Optional.of(reloaded(write.next()));
                    kafka = Optional.of(new TransactionMetadata(ID, metadata.producerId(), metadata.producerId(), -1, metadata.producerEpoch(), (short) -1, TIMEOUT_MS,
                            TransactionState.EMPTY, new HashSet<>(), -1, nowMs, metadata.clientTransactionVersion()));
                } else {
                    assertRefused(decision, Errors.PRODUCER_FENCED);
                }
            } else {
                kafkaIncrements(decision, metadata, expected);
            }
        }

        private void kafkaIncrements(Decision decision, TransactionMetadata metadata, Optional<Producer> expected) {
            try {
                apply(decision, metadata.prepareIncrementProducerEpoch(TIMEOUT_MS, expected.map(Producer::epoch), nowMs));
            } catch (org.apache.kafka.common.errors.ProducerFencedException e) {
                assertRefused(decision, Errors.PRODUCER_FENCED);
                if (metadata.producerEpoch() == -1) {
                    kafka = Optional.empty();
                }
            }
        }

        private void kafkaFences(Decision decision, long fresh) {
            TransactionMetadata metadata = kafka.get();
            long next = metadata.isProducerEpochExhausted() ? fresh : -1;
            apply(decision, metadata.prepareAbortOrCommit(TransactionState.PREPARE_ABORT, TransactionVersion.TV_2, next, nowMs, false));
        }

        private void addPartitions() {
            Producer producer = producer();
            Set<TopicPartition> added = Set.of(new TopicPartition("t" + random.nextInt(3), random.nextInt(2)), new TopicPartition("u", random.nextInt(3)));
            TransactionVersion version = random.nextBoolean() ? TransactionVersion.TV_2 : TransactionVersion.TV_0;
            Decision decision = TransactionRules.addPartitions(ours, producer, added, version, nowMs);
            if (kafka.isEmpty()) {
                assertRefused(decision, Errors.INVALID_PRODUCER_ID_MAPPING);
                return;
            }
            TransactionMetadata metadata = kafka.get();
            if (isPrepared(metadata)) {
                assertRefused(decision, Errors.CONCURRENT_TRANSACTIONS);
            } else if (metadata.producerId() != producer.id()) {
                assertRefused(decision, Errors.INVALID_PRODUCER_ID_MAPPING);
            } else if (metadata.producerEpoch() != producer.epoch()) {
                assertRefused(decision, Errors.PRODUCER_FENCED);
            } else if (metadata.state() == TransactionState.ONGOING && metadata.topicPartitions().containsAll(added)) {
                assertRefused(decision, Errors.NONE);
            } else {
                apply(decision, metadata.prepareAddPartitions(added, nowMs, version));
                assertReply(decision, Errors.NONE);
            }
        }

        private void end() {
            Producer producer = producer();
            boolean commit = random.nextBoolean();
            TransactionVersion version = random.nextInt(3) > 0 ? TransactionVersion.TV_2 : TransactionVersion.TV_0;
            long fresh = nextId++;
            Decision decision = withFreshId(fresh, id -> TransactionRules.end(ours, new End(producer, commit, version), id, nowMs));
            if (kafka.isEmpty()) {
                assertRefused(decision, Errors.INVALID_PRODUCER_ID_MAPPING);
            } else if (version.supportsEpochBump()) {
                kafkaEndsRaising(decision, producer, commit, fresh);
            } else {
                kafkaEndsKeeping(decision, producer, commit);
            }
        }

        private void kafkaEndsKeeping(Decision decision, Producer producer, boolean commit) {
            TransactionMetadata metadata = kafka.get();
            TransactionState same = commit ? TransactionState.COMPLETE_COMMIT : TransactionState.COMPLETE_ABORT;
            if (metadata.producerId() != producer.id()) {
                assertRefused(decision, Errors.INVALID_PRODUCER_ID_MAPPING);
            } else if (metadata.producerEpoch() != producer.epoch()) {
                assertRefused(decision, Errors.PRODUCER_FENCED);
            } else if (isPrepared(metadata)) {
                assertRefused(decision, Errors.CONCURRENT_TRANSACTIONS);
            } else if (metadata.state() == TransactionState.ONGOING) {
                apply(decision, metadata.prepareAbortOrCommit(commit ? TransactionState.PREPARE_COMMIT : TransactionState.PREPARE_ABORT, TransactionVersion.TV_0, -1, nowMs, false));
                assertThat(((Write) decision).reply()).isEqualTo(Reply.of(Errors.NONE));
            } else {
                assertRefused(decision, metadata.state() == same ? Errors.NONE : Errors.INVALID_TXN_STATE);
            }
        }

        private void kafkaEndsRaising(Decision decision, Producer producer, boolean commit, long fresh) {
            TransactionMetadata metadata = kafka.get();
            boolean overflowed = metadata.prevProducerId() == producer.id() && producer.epoch() == Short.MAX_VALUE - 1 && metadata.producerEpoch() == 0;
            boolean bumped = metadata.producerEpoch() == producer.epoch() + 1;
            boolean current = metadata.producerEpoch() == producer.epoch();
            boolean complete = metadata.state() == TransactionState.COMPLETE_COMMIT || metadata.state() == TransactionState.COMPLETE_ABORT;
            if (isPrepared(metadata)) {
                assertRefused(decision, Errors.CONCURRENT_TRANSACTIONS);
            } else if (metadata.producerId() != producer.id() && !overflowed) {
                assertRefused(decision, Errors.INVALID_PRODUCER_ID_MAPPING);
            } else if (!(complete ? current || bumped || overflowed : current)) {
                assertRefused(decision, Errors.PRODUCER_FENCED);
            } else if (metadata.state() == TransactionState.ONGOING) {
                kafkaEnds(decision, commit, fresh, false);
            } else if (complete && (bumped || overflowed)) {
                boolean committed = metadata.state() == TransactionState.COMPLETE_COMMIT;
                assertRefused(decision, commit == committed ? Errors.NONE : Errors.INVALID_TXN_STATE);
                if (commit == committed) {
                    assertThat(((Keep) decision).reply()).isEqualTo(new Reply(Errors.NONE, metadata.producerId(), metadata.producerEpoch()));
                }
            } else if (commit) {
                assertRefused(decision, Errors.INVALID_TXN_STATE);
            } else {
                kafkaEnds(decision, false, fresh, true);
            }
        }

        private void kafkaEnds(Decision decision, boolean commit, long fresh, boolean nothingAdded) {
            TransactionMetadata metadata = kafka.get();
            long next = metadata.isProducerEpochExhausted() ? fresh : -1;
            apply(decision, metadata.prepareAbortOrCommit(commit ? TransactionState.PREPARE_COMMIT : TransactionState.PREPARE_ABORT, TransactionVersion.TV_2, next, nowMs, nothingAdded));
            TxnTransitMetadata completed = kafka.get().prepareComplete(nowMs);
            kafka.get().pendingState(Optional.empty());
            Reply reply = ((Write) decision).reply();
            assertThat(reply).isEqualTo(new Reply(Errors.NONE, completed.producerId(), completed.producerEpoch()));
            known.add(new Producer(reply.producerId(), reply.epoch()));
        }

        private void timeOut() {
            if (ours.isEmpty()) {
                return;
            }
            Producer found = new Producer(ours.get().producerId(), ours.get().epoch());
            boolean due = kafka.get().state() == TransactionState.ONGOING && kafka.get().txnStartTimestamp() + kafka.get().txnTimeoutMs() < nowMs;
            long fresh = nextId++;
            Decision decision = withFreshId(fresh, id -> TransactionRules.timeOut(ours, found, id, nowMs));
            if (due) {
                kafkaFences(decision, fresh);
            } else {
                assertThat(decision).isInstanceOf(Keep.class);
            }
        }

        private void complete() {
            if (ours.isEmpty()) {
                return;
            }
            Decision decision = TransactionRules.complete(ours, ours.get(), nowMs);
            if (isPrepared(kafka.get())) {
                apply(decision, kafka.get().prepareComplete(nowMs));
            } else {
                assertThat(decision).isInstanceOf(Keep.class);
            }
        }

        // Both

        private static Decision withFreshId(long fresh, java.util.function.Function<OptionalLong, Decision> rule) {
            Decision decision = rule.apply(OptionalLong.empty());
            return decision instanceof NeedsProducerId ? rule.apply(OptionalLong.of(fresh)) : decision;
        }

        private static boolean isPrepared(TransactionMetadata metadata) {
            return metadata.state() == TransactionState.PREPARE_COMMIT || metadata.state() == TransactionState.PREPARE_ABORT;
        }

        private static void assertRefused(Decision decision, Errors error) {
            assertThat(decision).isInstanceOfSatisfying(Keep.class, keep -> assertThat(keep.reply().error()).isEqualTo(error));
        }

        private static void assertReply(Decision decision, Errors error) {
            assertThat(decision).isInstanceOfSatisfying(Write.class, write -> assertThat(write.reply().error()).isEqualTo(error));
        }

        private void apply(Decision decision, TxnTransitMetadata transit) {
            assertThat(decision).isInstanceOf(Write.class);
            Transaction next = ((Write) decision).next();
            assertThat(sorted(new TransactionCoordinatorRecordSerde().serializeValue(TransactionRecords.record(ID, next))))
                    .isEqualTo(sorted(TransactionLog.valueToBytes(transit, TransactionVersion.TV_2)));
            kafka.get().completeTransitionTo(transit);
            ours = Optional.of(next);
            known.add(new Producer(next.producerId(), next.epoch()));
        }

        /** The value with its partitions in one order: Kafka's come out of a hash set. */
        private static ByteBuffer sorted(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            short version = buffer.getShort();
            TransactionLogValue value = new TransactionLogValue(new ByteBufferAccessor(buffer), version);
            if (value.transactionPartitions() != null) {
                List<TransactionLogValue.PartitionsSchema> topics = new ArrayList<>(value.transactionPartitions());
                topics.sort(Comparator.comparing(TransactionLogValue.PartitionsSchema::topic));
                topics.forEach(topic -> topic.setPartitionIds(topic.partitionIds().stream().sorted().toList()));
                value.setTransactionPartitions(topics);
            }
            return MessageUtil.toVersionPrefixedByteBuffer(version, value);
        }

        private void compare() {
            assertThat(ours.isPresent()).isEqualTo(kafka.isPresent() && kafka.get().producerEpoch() != RecordBatch.NO_PRODUCER_EPOCH);
            ours.ifPresent(transaction -> {
                TransactionMetadata metadata = kafka.get();
                assertThat(transaction.lastEpoch()).isEqualTo(metadata.lastProducerEpoch());
                assertThat(transaction.state()).isEqualTo(metadata.state());
                assertThat(transaction.partitions()).isEqualTo(metadata.topicPartitions());
            });
        }
    }
}
