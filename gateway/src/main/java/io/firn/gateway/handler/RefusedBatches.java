package io.firn.gateway.handler;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.partition.Partition;
import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.ProducerStamp;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.protocol.Errors;

/**
 * The idempotent producers of whom this broker has refused a batch that they will send again.
 *
 * <p>A client has up to five batches of a partition on their way. If the first is refused, because this broker does not lead the partition yet, and it leads when the second comes, then the log has never heard of
 * the producer, and takes the second: an unknown producer may begin at any sequence, as its state may have been forgotten. From then on the first is out of sequence, however often it is sent, and the producer is
 * stuck until its delivery timeout. So what would overtake a refused batch is refused too (OUT_OF_ORDER_SEQUENCE, on which clients send all of them again in order). Brokers of Apache Kafka know such a rule for
 * transactions only (KIP-890).
 *
 * <pre>
 *   refused, may be sent again ─▶ noted (lowest sequence) ── a later one, producer unknown, for the first time ─▶ refused, still noted
 *                                   └── the same one, or an earlier one, or a later one again ─▶ forgotten, and up to the log
 * </pre>
 *
 * <p>Each is held back once. A client sends a later one again before the first only when it has given the first up, as the Java client does whose {@code retries} are used up: without a new epoch, it goes on at the next sequence.
 *
 * <p>Only for a producer unknown to the log: of one that is known the log decides, and it may have been written to under another leader meanwhile.
 *
 * <p>Limits: {@link #MAX_NOTED} batches of topics whose names are valid (a request can name what is 32 KiB long), each for {@link #KEPT_MS}, which is above the usual delivery timeout. When there are as many, further ones are not noted, until those that are too old are forgotten, for
 * which all are looked at once a second at most. Nothing is lost by that but the rule.
 *
 * <p>Threading: thread-safe. Batches of a producer come over one connection and run over the same loops in their order, so a refusal is noted before the next batch is looked at.
 */
final class RefusedBatches {

    static final int MAX_NOTED = 10_000;
    static final long KEPT_MS = 150_000;

    private static final long TIDY_EVERY_MS = 1_000;

    private final InstantSource clock;
    private final Map<Key, Refused> noted = new ConcurrentHashMap<>();
    private final AtomicLong tidiedMs = new AtomicLong();

    /** @param asked as the request names it: by id, or by name */
    private record Key(TopicIdPartition asked, long producerId) {}

    /** @param heldBackTo highest sequence that was refused for it; the lowest itself when none was */
    private record Refused(short epoch, int lowestSequence, int heldBackTo, long sinceMs) {

        boolean holdsBack(ProducerStamp stamp, long nowMs) {
            return stamp.epoch() == epoch && isAfter(stamp.baseSequence(), heldBackTo) && isCurrent(nowMs);
        }

        Refused heldBack(int sequence) {
            return new Refused(epoch, lowestSequence, sequence, sinceMs);
        }

        /** The first of both; of an earlier epoch nothing counts any more. */
        Refused and(Refused later) {
            boolean before = epoch == later.epoch ? isAfter(later.lowestSequence, lowestSequence) : epoch > later.epoch;
            return before ? this : later;
        }

        boolean isCurrent(long nowMs) {
            return nowMs - sinceMs < KEPT_MS;
        }
    }

    /** After 2^31-1 comes 0. */
    private static boolean isAfter(int sequence, int other) {
        int distance = (sequence - other) & Integer.MAX_VALUE;
        return distance > 0 && distance < 1 << 30;
    }

    RefusedBatches(InstantSource clock) {
        this.clock = clock;
    }

    /** A client's batch was refused, before it came to an append or by that. */
    void note(TopicIdPartition asked, RecordBuffers bytes, Errors why) {
        boolean canExist = asked.topic() == null || Topic.isValid(asked.topic());
        if (!canExist || !(why.exception() instanceof RetriableException) || !ProducerStamp.hasSequence(bytes)) {
            return;
        }
        ProducerStamp stamp = ProducerStamp.of(bytes);
        long nowMs = clock.millis();
        if (noted.size() >= MAX_NOTED) {
            tidy(nowMs);
        }
        Refused now = new Refused(stamp.epoch(), stamp.baseSequence(), stamp.baseSequence(), nowMs);
        Key key = new Key(asked, stamp.producerId());
        if (noted.size() < MAX_NOTED || noted.containsKey(key)) {
            noted.merge(key, now, Refused::and);
        }
    }

    /** Appends a client's batch, on the partition's loop, unless it would overtake a refused one when its turn comes; notes it when it is refused itself. The buffers stay valid until {@code listener} is called. */
    void append(TopicIdPartition asked, Partition partition, RecordBuffers bytes, TransactionTerms terms, Partition.AppendListener listener) {
        partition.append(bytes, AppendOrigin.CLIENT, terms, new Partition.AppendListener() {
            @Override
            public Optional<AppendResult.Rejected> objection() {
                return overtaking(asked, bytes, partition.log().hot()::knowsProducer).map(reason -> new AppendResult.Rejected(AppendError.OUT_OF_ORDER_SEQUENCE, reason));
            }

            @Override
            public void done(AppendResult result) {
                if (result instanceof AppendResult.Rejected rejected) {
                    note(asked, bytes, ErrorMapping.of(rejected.error()));
                }
                listener.done(result);
            }
        });
    }

    /** Why the batch must not be appended now; empty if it may. @param known whether the log knows a producer */
    Optional<String> overtaking(TopicIdPartition asked, RecordBuffers bytes, LongPredicate known) {
        if (noted.isEmpty() || !ProducerStamp.hasSequence(bytes)) {
            return Optional.empty();
        }
        ProducerStamp stamp = ProducerStamp.of(bytes);
        Key key = new Key(asked, stamp.producerId());
        Refused refused = noted.get(key);
        if (refused == null) {
            return Optional.empty();
        }
        if (refused.holdsBack(stamp, clock.millis()) && !known.test(stamp.producerId())) {
            noted.replace(key, refused, refused.heldBack(stamp.baseSequence()));
            return Optional.of("producer " + stamp.producerId() + ", epoch " + stamp.epoch() + ", sequence " + stamp.baseSequence() + ": sequence " + refused.lowestSequence()
                    + " was refused before, and has to come first");
        }
        if (stamp.epoch() >= refused.epoch()) {
            noted.remove(key, refused);
        }
        return Optional.empty();
    }

    private void tidy(long nowMs) {
        long before = tidiedMs.get();
        if (nowMs - before >= TIDY_EVERY_MS && tidiedMs.compareAndSet(before, nowMs)) {
            noted.values().removeIf(refused -> !refused.isCurrent(nowMs));
        }
    }

    int size() {
        return noted.size();
    }
}
