package io.firn.it.cluster;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;

/**
 * Is told what clients did and saw, as it happens, and in the end what is in the log; tells which promises were broken. Knows nothing of clients and brokers. What it remembers is some
 * ten bytes a record and reader.
 *
 * <p>Threading: thread-safe, one lock.
 */
final class HistoryChecker {

    /** What movers write, beside the input's offset. */
    static final String[] OUTPUTS = {"moved-a", "moved-b"};

    private final ReentrantLock lock = new ReentrantLock();
    private final Violations violations = new Violations();
    private final SentRecords records = new SentRecords(violations);
    private final ShownRecords readers = new ShownRecords(violations);
    private final Transactions transactions = new Transactions(violations, OUTPUTS);

    /** A record is about to be sent. Sequences of a producer and partition are 0, 1, 2, … */
    void sent(TopicPartition partition, Mark mark) {
        change(() -> records.sent(partition, mark));
    }

    void acknowledged(TopicPartition partition, Mark mark, long offset) {
        change(() -> records.acknowledged(partition, mark, offset));
    }

    /** What a group certainly has committed. To be asked for before a question whose answer must not be below it. */
    long committed(String group, TopicPartition partition) {
        return locked(() -> readers.committed(group, partition));
    }

    void assigned(String group, String member, TopicPartition partition, long position, long floor) {
        change(() -> readers.assigned(group, member, partition, position, floor));
    }

    void shown(String group, String member, TopicPartition partition, long offset, Mark mark) {
        change(() -> readers.shown(group, member, partition, offset, mark));
    }

    void commitConfirmed(String group, TopicPartition partition, long offset) {
        change(() -> readers.committed(group, partition, offset));
    }

    void committedIs(String group, TopicPartition partition, long offset, long floor) {
        change(() -> readers.committedIs(group, partition, offset, floor));
    }

    void begun(Transactions.Id id, long firstInput, int count) {
        change(() -> transactions.begun(id, firstInput, count));
    }

    void ended(Transactions.Id id, Transactions.End end) {
        change(() -> transactions.ended(id, end));
    }

    /** In the end: the next record of a partition that idempotent producers wrote to. */
    void logged(TopicPartition partition, long offset, Mark mark) {
        change(() -> {
            records.logged(partition, offset, mark);
            readers.logged(partition, offset, mark);
        });
    }

    /** In the end: the next record of an output, as readers of committed records see it. */
    void moved(Transactions.Id id, String topic, long offset, long input) {
        change(() -> transactions.logged(id, topic, offset, input));
    }

    /** In the end, after {@link #moved}. */
    void inputCommitted(int mover, long offset) {
        change(() -> transactions.inputCommitted(mover, offset));
    }

    /** Everything was told. */
    List<Violation> end() {
        return locked(() -> {
            records.end();
            readers.end();
            transactions.end();
            return violations.all();
        });
    }

    /** What was found so far: what shows only in the log is found by {@link #end}. */
    List<Violation> soFar() {
        return locked(violations::all);
    }

    long acknowledgedRecords() {
        return locked(records::acknowledged);
    }

    long shownRecords() {
        return locked(readers::count);
    }

    long committedTransactions() {
        return locked(transactions::committed);
    }

    private void change(Runnable change) {
        locked(() -> {
            change.run();
            return null;
        });
    }

    private <T> T locked(Supplier<T> question) {
        lock.lock();
        try {
            return question.get();
        } finally {
            lock.unlock();
        }
    }
}
