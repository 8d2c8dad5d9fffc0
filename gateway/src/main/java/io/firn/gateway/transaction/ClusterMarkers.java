package io.firn.gateway.transaction;

import io.firn.gateway.peer.PeerQueue;
import io.firn.gateway.peer.Peers;
import io.firn.membership.PartitionView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.common.requests.WriteTxnMarkersRequest;
import org.apache.kafka.common.requests.WriteTxnMarkersRequest.TxnMarkerEntry;
import org.apache.kafka.common.requests.WriteTxnMarkersResponse;

/**
 * Sends markers to the leaders of their partitions, wherever they are: those here by message, those on other brokers with WriteTxnMarkers, many transactions in one request.
 *
 * <p>Who leads is looked up for each sending, so a marker whose partition has moved finds its new leader when {@link MarkerDelivery} sends it again. A partition without a leader, a broker that cannot
 * be reached and one that does not lead any more are all answered with an error that has it sent again. A marker that was written although its answer was lost is recognized by the leader
 * (transaction version 2), also by a new one, which knows of it from the log.
 *
 * <p>Threading: thread-safe.
 */
public final class ClusterMarkers implements MarkerSender {
    /** Longer than a leader waits for the commitment. */
    static final long TIMEOUT_MS = LocalMarkers.COMMIT_TIMEOUT_MS + 5_000;

    private final Peers peers;
    private final MarkerSender local;
    private final PeerQueue<Question> queue;

    /** @param local into partitions that this broker leads */
    public ClusterMarkers(Peers peers, MarkerSender local) {
        this.peers = peers;
        this.local = local;
        this.queue = new PeerQueue<>(peers.loop(), peers.transport(), TIMEOUT_MS, new Markers());
    }

    private record Question(EndMarker marker, CompletableFuture<Map<TopicPartition, Errors>> answer) {
        void fail(Errors error) {
            answer.complete(Transactions.all(marker.partitions(), error));
        }
    }

    @Override
    public CompletableFuture<Map<TopicPartition, Errors>> send(EndMarker marker) {
        List<CompletableFuture<Map<TopicPartition, Errors>>> parts = new ArrayList<>();
        byLeader(marker.partitions()).forEach((leader, partitions) -> parts.add(send(leader, marker.at(partitions))));
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> {
            Map<TopicPartition, Errors> answers = new HashMap<>();
            parts.forEach(part -> answers.putAll(part.join()));
            return answers;
        });
    }

    private Map<Integer, Set<TopicPartition>> byLeader(Set<TopicPartition> partitions) {
        Map<Integer, Set<TopicPartition>> byLeader = new HashMap<>();
        partitions.forEach(tp -> byLeader.computeIfAbsent(peers.leaderOf(tp.topic(), tp.partition()), leader -> new HashSet<>()).add(tp));
        return byLeader;
    }

    private CompletableFuture<Map<TopicPartition, Errors>> send(int leader, EndMarker marker) {
        if (leader == peers.brokerId()) {
            return local.send(marker);
        }
        if (leader == PartitionView.NO_LEADER) {
            return CompletableFuture.completedFuture(Transactions.all(marker.partitions(), Errors.LEADER_NOT_AVAILABLE));
        }
        Question question = new Question(marker, new CompletableFuture<>());
        queue.ask(leader, question);
        return question.answer();
    }

    /** Markers as WriteTxnMarkers has them. */
    private final class Markers implements PeerQueue.Wire<Question> {

        @Override
        public AbstractRequest.Builder<?> request(List<Question> questions) {
            return new WriteTxnMarkersRequest.Builder(questions.stream().map(question -> entry(question.marker())).toList());
        }

        /** A partition the answer leaves out is not known to have its marker. */
        @Override
        public void answer(List<Question> questions, AbstractResponse response) {
            Map<Long, Map<TopicPartition, Errors>> errors = ((WriteTxnMarkersResponse) response).errorsByProducerId();
            questions.forEach(question -> {
                Map<TopicPartition, Errors> answers = Transactions.all(question.marker().partitions(), Errors.UNKNOWN_SERVER_ERROR);
                Map<TopicPartition, Errors> told = errors.getOrDefault(question.marker().producerId(), Map.of());
                answers.replaceAll((partition, unknown) -> told.getOrDefault(partition, unknown));
                question.answer().complete(answers);
            });
        }

        @Override
        public void fail(Question question) {
            question.fail(Errors.NETWORK_EXCEPTION);
        }

        /** Answers are found by the producer's id. */
        @Override
        public boolean fits(List<Question> questions, Question next) {
            return questions.stream().noneMatch(question -> question.marker().producerId() == next.marker().producerId());
        }

        @Override
        public void refuse(Question question) {
            question.fail(Errors.REQUEST_TIMED_OUT);
        }
    }

    private static TxnMarkerEntry entry(EndMarker marker) {
        return new TxnMarkerEntry(marker.producerId(), marker.epoch(), marker.coordinatorEpoch(), marker.commit() ? TransactionResult.COMMIT : TransactionResult.ABORT,
                List.copyOf(marker.partitions()), marker.transactionVersion());
    }
}
