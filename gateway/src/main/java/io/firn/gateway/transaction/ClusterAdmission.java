package io.firn.gateway.transaction;

import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.peer.PeerQueue;
import io.firn.gateway.peer.Peers;
import io.firn.membership.PartitionView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransactionCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.AddPartitionsToTxnRequest;
import org.apache.kafka.common.requests.AddPartitionsToTxnResponse;

/**
 * Asks the coordinator of a transaction wherever it is: here, or on another broker with AddPartitionsToTxn of version 4 or later, many transactions in one request (KIP-890).
 *
 * <p>Whose coordinator cannot be reached is answered with NETWORK_EXCEPTION, which is passed on to clients as an error they all retry on. Nothing is ever admitted without an answer, where Kafka
 * admits what an older broker cannot verify.
 *
 * <p>Threading: thread-safe.
 */
public final class ClusterAdmission implements TransactionAdmission {
    /** Longer than a coordinator waits for what it writes. */
    static final long TIMEOUT_MS = 30_000;

    private final Peers peers;
    private final TransactionAdmission local;
    private final PeerQueue<Question> queue;

    /** @param local the coordinator of this broker */
    public ClusterAdmission(Peers peers, TransactionAdmission local) {
        this.peers = peers;
        this.local = local;
        this.queue = new PeerQueue<>(peers.loop(), peers.transport(), TIMEOUT_MS, new Questions());
    }

    private record Question(String id, long producerId, short epoch, Set<TopicPartition> partitions, Mode mode, CompletableFuture<Map<TopicPartition, Errors>> answer) {
        void fail(Errors error) {
            answer.complete(Transactions.all(partitions, error));
        }
    }

    @Override
    public CompletableFuture<Map<TopicPartition, Errors>> admit(String id, long producerId, short epoch, Set<TopicPartition> partitions, Mode mode) {
        int coordinator = coordinatorOf(id);
        if (coordinator == peers.brokerId()) {
            return local.admit(id, producerId, epoch, partitions, mode);
        }
        if (coordinator == PartitionView.NO_LEADER) {
            return CompletableFuture.completedFuture(Transactions.all(partitions, Errors.COORDINATOR_NOT_AVAILABLE));
        }
        Question question = new Question(id, producerId, epoch, Set.copyOf(partitions), mode, new CompletableFuture<>());
        queue.ask(coordinator, question);
        return question.answer();
    }

    private int coordinatorOf(String id) {
        return peers.view().get().topic(Topic.TRANSACTION_STATE_TOPIC_NAME)
                .map(topic -> topic.partitions().get(Transactions.partitionOf(id, topic.partitions().size())).leader()).orElse(PartitionView.NO_LEADER);
    }

    /** Questions as AddPartitionsToTxn has them. */
    private final class Questions implements PeerQueue.Wire<Question> {

        @Override
        public AbstractRequest.Builder<?> request(List<Question> questions) {
            AddPartitionsToTxnTransactionCollection transactions = new AddPartitionsToTxnTransactionCollection(questions.size());
            questions.forEach(question -> transactions.add(transaction(question)));
            return AddPartitionsToTxnRequest.Builder.forBroker(transactions);
        }

        @Override
        public void answer(List<Question> questions, AbstractResponse answer) {
            AddPartitionsToTxnResponseData response = ((AddPartitionsToTxnResponse) answer).data();
            Errors ofAll = Errors.forCode(response.errorCode());
            questions.forEach(question -> question.answer().complete(ofAll == Errors.NONE ? answers(question, response) : Transactions.all(question.partitions(), ofAll)));
        }

        @Override
        public void fail(Question question) {
            question.fail(Errors.NETWORK_EXCEPTION);
        }

        /** A request names a transaction once. */
        @Override
        public boolean fits(List<Question> questions, Question next) {
            return questions.stream().noneMatch(question -> question.id().equals(next.id()));
        }

        @Override
        public void refuse(Question question) {
            question.fail(Errors.NETWORK_EXCEPTION);
        }
    }

    private static AddPartitionsToTxnTransaction transaction(Question question) {
        AddPartitionsToTxnTopicCollection topics = new AddPartitionsToTxnTopicCollection();
        question.partitions().forEach(partition -> {
            AddPartitionsToTxnTopic topic = topics.find(partition.topic());
            if (topic == null) {
                topic = new AddPartitionsToTxnTopic().setName(partition.topic());
                topics.add(topic);
            }
            topic.partitions().add(partition.partition());
        });
        return new AddPartitionsToTxnTransaction().setTransactionalId(question.id()).setProducerId(question.producerId()).setProducerEpoch(question.epoch())
                .setVerifyOnly(question.mode() != Mode.ADD).setTopics(topics);
    }

    /** A partition the answer leaves out is not admitted. */
    private static Map<TopicPartition, Errors> answers(Question question, AddPartitionsToTxnResponseData response) {
        Map<TopicPartition, Errors> told = new HashMap<>();
        AddPartitionsToTxnResult result = response.resultsByTransaction().find(question.id());
        if (result != null) {
            result.topicResults().forEach(topic -> topic.resultsByPartition()
                    .forEach(partition -> told.put(new TopicPartition(topic.name(), partition.partitionIndex()), Errors.forCode(partition.partitionErrorCode()))));
        }
        Map<TopicPartition, Errors> answers = new HashMap<>();
        question.partitions().forEach(partition -> answers.put(partition, Transactions.understood(told.getOrDefault(partition, Errors.UNKNOWN_SERVER_ERROR), question.mode())));
        return answers;
    }
}
