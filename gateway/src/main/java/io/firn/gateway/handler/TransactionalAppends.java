package io.firn.gateway.handler;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.Timer;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.coordinator.TransactionAdmission.Mode;
import io.firn.gateway.partition.Partition;
import io.firn.hot.AppendError;
import io.firn.hot.AppendResult;
import io.firn.hot.ProducerStamp;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import io.firn.hot.VerificationStart;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.Errors;

/**
 * The transactional batches of one produce request on their way into their partitions (KIP-890).
 *
 * <p>Each goes: asked on its partition's loop → appended there and then if its transaction is open in the partition; else admitted by the transaction coordinator, in one question for all
 * such partitions of the request → appended with the guard that was given out before the question. While the coordinator still ends the transaction before, it says
 * CONCURRENT_TRANSACTIONS to clients of version 2, which may begin the next one at once; so the question is asked again for a while before they are told. It is asked anew as well when a marker of that
 * earlier transaction came between question and append and ended the guard; the raised epoch tells the transactions apart.
 *
 * <p>Limits: asked again for {@link #RETRY_FOR_MS} in all, with pauses from {@link #FIRST_PAUSE_MS} to {@link #LAST_PAUSE_MS}. The batches stay in the receive buffers meanwhile, which count
 * against the limits of request bytes.
 *
 * <p>Threading: state is confined to the connection's loop; partitions are asked on theirs, the coordinator is never waited for.
 */
final class TransactionalAppends {
    static final long RETRY_FOR_MS = 100;
    static final long FIRST_PAUSE_MS = 4;
    static final long LAST_PAUSE_MS = 20;

    private final Request request;
    private final String transactionalId;
    private final Mode mode;
    private final Context context;
    private final Sink sink;
    private final long untilMs;
    private long pauseMs = FIRST_PAUSE_MS;
    private int asking;

    /** What all produce requests share. */
    record Context(TransactionAdmission admission, ProducerOrder order, RefusedBatches refused, Timer timer, InstantSource clock) {}

    /** Told on the connection's loop, once for each batch, what became of it. */
    interface Sink {
        void done(Partition partition, AppendResult result, PartitionProduceResponse answer, long logStartOffset);

        void refused(PartitionProduceResponse answer, Errors error, String message);
    }

    /** A batch that may have to be verified. @param asked the partition as the request names it */
    record Batch(TopicIdPartition asked, Partition partition, RecordBuffers bytes, ProducerStamp stamp, PartitionProduceResponse answer) {}

    TransactionalAppends(Request request, String transactionalId, Context context, Sink sink) {
        this.request = request;
        this.transactionalId = transactionalId;
        this.mode = Mode.ofProduce(request.version());
        this.context = context;
        this.sink = sink;
        this.untilMs = context.clock().millis() + RETRY_FOR_MS;
    }

    /** @param batches one or more, all of one producer */
    void start(List<Batch> batches) {
        context.order().enter(request.loop(), producerId(batches), () -> begin(batches));
    }

    private static long producerId(List<Batch> batches) {
        return batches.get(0).stamp().producerId();
    }

    /** Asks all partitions; what is open is appended, the rest goes to the coordinator when all have answered. */
    private void begin(List<Batch> batches) {
        asking = batches.size();
        List<Needed> needed = new ArrayList<>();
        for (Batch batch : batches) {
            onLoop(batch.partition(), () -> {
                VerificationStart start = batch.partition().beginVerification(batch.stamp(), mode == Mode.ADD, new Object());
                if (start instanceof VerificationStart.Open) {
                    append(batch, TransactionTerms.OPEN);
                }
                onRequestLoop(() -> begun(batches, batch, start, needed));
            });
        }
    }

    /** A request may name a partition twice, so these are not found by their partition. */
    private record Needed(Batch batch, Object guard) {
        TopicPartition partition() {
            return batch.partition().id().topicPartition();
        }
    }

    private void begun(List<Batch> batches, Batch batch, VerificationStart start, List<Needed> needed) {
        if (start instanceof VerificationStart.Needed guarded) {
            needed.add(new Needed(batch, guarded.guard()));
        } else if (start instanceof VerificationStart.Refused refused) {
            Errors error = ErrorMapping.of(refused.error());
            context.refused().note(batch.asked(), batch.bytes(), error);
            sink.refused(batch.answer(), error, refused.message());
        }
        if (--asking > 0) {
            return;
        }
        if (needed.isEmpty()) {
            leave(producerId(batches));
        } else {
            ask(needed);
        }
    }

    private void ask(List<Needed> needed) {
        ProducerStamp stamp = needed.get(0).batch().stamp();
        Set<TopicPartition> partitions = needed.stream().map(Needed::partition).collect(Collectors.toSet());
        context.admission().admit(transactionalId, stamp.producerId(), stamp.epoch(), partitions, mode)
                .whenComplete((answers, failure) -> request.loop().execute(() -> answered(needed, failure == null ? answers : Map.of())));
    }

    private void answered(List<Needed> asked, Map<TopicPartition, Errors> answers) {
        List<Batch> batches = asked.stream().map(Needed::batch).toList();
        if (mode == Mode.ADD && answers.containsValue(Errors.CONCURRENT_TRANSACTIONS) && context.clock().millis() < untilMs) {
            later(batches);
            return;
        }
        asked.forEach(needed -> {
            Errors error = answers.getOrDefault(needed.partition(), Errors.UNKNOWN_SERVER_ERROR);
            if (error == Errors.NONE) {
                onLoop(needed.batch().partition(), () -> append(needed.batch(), TransactionTerms.verified(needed.guard())));
            } else {
                refuse(needed.batch(), error);
            }
        });
        leave(producerId(batches));
    }

    private void later(List<Batch> batches) {
        context.timer().after(pauseMs, () -> request.loop().execute(() -> begin(batches)));
        pauseMs = Math.min(LAST_PAUSE_MS, 2 * pauseMs);
    }

    /** Errors that older producers do not expect of Produce become one they all retry on without asking for the leader again. */
    private void refuse(Batch batch, Errors error) {
        boolean retriedAsAnother = switch (error) {
            case NETWORK_EXCEPTION, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR -> true;
            case CONCURRENT_TRANSACTIONS -> mode != Mode.ADD;
            default -> false;
        };
        if (retriedAsAnother) {
            sink.refused(batch.answer(), Errors.NOT_ENOUGH_REPLICAS, "Unable to verify the partition has been added to the transaction. Underlying error: " + error);
        } else {
            sink.refused(batch.answer(), error, error == Errors.INVALID_TXN_STATE ? "Partition was not added to the transaction" : null);
        }
    }

    /** On the partition's loop. */
    private void append(Batch batch, TransactionTerms terms) {
        Partition partition = batch.partition();
        context.refused().append(batch.asked(), partition, batch.bytes(), terms, result -> {
            long logStart = partition.log().logStartOffset();
            onRequestLoop(() -> appended(batch, result, logStart));
        });
    }

    private void appended(Batch batch, AppendResult result, long logStartOffset) {
        boolean overtaken = result instanceof AppendResult.Rejected rejected && rejected.error() == AppendError.INVALID_TRANSACTION_STATE;
        if (overtaken && mode == Mode.ADD && context.clock().millis() < untilMs) {
            new TransactionalAppends(this).start(List.of(batch));
        } else {
            sink.done(batch.partition(), result, batch.answer(), logStartOffset);
        }
    }

    /** The same again, for one batch of {@code before}. */
    private TransactionalAppends(TransactionalAppends before) {
        this.request = before.request;
        this.transactionalId = before.transactionalId;
        this.mode = before.mode;
        this.context = before.context;
        this.sink = before.sink;
        this.untilMs = before.untilMs;
    }

    private void leave(long producerId) {
        context.order().leave(request.loop(), producerId);
    }

    private void onLoop(Partition partition, Runnable task) {
        if (partition.loop() == request.loop()) {
            task.run();
        } else {
            partition.loop().execute(task);
        }
    }

    private void onRequestLoop(Runnable task) {
        if (request.loop().inEventLoop()) {
            task.run();
        } else {
            request.loop().execute(task);
        }
    }
}
