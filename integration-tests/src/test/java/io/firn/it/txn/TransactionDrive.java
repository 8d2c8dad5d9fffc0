package io.firn.it.txn;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Consume, transform, produce with the client library of another version, run in a process of its own: commits and aborts in turn, offsets with the records. Uses only what version 2.8 has.
 * Ends with exit code 0 when read_committed readers see every record once.
 */
public final class TransactionDrive {
    private static final int RECORDS = 200;
    private static final int PER_TRANSACTION = 20;
    private static final long LIMIT_SECONDS = 60;

    private final String bootstrap;
    private final TopicPartition input;
    private final TopicPartition output;

    private TransactionDrive(String bootstrap, String topic) {
        this.bootstrap = bootstrap;
        this.input = new TopicPartition(topic, 0);
        this.output = new TopicPartition(topic, 1);
    }

    /** @param arguments bootstrap address, topic with two partitions */
    public static void main(String[] arguments) throws Exception {
        System.out.println("client " + org.apache.kafka.common.utils.AppInfoParser.getVersion());
        TransactionDrive drive = new TransactionDrive(arguments[0], arguments[1]);
        drive.fill();
        drive.transform();
        drive.verify();
        System.out.println("done");
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("group.id", "drive-" + input.topic());
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", false);
        settings.put("isolation.level", "read_committed");
        settings.put("max.poll.records", PER_TRANSACTION);
        return settings;
    }

    private KafkaConsumer<String, String> consumer(TopicPartition partition) {
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings(), new StringDeserializer(), new StringDeserializer());
        consumer.assign(Collections.singleton(partition));
        return consumer;
    }

    private KafkaProducer<String, String> producer(String transactionalId) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("transactional.id", transactionalId);
        KafkaProducer<String, String> producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        return producer;
    }

    private void fill() {
        try (KafkaProducer<String, String> producer = producer("fill-" + input.topic())) {
            producer.beginTransaction();
            for (int i = 0; i < RECORDS; i++) {
                producer.send(new ProducerRecord<>(input.topic(), input.partition(), "k", Integer.toString(i)));
            }
            producer.commitTransaction();
        }
        System.out.println("filled");
    }

    private void transform() {
        try (KafkaConsumer<String, String> consumer = consumer(input); KafkaProducer<String, String> producer = producer("drive-" + input.topic())) {
            consumer.seekToBeginning(Collections.singleton(input));
            long next = 0;
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            for (int round = 0; next < RECORDS; round++) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException("only " + next + " records in time");
                }
                List<ConsumerRecord<String, String>> records = consumer.poll(Duration.ofMillis(200)).records(input);
                if (records.isEmpty()) {
                    continue;
                }
                boolean commit = round % 3 != 1;
                producer.beginTransaction();
                records.forEach(record -> producer.send(new ProducerRecord<>(output.topic(), output.partition(), "k", (commit ? "" : "aborted ") + record.value())));
                producer.sendOffsetsToTransaction(Collections.singletonMap(input, new OffsetAndMetadata(records.get(records.size() - 1).offset() + 1)),
                        new ConsumerGroupMetadata("drive-" + input.topic()));
                if (commit) {
                    producer.commitTransaction();
                    next += records.size();
                } else {
                    producer.flush();
                    producer.abortTransaction();
                    consumer.seek(input, next);
                }
            }
        }
        System.out.println("transformed");
    }

    private void verify() {
        List<String> seen = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = consumer(output)) {
            consumer.seekToBeginning(Collections.singleton(output));
            long end = consumer.endOffsets(Collections.singleton(output)).get(output);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (consumer.position(output) < end && System.nanoTime() - deadline < 0) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> seen.add(record.value()));
            }
            long committed = consumer.committed(Collections.singleton(input)).get(input).offset();
            if (committed != RECORDS) {
                throw new IllegalStateException("committed offset " + committed);
            }
        }
        for (int i = 0; i < RECORDS; i++) {
            if (i >= seen.size() || !seen.get(i).equals(Integer.toString(i))) {
                throw new IllegalStateException("record " + i + " of " + seen.size() + ": " + seen);
            }
        }
        if (seen.size() != RECORDS) {
            throw new IllegalStateException(seen.size() + " records");
        }
        System.out.println("verified");
    }
}
