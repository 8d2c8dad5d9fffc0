package io.firn.hot.producer;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.MarkerRule;
import io.firn.hot.ProducerStamp;
import io.firn.hot.Seeds;
import io.firn.hot.TransactionTerms;
import io.firn.hot.VerificationStart;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.Batches;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.TransactionCoordinatorFencedException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.BatchMetadata;
import org.apache.kafka.storage.internals.log.CompletedTxn;
import org.apache.kafka.storage.internals.log.ProducerAppendInfo;
import org.apache.kafka.storage.internals.log.ProducerStateEntry;
import org.apache.kafka.storage.internals.log.ProducerStateManager;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import org.apache.kafka.storage.internals.log.VerificationStateEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** For any run of batches our producer state decides, remembers and writes what Kafka's does. */
class ProducerStatesOraclePropertyTest {

    private static final long T0 = 1_000_000;
    private static final int STEPS = 120;

    @TempDir
    Path directory;

    @Test
    void decidesAsKafkaDoesForAnyRunOfBatches() {
        Seeds.each(300, random -> new Run(random, Files.createTempDirectory(directory, "run")).play());
    }

    /** One run of random batches through both. */
    private final class Run {
        private final Random random;
        private final Path files;
        private final ProducerLimits limits = new ProducerLimits(1000, Long.MAX_VALUE);
        private ProducerStates ours = ProducerStates.empty(limits);
        private ProducerStateManager kafka;
        private long endOffset;
        private long highWatermark;
        private Optional<AbortedTransaction> kafkaAborted = Optional.empty();

        /** The last guard that was given out for each producer; it may count no more. */
        private final Map<Long, Guards> given = new HashMap<>();

        private record Guards(Object ours, VerificationGuard kafka) {}

        Run(Random random, Path files) throws IOException {
            this.random = random;
            this.files = files;
            this.kafka = manager();
        }

        private ProducerStateManager manager() throws IOException {
            return new ProducerStateManager(new TopicPartition("t", 0), files.toFile(), 60_000, new ProducerStateManagerConfig(Integer.MAX_VALUE, false), Time.SYSTEM);
        }

        void play() throws Exception {
            for (int step = 0; step < STEPS; step++) {
                switch (random.nextInt(16)) {
                    case 0 -> advanceHighWatermark();
                    case 1 -> reloadBothFromOurSnapshot();
                    case 2, 3, 4 -> beginVerification();
                    default -> append();
                }
                compareState();
            }
        }

        private void append() throws IOException {
            ByteBuffer bytes = randomBatch();
            BatchHeader batch = Batches.header(bytes);
            AppendOrigin origin = batch.isControl() ? AppendOrigin.COORDINATOR : random.nextInt(6) == 0 ? AppendOrigin.COORDINATOR : AppendOrigin.CLIENT;
            MarkerRule rule = random.nextBoolean() ? MarkerRule.EPOCH_ABOVE : MarkerRule.EPOCH_NOT_BELOW;
            Guards shown = given.getOrDefault(random.nextInt(10) == 0 ? random.nextLong(4) : batch.producerId(), new Guards(TransactionTerms.NO_GUARD, VerificationGuard.SENTINEL));
            boolean verified = random.nextInt(3) > 0;
            ProducerDecision expected = verified ? verifiedByKafka(bytes, origin, shown.kafka()).orElseGet(() -> kafkaAppends(bytes, origin, rule)) : kafkaAppends(bytes, origin, rule);
            ProducerDecision decision = ours.check(batch, origin, new TransactionTerms(rule, verified, shown.ours()));
            if (expected instanceof ProducerDecision.Refuse refused) {
                assertThat(decision).isInstanceOfSatisfying(ProducerDecision.Refuse.class, r -> assertThat(r.error()).as(r.message()).isEqualTo(refused.error()));
                return;
            }
            assertThat(decision).isEqualTo(expected);
            if (decision instanceof ProducerDecision.Accept) {
                assertThat(ours.apply(batch, T0)).isEqualTo(kafkaAborted);
                endOffset = batch.nextOffset();
            }
        }

        private void beginVerification() {
            BatchHeader coming = Batches.header(randomBatch());
            ProducerStamp stamp = new ProducerStamp(coming.producerId(), coming.producerEpoch(), coming.baseSequence());
            boolean addsPartition = random.nextBoolean();
            VerificationStart start = ours.beginVerification(stamp, addsPartition, new Object(), T0);
            ProducerStateEntry entry = kafka.activeProducers().get(stamp.producerId());
            if (entry != null && stamp.epoch() < entry.producerEpoch()) {
                assertThat(start).isInstanceOfSatisfying(VerificationStart.Refused.class, refused -> assertThat(refused.error()).isEqualTo(AppendError.INVALID_PRODUCER_EPOCH));
            } else if (isOpen(stamp.producerId(), stamp.epoch())) {
                assertThat(start).isInstanceOf(VerificationStart.Open.class);
            } else {
                VerificationGuard guard = kafka.maybeCreateVerificationStateEntry(stamp.producerId(), stamp.baseSequence(), stamp.epoch(), addsPartition).verificationGuard();
                assertThat(start).isInstanceOfSatisfying(VerificationStart.Needed.class, needed -> given.put(stamp.producerId(), new Guards(needed.guard(), guard)));
            }
        }

        private boolean isOpen(long producerId, short epoch) {
            ProducerStateEntry entry = kafka.activeProducers().get(producerId);
            return entry != null && entry.currentTxnFirstOffset().isPresent() && entry.producerEpoch() == epoch;
        }

        /** What {@code UnifiedLog} checks of a transactional batch before the producer's own rules; empty if it has no objection, or finds a duplicate first. */
        private Optional<ProducerDecision> verifiedByKafka(ByteBuffer bytes, AppendOrigin origin, VerificationGuard shown) {
            RecordBatch batch = MemoryRecords.readableRecords(bytes.duplicate()).batches().iterator().next();
            if (!batch.isTransactional() || batch.isControlBatch() || isOpen(batch.producerId(), batch.producerEpoch())
                    || origin == AppendOrigin.CLIENT && duplicateOf(batch).isPresent()) {
                return Optional.empty();
            }
            ProducerStateEntry entry = kafka.activeProducers().get(batch.producerId());
            if (entry != null && batch.producerEpoch() < entry.producerEpoch()) {
                return Optional.of(new ProducerDecision.Refuse(AppendError.INVALID_PRODUCER_EPOCH, ""));
            }
            VerificationStateEntry begun = kafka.verificationStateEntry(batch.producerId());
            return begun != null && begun.verificationGuard().verify(shown) ? Optional.empty()
                    : Optional.of(new ProducerDecision.Refuse(AppendError.INVALID_TRANSACTION_STATE, ""));
        }

        private Optional<BatchMetadata> duplicateOf(RecordBatch batch) {
            return kafka.lastEntry(batch.producerId())
                    .filter(entry -> entry.producerEpoch() == batch.producerEpoch())
                    .flatMap(entry -> entry.batchMetadata().stream()
                            .filter(b -> b.firstSeq() == batch.baseSequence() && b.lastSeq() == batch.lastSequence()).findFirst());
        }

        /** What {@code UnifiedLog} does with one batch, by Kafka's own parts. */
        private ProducerDecision kafkaAppends(ByteBuffer bytes, AppendOrigin origin, MarkerRule rule) {
            RecordBatch batch = MemoryRecords.readableRecords(bytes.duplicate()).batches().iterator().next();
            if (origin == AppendOrigin.CLIENT) {
                Optional<BatchMetadata> duplicate = duplicateOf(batch);
                if (duplicate.isPresent()) {
                    return new ProducerDecision.Duplicate(duplicate.get().firstOffset(), duplicate.get().lastOffset(), duplicate.get().timestamp());
                }
            }
            ProducerAppendInfo info = kafka.prepareUpdate(batch.producerId(),
                    org.apache.kafka.storage.internals.log.AppendOrigin.valueOf(origin.name()));
            try {
                Optional<CompletedTxn> completed = info.append(batch, Optional.empty(), (short) (rule == MarkerRule.EPOCH_ABOVE ? 2 : 0));
                kafka.update(info);
                kafkaAborted = completed.filter(CompletedTxn::isAborted)
                        .map(c -> new AbortedTransaction(c.producerId(), c.firstOffset(), c.lastOffset(), kafka.lastStableOffset(c)));
                completed.ifPresent(kafka::completeTxn);
                if (batch.isTransactional()) {
                    kafka.clearVerificationStateEntry(batch.producerId());
                }
                kafka.updateMapEndOffset(batch.lastOffset() + 1);
                return new ProducerDecision.Accept();
            } catch (OutOfOrderSequenceException e) {
                return new ProducerDecision.Refuse(AppendError.OUT_OF_ORDER_SEQUENCE, e.getMessage());
            } catch (InvalidProducerEpochException e) {
                return new ProducerDecision.Refuse(AppendError.INVALID_PRODUCER_EPOCH, e.getMessage());
            } catch (InvalidTxnStateException e) {
                return new ProducerDecision.Refuse(AppendError.INVALID_TRANSACTION_STATE, e.getMessage());
            } catch (TransactionCoordinatorFencedException e) {
                return new ProducerDecision.Refuse(AppendError.COORDINATOR_FENCED, e.getMessage());
            }
        }

        /** Mostly what a producer would send next, sometimes an older or newer epoch, a gap, or a batch again. */
        private ByteBuffer randomBatch() {
            long producerId = random.nextInt(4);
            ProducerStateEntry entry = kafka.lastEntry(producerId).orElse(null);
            short newest = entry == null ? 0 : entry.producerEpoch();
            short epoch = (short) Math.max(0, newest + switch (random.nextInt(10)) {
                case 0 -> -1;
                case 1, 2 -> 1;
                default -> 0;
            });
            if (random.nextInt(200) == 0) {
                epoch = Short.MAX_VALUE;
            }
            if (random.nextInt(3) == 0) {
                return Batches.marker(endOffset, producerId, epoch, random.nextBoolean(), random.nextInt(8) == 0 ? random.nextInt(3) : 1, T0 + endOffset);
            }
            int count = 1 + random.nextInt(5);
            int sequence = sequence(entry, epoch);
            if (entry != null && !entry.batchMetadata().isEmpty() && random.nextInt(5) == 0) {
                List<BatchMetadata> sent = new ArrayList<>(entry.batchMetadata());
                BatchMetadata again = sent.get(random.nextInt(sent.size()));
                sequence = Math.max(0, again.firstSeq());
                count = again.offsetDelta() + 1;
            }
            boolean open = entry != null && entry.currentTxnFirstOffset().isPresent();
            return Batches.data(endOffset, producerId, epoch, sequence, count, random.nextInt(8) == 0 ? !open : open || random.nextBoolean(), T0 + endOffset);
        }

        private int sequence(ProducerStateEntry entry, short epoch) {
            if (random.nextInt(10) == 0) {
                return random.nextInt(3);
            }
            if (entry == null) {
                return Integer.MAX_VALUE - random.nextInt(8);
            }
            boolean fresh = entry.batchMetadata().isEmpty() || entry.producerEpoch() != epoch;
            List<BatchMetadata> batches = new ArrayList<>(entry.batchMetadata());
            return fresh ? 0 : batches.get(batches.size() - 1).lastSeq() + 1 & Integer.MAX_VALUE;
        }

        private void advanceHighWatermark() {
            highWatermark += random.nextInt((int) (endOffset - highWatermark) + 1);
            ours.onHighWatermark(highWatermark);
            kafka.onHighWatermarkUpdated(highWatermark);
        }

        /** Kafka reads our bytes, we read Kafka's: both go on from there. */
        private void reloadBothFromOurSnapshot() throws Exception {
            ByteBuffer snapshot = ours.snapshot();
            File ourFile = files.resolve("ours").toFile();
            Files.write(ourFile.toPath(), bytes(snapshot));
            List<ProducerStateEntry> read = ProducerStateManager.readSnapshot(ourFile);
            Path kafkaFile = files.resolve("kafka");
            Files.deleteIfExists(kafkaFile);
            ProducerStateManager.writeSnapshot(kafkaFile.toFile(), kafka.activeProducers(), false);
            ours = ProducerStates.fromSnapshot(ByteBuffer.wrap(Files.readAllBytes(kafkaFile)), limits, T0);
            kafka = manager();
            read.forEach(kafka::loadProducerEntry);
            kafka.updateMapEndOffset(endOffset);
        }

        private void compareState() {
            assertThat(ours.size()).isEqualTo(kafka.activeProducers().size());
            ours.views().forEach(view -> {
                ProducerStateEntry entry = kafka.lastEntry(view.producerId()).orElseThrow();
                List<BatchMetadata> batches = new ArrayList<>(entry.batchMetadata());
                assertThat(view.producerEpoch()).isEqualTo(entry.producerEpoch());
                assertThat(view.lastSequence()).isEqualTo(batches.isEmpty() ? -1 : batches.get(batches.size() - 1).lastSeq());
                assertThat(view.lastTimestampMs()).isEqualTo(entry.lastTimestamp());
                assertThat(view.coordinatorEpoch()).isEqualTo(entry.coordinatorEpoch());
                assertThat(view.currentTxnStartOffset()).isEqualTo(entry.currentTxnFirstOffset().orElse(-1));
            });
            long unstable = kafka.firstUnstableOffset().map(o -> o.messageOffset).orElse(Long.MAX_VALUE);
            assertThat(ours.lastStableOffset(highWatermark)).isEqualTo(Math.min(highWatermark, unstable));
        }

        private static byte[] bytes(ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            return bytes;
        }
    }
}
