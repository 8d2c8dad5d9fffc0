package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.cold.KeyedLoad.Update;
import io.firn.it.harness.KafkaClients;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;

/**
 * A table in a compacted topic that two stock transactional producers write at the same time, each its own half of the keys: every transaction updates and deletes keys and is committed or aborted. Knows what the
 * table holds, and which updates never happened. For one thread.
 */
final class TransactionalTable implements AutoCloseable {

    static final int KEYS = 100;
    private static final int FILLER = KEYS;
    private static final int VALUE_BYTES = 6_000;

    private final TopicPartition partition;
    private final Random random;
    private final List<Writer> writers;
    private final Map<Integer, Update> committed = new HashMap<>();
    private final Set<Long> aborted = new HashSet<>();
    private long number;

    TransactionalTable(String bootstrap, TopicPartition partition, Random random) {
        this.partition = partition;
        this.random = random;
        this.writers = List.of(new Writer(bootstrap, "left", 0), new Writer(bootstrap, "right", KEYS / 2));
    }

    /** One producer and what its open transaction has done so far. */
    private final class Writer {
        private final KafkaProducer<byte[], byte[]> producer;
        private final int firstKey;
        private final Map<Integer, Update> open = new HashMap<>();
        private final Set<Long> numbers = new HashSet<>();

        Writer(String bootstrap, String name, int firstKey) {
            this.producer = KafkaClients.producer(bootstrap, Map.of("transactional.id", partition.topic() + "-" + name, "transaction.timeout.ms", 600_000));
            this.firstKey = firstKey;
            producer.initTransactions();
        }

        void update() {
            put(firstKey + random.nextInt(KEYS / 2), random.nextInt(8) == 0, random.nextInt(VALUE_BYTES));
        }

        void put(int key, boolean deletes, int valueBytes) {
            Update update = new Update(++number, deletes, -1);
            producer.send(KeyedLoad.record(partition, key, update, valueBytes));
            open.put(key, update);
            numbers.add(update.number());
        }

        void end(boolean commit) {
            if (commit) {
                producer.commitTransaction();
                committed.putAll(open);
            } else {
                producer.flush();
                producer.abortTransaction();
                aborted.addAll(numbers);
            }
            open.clear();
            numbers.clear();
        }
    }

    /** Two transactions at once, their records among each other; a third of them is aborted. */
    void round(int updates) {
        writers.forEach(writer -> writer.producer.beginTransaction());
        for (int i = 0; i < updates; i++) {
            writers.get(random.nextInt(2)).update();
        }
        boolean leftFirst = random.nextBoolean();
        writers.get(leftFirst ? 0 : 1).end(random.nextInt(3) > 0);
        writers.get(leftFirst ? 1 : 0).end(random.nextInt(3) > 0);
    }

    /** What is checked while a transaction is open, after it has written and another has been committed behind it. The open one is aborted. */
    void whileOneIsOpen(int updates, Runnable check) {
        Map<Integer, Update> before = Map.copyOf(committed);
        Writer left = writers.get(0);
        Writer right = writers.get(1);
        left.producer.beginTransaction();
        for (int i = 0; i < updates; i++) {
            left.update();
        }
        left.producer.flush();
        right.producer.beginTransaction();
        for (int i = 0; i < updates; i++) {
            right.update();
        }
        right.end(true);
        Map<Integer, Update> after = Map.copyOf(committed);
        committed.clear();
        committed.putAll(before);
        check.run();
        committed.putAll(after);
        left.end(false);
    }

    /** Enough committed records of a key that is none of the table's to have all that was before sealed. */
    void roll() {
        Writer writer = writers.get(0);
        writer.producer.beginTransaction();
        for (int i = 0; i < 22; i++) {
            writer.put(FILLER, false, 100_000);
        }
        writer.end(true);
    }

    /** A reading from the beginning to the end: what was committed, the newest of each key, in order; of what was aborted, only a reader of everything may see what is not compacted yet. */
    void check(List<ConsumerRecord<byte[], byte[]>> read, boolean committedOnly) {
        assertThat(newest(read, committedOnly, 0)).isEqualTo(table());
    }

    /** The same, of a reading that began in the middle: of keys whose newest update lies there. */
    void checkFrom(long offset, List<ConsumerRecord<byte[], byte[]>> whole, List<ConsumerRecord<byte[], byte[]>> part) {
        Map<Integer, Update> expected = new HashMap<>();
        Map<Integer, Long> places = new HashMap<>();
        whole.forEach(record -> places.put(KeyedLoad.key(record), record.offset()));
        table().forEach((key, update) -> {
            if (places.get(key) >= offset) {
                expected.put(key, update);
            }
        });
        assertThat(newest(part, true, offset)).containsAllEntriesOf(expected);
    }

    private Map<Integer, Update> newest(List<ConsumerRecord<byte[], byte[]>> read, boolean committedOnly, long fromOffset) {
        Map<Integer, Update> newest = new HashMap<>();
        long next = fromOffset;
        for (ConsumerRecord<byte[], byte[]> record : read) {
            assertThat(record.offset()).isGreaterThanOrEqualTo(next);
            next = record.offset() + 1;
            Update update = said(record);
            if (committedOnly) {
                assertThat(aborted).as("what was aborted, read at offset %d", record.offset()).doesNotContain(update.number());
            }
            if (KeyedLoad.key(record) < KEYS && !aborted.contains(update.number())) {
                Update former = newest.put(KeyedLoad.key(record), update);
                assertThat(former == null || former.number() < update.number()).as("order of key %d: %s after %s", KeyedLoad.key(record), update, former).isTrue();
            }
        }
        return newest;
    }

    private static Update said(ConsumerRecord<byte[], byte[]> record) {
        Update update = KeyedLoad.update(record);
        return new Update(update.number(), update.deletes(), -1);
    }

    /** Whether a reading has nothing but one record for each key: what compaction leaves. */
    boolean isExactly(List<ConsumerRecord<byte[], byte[]>> read) {
        List<ConsumerRecord<byte[], byte[]>> ours = read.stream().filter(record -> KeyedLoad.key(record) < KEYS).toList();
        Map<Integer, Update> found = new HashMap<>();
        ours.forEach(record -> found.put(KeyedLoad.key(record), said(record)));
        return ours.size() == found.size() && found.equals(table());
    }

    private Map<Integer, Update> table() {
        Map<Integer, Update> table = new HashMap<>(committed);
        table.remove(FILLER);
        return table;
    }

    int abortedUpdates() {
        return aborted.size();
    }

    @Override
    public void close() {
        writers.forEach(writer -> writer.producer.close());
    }
}
