package io.firn.gateway.peer;

import io.firn.gateway.api.ProducedRecords;
import io.firn.gateway.wire.PeerReply;
import io.firn.hot.RecordBuffers;
import io.firn.hot.replication.FetchedBatches;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.retention.ReplicaLogs;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;

/**
 * Asks followers for batches of their local logs: Kafka's Fetch on the brokers' own listener, outside of any session, of a reader that is no replica.
 *
 * <pre>
 *   replica id      {@link #READER_ID}: answer from the local log only, up to the high watermark. A broker that does not know it says INVALID_REQUEST, as to every reader there that is no replica
 *   replica epoch   of the asking broker's registration, by which it is known as the leader
 *   leader epoch    has to be the one in which the other broker follows
 *   answer          records; OFFSET_MOVED_TO_TIERED_STORAGE where its disk does not reach back so far
 * </pre>
 *
 * <p>Limits: {@link #MOST_BYTES} an answer, or one batch; {@value #TIMEOUT_MS} ms for it. One question at a time is the caller's to see to. Threading: thread-safe.
 */
public final class ReplicaReads implements ReplicaLogs {

    /** Far from Kafka's: -1 is a consumer, -2 one that debugs, -3 a replica on another disk of the same broker. */
    public static final int READER_ID = -10_000;

    /** Most bytes of an answer, but for one larger batch. */
    public static final int MOST_BYTES = 1 << 20;

    /** The first that tells the asking broker's epoch (KIP-903). */
    private static final short OLDEST_VERSION = 15;

    /** How long the other broker may wait for pages to be read, or for the high watermark to come to the offset. */
    private static final int MAX_WAIT_MS = 500;
    private static final long TIMEOUT_MS = 10_000;

    private final Peers peers;
    private final LongSupplier brokerEpoch;

    /**
     * @param peers on which an answer that takes its time holds up nothing else
     * @param brokerEpoch of this broker's registration
     */
    public ReplicaReads(Peers peers, LongSupplier brokerEpoch) {
        this.peers = peers;
        this.brokerEpoch = brokerEpoch;
    }

    /** Those in sync first; those that are taken for dead not at all. */
    @Override
    public List<Integer> holders(TopicIdPartition partition) {
        ClusterView view = peers.view().get();
        Optional<PartitionView> placed = view.topic(partition.topicId()).filter(topic -> partition.partition() < topic.partitions().size()).map(topic -> topic.partitions().get(partition.partition()));
        return placed.stream().flatMap(one -> one.replicas().stream().filter(broker -> broker != peers.brokerId() && isAlive(view, broker)).sorted(Comparator.comparing(broker -> !one.isr().contains(broker)))).toList();
    }

    private static boolean isAlive(ClusterView view, int broker) {
        return Optional.ofNullable(view.brokers().get(broker)).filter(known -> !known.fenced()).map(BrokerView::id).isPresent();
    }

    @Override
    public CompletableFuture<Answer> read(Question question) {
        TopicIdPartition partition = question.partition();
        int maxBytes = Math.min(question.maxBytes(), MOST_BYTES);
        FetchRequest.PartitionData wanted = new FetchRequest.PartitionData(partition.topicId(), question.offset(), FetchRequest.INVALID_LOG_START_OFFSET, maxBytes, Optional.of(question.leaderEpoch()));
        FetchRequest.Builder request = new FetchRequest.Builder(OLDEST_VERSION, ApiKeys.FETCH.latestVersion(), READER_ID, brokerEpoch.getAsLong(), MAX_WAIT_MS, 1, Map.of(partition.topicPartition(), wanted)).setMaxBytes(maxBytes);
        return peers.transport().send(question.broker(), peers.loop(), request, TIMEOUT_MS).handle((reply, failed) -> failed == null ? taken(question, reply) : new Answer.None(String.valueOf(failed.getMessage())));
    }

    /** Copied out of the receive buffers, which are given back. */
    private static Answer taken(Question question, PeerReply reply) {
        try {
            FetchResponseData data = ((FetchResponse) reply.response()).data();
            Errors refusal = Errors.forCode(data.errorCode());
            List<FetchResponseData.PartitionData> parts = data.responses().stream().flatMap(topic -> topic.partitions().stream()).toList();
            if (refusal != Errors.NONE || parts.size() != 1) {
                return new Answer.None("it answers " + refusal + " for " + parts.size() + " partitions");
            }
            Errors error = Errors.forCode(parts.get(0).errorCode());
            return error == Errors.NONE ? new Answer.Batches(copied(parts.get(0), question.offset())) : new Answer.None("it answers " + error);
        } catch (RuntimeException e) { // what cannot be understood is no answer
            return new Answer.None("its answer cannot be understood: " + e);
        } finally {
            reply.release().run();
        }
    }

    private static ByteBuffer copied(FetchResponseData.PartitionData data, long offset) {
        RecordBuffers received = data.records() instanceof ProducedRecords records ? records.bytes() : RecordBuffers.of();
        RecordBuffers usable = FetchedBatches.usable(received, offset);
        ByteBuffer copy = ByteBuffer.allocate(usable.sizeBytes());
        for (ByteBuffer part : usable.nioBuffers()) {
            copy.put(part.duplicate());
        }
        return copy.flip();
    }
}
