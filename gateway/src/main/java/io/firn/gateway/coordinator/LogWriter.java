package io.firn.gateway.coordinator;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.ProducerStamp;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import io.firn.hot.VerificationStart;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.coordinator.common.runtime.PartitionWriter;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.VerificationGuard;

/**
 * The coordinator's way to append to its partitions: a message to the partition's loop, and a wait for the local append (not for its commitment, which
 * the coordinator learns from the high watermark).
 *
 * <p>Limit: a wait ends after {@link #APPEND_TIMEOUT_MS}. If the loop had not begun with the append by then, it will not. If it had, the batch may still reach the
 * log: the coordinator then notices at its next write that its offsets do not agree, and loads the partition anew.
 *
 * <p>Threading: {@code append} is called on the coordinator's threads and blocks them; never call it on a loop. Listeners are called on the partition's loop and only enqueue.
 */
public final class LogWriter implements PartitionWriter {
    static final long APPEND_TIMEOUT_MS = 5_000;

    private final Partitions partitions;
    private final LogConfig config;
    private final TransactionAdmission admission;
    private final Map<TopicPartition, Registration> registrations = new ConcurrentHashMap<>();

    /** @param batchBytes largest batch the coordinator gathers, and the size of the buffer each partition keeps once written; a single larger record still goes through alone */
    public LogWriter(Partitions partitions, int batchBytes) {
        this(partitions, batchBytes, TransactionAdmission.NONE);
    }

    /** @param admission asked before a transaction's first record goes into a partition */
    public LogWriter(Partitions partitions, int batchBytes, TransactionAdmission admission) {
        this.partitions = partitions;
        this.config = new LogConfig(Map.of("max.message.bytes", batchBytes));
        this.admission = admission;
    }

    /** A listener at a partition; {@code removal} is confined to its loop. */
    private static final class Registration {
        private final Partition partition;
        private final Listener listener;
        private Runnable removal = () -> {};

        Registration(Partition partition, Listener listener) {
            this.partition = partition;
            this.listener = listener;
        }

        void add(TopicPartition tp) {
            removal = partition.onHighWatermark(offset -> listener.onHighWatermarkUpdated(tp, offset));
        }
    }

    @Override
    public void registerListener(TopicPartition tp, Listener listener) {
        Registration registration = new Registration(find(tp), listener);
        registrations.put(tp, registration);
        registration.partition.loop().execute(() -> registration.add(tp));
    }

    @Override
    public void deregisterListener(TopicPartition tp, Listener listener) {
        Registration registration = registrations.remove(tp);
        if (registration != null && !registration.partition.retired()) {
            registration.partition.loop().execute(() -> registration.removal.run());
        }
    }

    @Override
    public LogConfig config(TopicPartition tp) {
        return config;
    }

    @Override
    public long append(TopicPartition tp, VerificationGuard guard, MemoryRecords records, short transactionVersion) {
        Partition partition = find(tp);
        ByteBuffer copy = ByteBuffer.allocate(records.sizeInBytes());
        copy.put(records.buffer().duplicate()).flip();
        CompletableFuture<AppendResult> outcome = new CompletableFuture<>();
        AtomicBoolean claimed = new AtomicBoolean();
        partition.loop().execute(() -> {
            if (claimed.compareAndSet(false, true)) {
                partition.append(RecordBuffers.of(copy), AppendOrigin.COORDINATOR, terms(guard, transactionVersion), outcome::complete);
            }
        });
        return endOffset(tp, await(tp, outcome, claimed));
    }

    private static TransactionTerms terms(VerificationGuard guard, short transactionVersion) {
        return guard == VerificationGuard.SENTINEL ? TransactionTerms.marker(transactionVersion) : TransactionTerms.verified(guard);
    }

    private Partition find(TopicPartition tp) {
        return partitions.find(tp.topic(), tp.partition()).orElseThrow(() -> new NotLeaderOrFollowerException(tp + " is not served here"));
    }

    private static AppendResult await(TopicPartition tp, CompletableFuture<AppendResult> outcome, AtomicBoolean claimed) {
        try {
            return outcome.get(APPEND_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            boolean neverWillBe = claimed.compareAndSet(false, true);
            throw new org.apache.kafka.common.errors.TimeoutException(tp + ": no append within " + APPEND_TIMEOUT_MS + " ms" + (neverWillBe ? "" : ", it may still follow"));
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("append of " + tp, e.getCause());
        }
    }

    private static long endOffset(TopicPartition tp, AppendResult result) {
        if (result instanceof AppendResult.Appended appended) {
            return appended.lastOffset() + 1;
        }
        if (result instanceof AppendResult.Rejected rejected) {
            throw ErrorMapping.of(rejected.error()).exception(tp + ": " + rejected.message());
        }
        throw new IllegalStateException(tp + ": " + result);
    }

    @Override
    public CompletableFuture<VerificationGuard> maybeStartTransactionVerification(TopicPartition tp, String transactionalId, long producerId, short producerEpoch, int apiVersion) {
        Partition partition = find(tp);
        TransactionAdmission.Mode mode = TransactionAdmission.Mode.ofOffsetCommit(apiVersion);
        ProducerStamp stamp = new ProducerStamp(producerId, producerEpoch, RecordBatch.NO_SEQUENCE);
        return CompletableFuture.supplyAsync(() -> partition.beginVerification(stamp, mode == TransactionAdmission.Mode.ADD, new VerificationGuard()), partition.loop())
                .thenCompose(start -> verified(tp, start, transactionalId, stamp, mode));
    }

    private CompletableFuture<VerificationGuard> verified(TopicPartition tp, VerificationStart start, String transactionalId, ProducerStamp stamp, TransactionAdmission.Mode mode) {
        if (start instanceof VerificationStart.Open) {
            return CompletableFuture.completedFuture(VerificationGuard.SENTINEL);
        }
        if (start instanceof VerificationStart.Refused refused) {
            return CompletableFuture.failedFuture(ErrorMapping.of(refused.error()).exception(refused.message()));
        }
        if (!(((VerificationStart.Needed) start).guard() instanceof VerificationGuard guard)) {
            return CompletableFuture.failedFuture(Errors.INVALID_TXN_STATE.exception("a client writes into " + tp + " in the same transaction"));
        }
        return admission.admit(transactionalId, stamp.producerId(), stamp.epoch(), Set.of(tp), mode).thenCompose(answers -> {
            Errors error = answers.getOrDefault(tp, Errors.UNKNOWN_SERVER_ERROR);
            return error == Errors.NONE ? CompletableFuture.completedFuture(guard) : CompletableFuture.failedFuture(error.exception());
        });
    }

    @Override
    public CompletableFuture<Void> deleteRecords(TopicPartition tp, long deleteBeforeOffset) {
        Partition partition = find(tp);
        return CompletableFuture.supplyAsync(() -> partition.deleteRecordsBefore(deleteBeforeOffset), partition.loop()).thenCompose(deletion -> deletion).thenAccept(start -> {});
    }
}
