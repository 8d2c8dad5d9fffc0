package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that are broken or mean harm: they get an error or a closed connection, and everybody else is served as before. */
class BadClientIT {

    private static final int MEGABYTES = 24;
    /** Heap and direct memory a broker may use come to 768 MiB; code and threads have their place too. What is seen lies far below. */
    private static final long RESIDENT_LIMIT_BYTES = 700L << 20;

    @TempDir
    static Path directory;

    private static FirnNode node;
    private static TopicPartition filled;

    @BeforeAll
    static void startBroker() throws Exception {
        node = FirnNode.in(directory.resolve("data"), Map.of("kafka.connection.stall.ms", "5000")).start();
        try (Topics topics = Topics.of(node.bootstrap()); KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            filled = topics.create("filled", 1).get(0);
            topics.create("others", 1);
            for (int i = 0; i < MEGABYTES * 10; i++) {
                producer.send(new ProducerRecord<>("filled", new byte[100_000]));
            }
        }
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
    }

    @AfterEach
    void othersAreServed() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            producer.send(new ProducerRecord<>("others", "still here".getBytes())).get(60, TimeUnit.SECONDS);
        }
        assertThat(Reading.all(node.bootstrap(), new TopicPartition("others", 0))).isNotEmpty();
        assertThat(node.logLines("ERROR")).isEmpty();
        assertThat(node.process().residentBytes()).as("resident bytes").isLessThan(RESIDENT_LIMIT_BYTES);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MAX_VALUE, 104_857_601, -1, Integer.MIN_VALUE, 0, 1, 7})
    void anAbsurdLengthClosesTheConnection(int length) throws IOException {
        try (RawClient client = RawClient.connect(node.kafkaPort())) {
            client.send(ByteBuffer.allocate(64).putInt(length).array());
            assertThat(client.closedByBroker()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 4, 99, 999, Short.MAX_VALUE, Short.MIN_VALUE})
    void anUnknownApiClosesTheConnection(int api) throws IOException {
        try (RawClient client = RawClient.connect(node.kafkaPort())) {
            client.send(RawClient.request(api, 0, 1, new byte[20]));
            assertThat(client.closedByBroker()).isTrue();
        }
    }

    @Test
    void anUnknownVersionOfApiVersionsIsAnsweredWithTheKnownOnes() throws IOException {
        try (RawClient client = RawClient.connect(node.kafkaPort())) {
            client.send(RawClient.request(18, 99, 77, new byte[1])); // no tagged fields in the header
            ByteBuffer response = ByteBuffer.wrap(client.response());
            assertThat(response.getInt()).isEqualTo(77);
            assertThat(response.getShort()).as("UNSUPPORTED_VERSION").isEqualTo((short) 35);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 10, 68})
    void anUnknownVersionOfAnotherApiClosesTheConnection(int api) throws IOException {
        try (RawClient client = RawClient.connect(node.kafkaPort())) {
            client.send(RawClient.request(api, 120, 5, new byte[40]));
            assertThat(client.closedByBroker()).isTrue();
        }
    }

    @Test
    void randomBytesHarmNobody() throws IOException {
        Random random = Seed.random("randomBytesHarmNobody");
        for (int i = 0; i < 300; i++) {
            try (RawClient client = RawClient.connect(node.kafkaPort())) {
                byte[] noise = new byte[1 + random.nextInt(400)];
                random.nextBytes(noise);
                client.send(switch (random.nextInt(3)) {
                    case 0 -> noise;
                    case 1 -> RawClient.request(random.nextInt(95), random.nextInt(18), i, noise);
                    default -> damaged(random, RawClient.fetch("filled", i, 1000));
                });
            }
        }
    }

    private static byte[] damaged(Random random, byte[] request) {
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            request[4 + random.nextInt(request.length - 4)] = (byte) random.nextInt(256);
        }
        return request;
    }

    @Test
    void aRequestThatComesByteByByteIsAnswered() throws IOException {
        try (RawClient client = RawClient.connect(node.kafkaPort())) {
            for (int id = 1; id <= 5; id++) {
                client.drip(RawClient.apiVersions(id));
                assertThat(ByteBuffer.wrap(client.response()).getInt()).isEqualTo(id);
            }
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        try (RawClient client = RawClient.connect(node.kafkaPort())) {
            ByteBuffer all = ByteBuffer.allocate(100_000);
            for (int id = 0; id < 200; id++) {
                all.put(id % 3 == 0 ? RawClient.fetch("filled", id, 1_000) : RawClient.apiVersions(id));
            }
            byte[] bytes = new byte[all.flip().remaining()];
            all.get(bytes);
            client.send(bytes);
            for (int id = 0; id < 200; id++) {
                assertThat(ByteBuffer.wrap(client.response()).getInt()).isEqualTo(id);
            }
        }
    }

    @Test
    void aRequestThatStopsHalfWayIsGivenUp() throws IOException {
        try (RawClient client = RawClient.connect(node.kafkaPort())) {
            byte[] request = RawClient.fetch("filled", 1, 1_000);
            byte[] half = Arrays.copyOf(request, request.length / 2);
            client.send(half);
            assertThat(client.closedByBroker()).isTrue();
        }
    }

    @Test
    void clientsThatNeverReadHoldUpNobodyAndNoMemory() throws Exception {
        List<RawClient> deaf = new ArrayList<>();
        try {
            for (int i = 0; i < 30; i++) {
                RawClient client = RawClient.connect(node.kafkaPort());
                deaf.add(client);
                for (int id = 0; id < 20; id++) {
                    client.send(RawClient.fetch("filled", id, 20_000_000));
                }
            }
            othersAreServed();
            assertThat(Reading.all(node.bootstrap(), filled)).hasSize(MEGABYTES * 10);
            Await.until("given up after kafka.connection.stall.ms", () -> node.logText().lines().filter(line -> line.contains("takes no bytes of its answer")).count() == deaf.size());
            assertThat(deaf).allMatch(RawClient::closedByBroker);
        } finally {
            for (RawClient client : deaf) {
                client.close();
            }
        }
    }

    @Test
    void aThousandConnectionsAreServed() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 1_000; i++) {
                RawClient client = RawClient.connect(node.kafkaPort());
                clients.add(client);
                client.send(RawClient.apiVersions(i));
            }
            for (int i = 0; i < 1_000; i++) {
                assertThat(ByteBuffer.wrap(clients.get(i).response()).getInt()).isEqualTo(i);
            }
            othersAreServed();
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void largeRequestsOfManyClientsAtOnceAreBounded() throws Exception {
        List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create("bulky", 4, Map.of("max.message.bytes", "20000000", "retention.bytes", "1000000"));
            for (int i = 0; i < 12; i++) {
                producers.add(KafkaClients.producer(node.bootstrap(), Map.of("max.request.size", 20_000_000, "buffer.memory", 40_000_000)));
            }
            for (int round = 0; round < 2; round++) {
                for (KafkaProducer<byte[], byte[]> producer : producers) {
                    answers.add(producer.send(new ProducerRecord<>("bulky", round % 4, null, new byte[15_000_000])));
                }
            }
            for (Future<RecordMetadata> answer : answers) {
                assertThat(answer.get(120, TimeUnit.SECONDS).hasOffset()).isTrue();
            }
        } finally {
            producers.forEach(KafkaProducer::close);
        }
    }
}
