package io.firn.retention;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * What other replicas of a partition have on their own disks, and never in the bucket. A leader asks for it whose bucket is broken and who has no copy itself.
 *
 * <p>Nothing blocks. Thread-safe; futures complete on any thread, whose time is short, and within a limit of the port's own.
 */
public interface ReplicaLogs {

    /** Of a broker without others. */
    ReplicaLogs NONE = new ReplicaLogs() {
        @Override
        public List<Integer> holders(TopicIdPartition partition) {
            return List.of();
        }

        @Override
        public CompletableFuture<Answer> read(Question question) {
            return CompletableFuture.completedFuture(new Answer.None("there is no broker " + question.broker()));
        }
    };

    /** The other brokers that have a replica, as far as is known now, those first that are likely to answer. */
    List<Integer> holders(TopicIdPartition partition);

    /** Asks one for its batches; a future that never fails: what goes wrong is {@link Answer.None}. */
    CompletableFuture<Answer> read(Question question);

    /**
     * What is asked.
     *
     * @param leaderEpoch under which the asking broker leads; a broker that knows another one does not answer
     * @param offset where a batch begins
     * @param maxBytes of batches, or one batch that is larger; an answer may go beyond it by some batches, up to the next entries of the other log's index
     */
    record Question(int broker, TopicIdPartition partition, int leaderEpoch, long offset, int maxBytes) {}

    /** What a broker says. */
    sealed interface Answer {

        /** Whole batches as they lie in its log, the first one the one that holds the offset, all below its high watermark; none if it has nothing there yet. Not checked: whoever sent them may be broken. */
        record Batches(ByteBuffer bytes) implements Answer {}

        /** It has them no more, does not know of the leadership, is too old to be asked, or silent. */
        record None(String why) implements Answer {}
    }
}
