package io.firn.gateway.transaction;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.transaction.TransactionRules.End;
import io.firn.gateway.transaction.TransactionRules.Producer;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;

/**
 * What handlers ask the transaction coordinator. Until it serves every answer is COORDINATOR_NOT_AVAILABLE.
 *
 * <p>Threading: thread-safe. Futures complete on the coordinator's threads, which must not be blocked, and never fail.
 */
public final class Transactions implements TransactionAdmission {
    private final Coordination<TransactionCoordinator> coordination;
    private final InstantSource clock;

    Transactions(Coordination<TransactionCoordinator> coordination, InstantSource clock) {
        this.coordination = coordination;
        this.clock = clock;
    }

    /** Has the coordinator started because somebody will soon need it; returns at once. */
    public void want() {
        coordination.want();
    }

    /** The partition of {@code __transaction_state} that keeps a transactional id, of so many. */
    public static int partitionOf(String id, int partitions) {
        return TransactionCoordinator.partitionOf(id, partitions);
    }

    /**
     * Begins a producer's life, or goes on with it.
     *
     * @param producerId with {@code epoch}: what the producer has, or -1 both
     */
    public CompletableFuture<Reply> initialize(String id, int timeoutMs, long producerId, short epoch) {
        Optional<Producer> expected = producerId == RecordBatch.NO_PRODUCER_ID ? Optional.empty() : Optional.of(new Producer(producerId, epoch));
        return ask(coordinator -> coordinator.initialize(id, timeoutMs, expected), Transactions::unavailable);
    }

    public CompletableFuture<Errors> addPartitions(String id, long producerId, short epoch, Set<TopicPartition> partitions, TransactionVersion version) {
        return ask(coordinator -> coordinator.addPartitions(id, new Producer(producerId, epoch), partitions, version), () -> Errors.COORDINATOR_NOT_AVAILABLE);
    }

    /** Whether each partition belongs to the open transaction; TRANSACTION_ABORTABLE if only that is wrong. */
    public CompletableFuture<Map<TopicPartition, Errors>> verifyPartitions(String id, long producerId, short epoch, Set<TopicPartition> partitions) {
        return ask(coordinator -> coordinator.verifyPartitions(id, new Producer(producerId, epoch), partitions), () -> all(partitions, Errors.COORDINATOR_NOT_AVAILABLE));
    }

    @Override
    public CompletableFuture<Map<TopicPartition, Errors>> admit(String id, long producerId, short epoch, Set<TopicPartition> partitions, Mode mode) {
        CompletableFuture<Map<TopicPartition, Errors>> answers = mode == Mode.ADD
                ? addPartitions(id, producerId, epoch, partitions, TransactionVersion.TV_2).thenApply(error -> all(partitions, error))
                : verifyPartitions(id, producerId, epoch, partitions);
        return answers.thenApply(errors -> {
            errors.replaceAll((partition, error) -> understood(error, mode));
            return errors;
        });
    }

    /** As brokers pass on what the coordinator says. */
    static Errors understood(Errors error, Mode mode) {
        return switch (error) {
            case PRODUCER_FENCED -> Errors.INVALID_PRODUCER_EPOCH;
            case TRANSACTION_ABORTABLE -> mode == Mode.VERIFY_LEGACY ? Errors.INVALID_TXN_STATE : error;
            default -> error;
        };
    }

    static Map<TopicPartition, Errors> all(Set<TopicPartition> partitions, Errors error) {
        Map<TopicPartition, Errors> answers = new HashMap<>();
        partitions.forEach(partition -> answers.put(partition, error));
        return answers;
    }

    public CompletableFuture<Reply> end(String id, long producerId, short epoch, boolean commit, TransactionVersion version) {
        return ask(coordinator -> coordinator.end(id, new End(new Producer(producerId, epoch), commit, version)), Transactions::unavailable);
    }

    public CompletableFuture<DescribeTransactionsResponseData.TransactionState> describe(String id) {
        if (id.isEmpty()) {
            return CompletableFuture.completedFuture(described(id, Errors.INVALID_REQUEST));
        }
        return ask(coordinator -> coordinator.describe(id).handle((found, failure) -> failure == null
                ? found.map(transaction -> described(id, transaction)).orElseGet(() -> described(id, Errors.TRANSACTIONAL_ID_NOT_FOUND))
                : described(id, TransactionCoordinator.errorOf("describe-transaction", id, failure))), () -> described(id, Errors.COORDINATOR_NOT_AVAILABLE));
    }

    private static DescribeTransactionsResponseData.TransactionState described(String id, Errors error) {
        return new DescribeTransactionsResponseData.TransactionState().setTransactionalId(id).setErrorCode(error.code());
    }

    private static DescribeTransactionsResponseData.TransactionState described(String id, Transaction transaction) {
        DescribeTransactionsResponseData.TransactionState described = described(id, Errors.NONE).setProducerId(transaction.producerId()).setProducerEpoch(transaction.epoch())
                .setTransactionState(transaction.state().stateName()).setTransactionTimeoutMs(transaction.timeoutMs()).setTransactionStartTimeMs(transaction.startMs());
        transaction.partitions().forEach(partition -> {
            DescribeTransactionsResponseData.TopicData topic = described.topics().find(partition.topic());
            if (topic == null) {
                topic = new DescribeTransactionsResponseData.TopicData().setTopic(partition.topic());
                described.topics().add(topic);
            }
            topic.partitions().add(partition.partition());
        });
        return described;
    }

    /** A client's pattern is matched on the coordinator's thread: by RE2, as in Kafka, whose time grows with the length of an id and no faster. */
    public CompletableFuture<ListTransactionsResponseData> list(ListTransactionsRequestData body) {
        ListTransactionsResponseData answer = new ListTransactionsResponseData();
        Optional<Pattern> pattern;
        try {
            pattern = Optional.ofNullable(body.transactionalIdPattern()).filter(given -> !given.isEmpty()).map(Pattern::compile);
        } catch (PatternSyntaxException e) {
            return CompletableFuture.completedFuture(answer.setErrorCode(Errors.INVALID_REGULAR_EXPRESSION.code()));
        }
        List<TransactionState> states = body.stateFilters().stream().flatMap(name -> TransactionState.fromName(name).stream()).toList();
        body.stateFilters().stream().filter(name -> TransactionState.fromName(name).isEmpty()).forEach(answer.unknownStateFilters()::add);
        long now = clock.millis();
        BiPredicate<String, Transaction> filter = (id, transaction) -> (body.producerIdFilters().isEmpty() || body.producerIdFilters().contains(transaction.producerId()))
                && (body.stateFilters().isEmpty() || states.contains(transaction.state()))
                && (body.durationFilter() < 0 || now - transaction.startMs() > body.durationFilter())
                && (pattern.isEmpty() || pattern.get().matcher(id).matches());
        return ask(coordinator -> coordinator.list(filter).handle((found, failure) -> failure == null ? listed(answer, found)
                : new ListTransactionsResponseData().setErrorCode(TransactionCoordinator.errorOf("list-transactions", "", failure).code())),
                () -> new ListTransactionsResponseData().setErrorCode(Errors.COORDINATOR_NOT_AVAILABLE.code()));
    }

    private static ListTransactionsResponseData listed(ListTransactionsResponseData answer, Map<String, Transaction> found) {
        new TreeMap<>(found).forEach((id, transaction) -> answer.transactionStates().add(new ListTransactionsResponseData.TransactionState().setTransactionalId(id)
                .setProducerId(transaction.producerId()).setTransactionState(transaction.state().stateName())));
        return answer;
    }

    private static Reply unavailable() {
        return Reply.of(Errors.COORDINATOR_NOT_AVAILABLE);
    }

    private <T> CompletableFuture<T> ask(Function<TransactionCoordinator, CompletableFuture<T>> question, Supplier<T> unavailable) {
        return coordination.serving().map(question).orElseGet(() -> CompletableFuture.completedFuture(unavailable.get()));
    }
}
