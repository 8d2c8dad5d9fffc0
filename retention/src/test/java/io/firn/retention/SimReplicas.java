package io.firn.retention;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.TopicIdPartition;

/** Other replicas of the rig's partition: each has the batches that the test gives it, as they would lie in its log, and follows {@link #leaderEpoch}. Thread-safe. */
final class SimReplicas implements ReplicaLogs {

    private final Map<Integer, NavigableMap<Long, byte[]>> logs = new ConcurrentSkipListMap<>();
    private final List<CompletableFuture<Void>> held = new CopyOnWriteArrayList<>();
    final List<Question> asked = new CopyOnWriteArrayList<>();
    volatile int leaderEpoch = 1;
    volatile boolean holding;
    /** Batches in an answer beyond what was asked for, as of a log whose pages are not in memory. */
    volatile int batchesBeyond;
    /** Runs before the broker with the lowest number answers, with one batch. */
    volatile Optional<Runnable> slow = Optional.empty();

    /** A replica with these batches, by base offset. */
    SimReplicas with(int broker, Map<Long, byte[]> batches) {
        logs.put(broker, new TreeMap<>(batches));
        return this;
    }

    /** From now on answers wait for {@link #release}. */
    void hold() {
        holding = true;
    }

    int heldAnswers() {
        return held.size();
    }

    void release() {
        holding = false;
        held.forEach(answer -> answer.complete(null));
    }

    @Override
    public List<Integer> holders(TopicIdPartition partition) {
        return partition.equals(TieredRig.PARTITION) ? new ArrayList<>(logs.keySet()) : List.of();
    }

    @Override
    public CompletableFuture<Answer> read(Question question) {
        asked.add(question);
        if (!holding) {
            return CompletableFuture.completedFuture(answer(question));
        }
        CompletableFuture<Void> wait = new CompletableFuture<>();
        held.add(wait);
        return wait.thenApply(released -> answer(question));
    }

    private Answer answer(Question question) {
        NavigableMap<Long, byte[]> log = logs.get(question.broker());
        if (question.leaderEpoch() != leaderEpoch) {
            return new Answer.None("it follows in epoch " + leaderEpoch + ", not " + question.leaderEpoch());
        }
        if (log.isEmpty() || question.offset() < log.firstKey()) {
            return new Answer.None("its log does not reach back to offset " + question.offset());
        }
        boolean slowly = slow.isPresent() && question.broker() == new TreeMap<>(logs).firstKey();
        int beyond = batchesBeyond;
        slow.filter(any -> slowly).ifPresent(Runnable::run);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] batch : log.tailMap(question.offset(), true).values()) {
            if (bytes.size() > 0 && (slowly || bytes.size() + batch.length > question.maxBytes()) && beyond-- <= 0) {
                break;
            }
            bytes.writeBytes(batch);
        }
        return new Answer.Batches(ByteBuffer.wrap(bytes.toByteArray()));
    }
}
