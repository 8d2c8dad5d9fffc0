package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.cold.KeyedLoad.Update;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/** Updates few keys of a compacted partition in turn, and knows each one's newest update. For one thread. */
final class TableLoad {

    private static final int KEYS = 20;
    private static final int VALUE_BYTES = 4_000;

    private final TopicPartition partition;
    private final Map<Integer, Long> newest = new HashMap<>();
    private long number;

    TableLoad(TopicPartition partition) {
        this.partition = partition;
    }

    /** All are acknowledged when this returns. */
    void send(String bootstrap, int updates) throws Exception {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("linger.ms", 5, "batch.size", 64_000))) {
            for (int i = 0; i < updates; i++) {
                int key = (int) (++number % KEYS);
                answers.add(producer.send(KeyedLoad.record(partition, key, new Update(number, false, -1), VALUE_BYTES)));
                newest.put(key, number);
            }
        }
        for (Future<RecordMetadata> answer : answers) {
            answer.get(1, TimeUnit.MINUTES);
        }
    }

    /** What a reader from the beginning finds at last of each key is its newest update. */
    void verify(String bootstrap) {
        Map<Integer, Long> read = new HashMap<>();
        Reading.all(bootstrap, partition).forEach(record -> read.put(KeyedLoad.key(record), KeyedLoad.update(record).number()));
        assertThat(read).isEqualTo(newest);
    }
}
