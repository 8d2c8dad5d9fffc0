package io.firn.gateway.transaction;

import static io.firn.gateway.rig.Await.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.TestPartitions;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.ReadResult;
import io.firn.hot.RecordBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** The coordinator over real partitions on a real disk, which may be stopped at any step of a transaction and opened again. */
final class TransactionRig implements AutoCloseable {
    static final String STATE = "__transaction_state";
    static final TopicPartition T0 = new TopicPartition("t", 0);
    static final TopicPartition T1 = new TopicPartition("t", 1);

    final Path directory;
    final TransactionSettings settings;
    TestPartitions broker;
    Transactions transactions;
    /** What becomes of markers; may be replaced. */
    volatile MarkerSender markers = marker -> local().send(marker);
    final List<EndMarker> sent = new ArrayList<>();
    private TransactionCoordination coordination;

    TransactionRig(Path directory, TransactionSettings settings) {
        this.directory = directory;
        this.settings = settings;
        open();
        broker.createTopic("t", 2, Map.of());
        broker.createTopic(STATE, 2, Map.of("cleanup.policy", "compact"));
    }

    private void open() {
        broker = new TestPartitions(directory);
        ProducerIds ids = new ProducerIds(new SerialExecutor(), broker.metadata::submit);
        coordination = new TransactionCoordination(2, settings, broker.metadata, broker.partitions, this::send, ids::next, InstantSource.system());
        coordination.start();
        transactions = coordination.transactions();
    }

    /** One at a time, on the caller's thread. */
    private static final class SerialExecutor implements Executor {
        private final ReentrantLock lock = new ReentrantLock();

        @Override
        public void execute(Runnable task) {
            lock.lock();
            try {
                task.run();
            } finally {
                lock.unlock();
            }
        }
    }

    private CompletableFuture<Map<TopicPartition, Errors>> send(EndMarker marker) {
        sent.add(marker); // on the one thread that delivers
        return markers.send(marker);
    }

    LocalMarkers local() {
        return new LocalMarkers(broker.partitions, (partition, marker) -> CompletableFuture.failedFuture(new IllegalStateException("no groups here")), InstantSource.system());
    }

    /** Stops where it is; opened again markers go where they should. */
    void restart() {
        close();
        sent.clear();
        markers = marker -> local().send(marker);
        open();
    }

    /** As {@link #restart}, with a further record in the coordinator's log. */
    void restartWith(String id, SimpleRecord record) {
        coordination.close();
        broker.append(partition(new TopicPartition(STATE, Transactions.partitionOf(id, 2))), record);
        restart();
    }

    @Override
    public void close() {
        coordination.close();
        broker.close();
    }

    // Waiting

    static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(30, TimeUnit.SECONDS).join();
    }

    private static boolean retriable(Errors error) {
        return error == Errors.COORDINATOR_NOT_AVAILABLE || error == Errors.COORDINATOR_LOAD_IN_PROGRESS || error == Errors.NOT_COORDINATOR || error == Errors.CONCURRENT_TRANSACTIONS;
    }

    /** Asks again as clients do. */
    static Reply asked(Supplier<CompletableFuture<Reply>> request) {
        return until(() -> await(request.get()), reply -> !retriable(reply.error()));
    }

    static Errors error(Supplier<CompletableFuture<Errors>> request) {
        return until(() -> await(request.get()), error -> !retriable(error));
    }

    Reply initialize(String id) {
        return asked(() -> transactions.initialize(id, 60_000, -1, (short) -1));
    }

    String state(String id) {
        return until(() -> await(transactions.describe(id)), found -> !retriable(Errors.forCode(found.errorCode()))).transactionState();
    }

    void untilState(String id, String state) {
        until(() -> state(id), state::equals);
    }

    // Partitions

    Partition partition(TopicPartition tp) {
        return broker.partition(tp.topic(), tp.partition());
    }

    static <T> T onLoop(Partition partition, Callable<T> question) {
        return await(CompletableFuture.supplyAsync(() -> {
            try {
                return question.call();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }, partition.loop()));
    }

    /** Appends transactional records as a client that has been admitted. */
    void produce(TopicPartition tp, Reply producer, int sequence, String value) {
        ByteBuffer batch = MemoryRecords.withTransactionalRecords(Compression.NONE, producer.producerId(), producer.epoch(), sequence, new SimpleRecord(System.currentTimeMillis(), value.getBytes())).buffer();
        Partition partition = partition(tp);
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        partition.loop().execute(() -> partition.append(RecordBuffers.of(batch), AppendOrigin.CLIENT, result::complete));
        assertThat(await(result)).isInstanceOf(AppendResult.Appended.class);
    }

    boolean isStable(TopicPartition tp) {
        Partition partition = partition(tp);
        return onLoop(partition, () -> partition.lastStableOffset() == partition.log().hot().logEndOffset());
    }

    /** The control batches of the partition, as "commit" and "abort" with their epochs. */
    List<String> markers(TopicPartition tp) throws IOException {
        Partition partition = partition(tp);
        List<String> found = new ArrayList<>();
        ReadResult read = onLoop(partition, () -> partition.log().hot().read(0, 1 << 20, Long.MAX_VALUE, true));
        if (read instanceof ReadResult.Range range) {
            ByteBuffer bytes = ByteBuffer.allocate(range.range().sizeBytes());
            range.range().read(0, bytes);
            range.range().release();
            for (RecordBatch batch : MemoryRecords.readableRecords(bytes.flip()).batches()) {
                if (batch.isControlBatch()) {
                    Record record = batch.iterator().next();
                    found.add((record.key().getShort(2) == 1 ? "commit " : "abort ") + batch.producerEpoch());
                }
            }
        }
        return found;
    }

    static Set<TopicPartition> both() {
        return Set.of(T0, T1);
    }
}
