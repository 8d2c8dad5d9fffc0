package io.firn.it.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Stock clients as a process, warm from one measurement to the next, each with consumers and connections of its own. Argument: the broker. Offsets of a topic that {@code fill} made are told by their timestamps.
 *
 * <pre>
 *   fill TOPIC PARTITIONS RECORDS BASE              so many records of 1 KiB to each partition, with timestamps BASE + offset
 *   read TOPIC PARTITIONS CONSUMERS LIMIT SECONDS RATE   reads offsets below LIMIT once, at most so long, each consumer no faster than so many bytes a second (0: any) ──▶ bytes nanoseconds
 *   first TOPIC (PARTITION OFFSET)…                 new consumers, one at each offset               ──▶ median and p99 until a record is there, ms
 *   times TOPIC BASE (PARTITION OFFSET)…            offsetsForTimes of the timestamp of each offset ──▶ median and p99, ms
 *   steady TOPIC PARTITIONS RATE SECONDS            produces at that rate, consumes it              ──▶ median and p99 until acknowledged, and until consumed, ms
 *   loop TOPIC PARTITIONS CONSUMERS LIMIT RATE      begins to read again and again, each consumer no faster than so many bytes a second
 *   stop                                            ends that                                       ──▶ bytes nanoseconds
 * </pre>
 */
final class ClientMain {

    private static final int RECORD_BYTES = 1 << 10;
    private static final int BATCH_BYTES = 64 << 10;
    /** Of random payloads, enough that no two batches are the same. */
    private static final int PAYLOADS = 1_000;

    private final String bootstrap;
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "client");
        thread.setDaemon(true);
        return thread;
    });
    private List<Replay> looping = List.of();
    private List<Future<Long>> loops = List.of();
    private long loopingSince;

    private ClientMain(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    public static void main(String[] args) throws IOException {
        PrintStream answers = AttendantLoop.answers();
        AttendantLoop.run(answers, "ready", new ClientMain(args[0])::obey);
        System.exit(0);
    }

    private String obey(String[] words) throws Exception {
        long[] numbers = Arrays.stream(words).skip(2).mapToLong(Long::parseLong).toArray();
        return switch (words[0]) {
            case "fill" -> fill(words[1], (int) numbers[0], numbers[1], numbers[2]);
            case "read" -> read(words[1], (int) numbers[0], (int) numbers[1], numbers[2], numbers[3], numbers[4]);
            case "first" -> first(words[1], ReplaySpots.parse(numbers, 0));
            case "times" -> times(words[1], numbers[0], ReplaySpots.parse(numbers, 1));
            case "steady" -> new Steady(bootstrap, words[1], (int) numbers[0], (int) numbers[1], (int) numbers[2]).run();
            case "loop" -> loop(words[1], (int) numbers[0], (int) numbers[1], numbers[2], numbers[3]);
            case "stop" -> stop();
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    private String fill(String topic, int partitions, long records, long base) throws Exception {
        byte[][] payloads = payloads();
        List<Future<RecordMetadata>> last = new ArrayList<>();
        AtomicReference<Exception> failure = new AtomicReference<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "batch.size", BATCH_BYTES, "linger.ms", "20"), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (long offset = 0; offset < records; offset++) {
                last.clear();
                for (int partition = 0; partition < partitions; partition++) {
                    last.add(producer.send(new ProducerRecord<>(topic, partition, base + offset, null, payloads[(int) ((offset * 7 + partition) % PAYLOADS)]), (metadata, exception) -> failure.compareAndSet(null, exception)));
                }
            }
            producer.flush();
            if (failure.get() != null) {
                throw failure.get();
            }
            for (Future<RecordMetadata> each : last) {
                if (each.get().offset() != records - 1) {
                    throw new IOException("not all were acknowledged, or some twice: " + each.get());
                }
            }
        }
        return "ok";
    }

    private static byte[][] payloads() {
        Random random = new Random(RECORD_BYTES);
        byte[][] payloads = new byte[PAYLOADS][RECORD_BYTES];
        for (byte[] payload : payloads) {
            for (int i = 0; i < RECORD_BYTES; i++) {
                payload[i] = (byte) ('a' + random.nextInt(26));
            }
        }
        return payloads;
    }

    private String read(String topic, int partitions, int consumers, long limit, long seconds, long bytesPerSecond) throws Exception {
        List<Replay> replays = Replay.of(bootstrap, topic, partitions, consumers, limit);
        try {
            long start = System.nanoTime();
            List<Future<Long>> results = replays.stream().map(replay -> threads.submit(() -> replay.once(TimeUnit.SECONDS.toNanos(seconds), bytesPerSecond))).toList();
            long bytes = 0;
            for (Future<Long> result : results) {
                bytes += result.get();
            }
            return bytes + " " + (System.nanoTime() - start);
        } finally {
            replays.forEach(Replay::close);
        }
    }

    private String first(String topic, ReplaySpots at) throws IOException {
        double[] tookMs = new double[at.spots().size()];
        for (int sample = 0; sample < tookMs.length; sample++) {
            TopicPartition partition = new TopicPartition(topic, at.spots().get(sample).partition());
            long offset = at.spots().get(sample).offset();
            try (KafkaConsumer<byte[], byte[]> consumer = Replay.consumer(bootstrap)) {
                consumer.assign(List.of(partition));
                consumer.seek(partition, offset);
                long start = System.nanoTime();
                long found = Replay.firstOffset(consumer, partition);
                tookMs[sample] = (System.nanoTime() - start) / 1e6;
                if (found != offset) {
                    throw new IOException("asked for offset " + offset + " of " + partition + ", was given " + found);
                }
            }
        }
        return Quantiles.of(tookMs).words();
    }

    private String times(String topic, long base, ReplaySpots of) throws IOException {
        double[] tookMs = new double[of.spots().size()];
        try (KafkaConsumer<byte[], byte[]> consumer = Replay.consumer(bootstrap)) {
            consumer.partitionsFor(topic);
            for (int sample = 0; sample < tookMs.length; sample++) {
                TopicPartition partition = new TopicPartition(topic, of.spots().get(sample).partition());
                long offset = of.spots().get(sample).offset();
                long start = System.nanoTime();
                OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, base + offset)).get(partition);
                tookMs[sample] = (System.nanoTime() - start) / 1e6;
                if (found.offset() != offset) {
                    throw new IOException("asked for the time of offset " + offset + " of " + partition + ", was given " + found);
                }
            }
        }
        return Quantiles.of(tookMs).words();
    }

    private String loop(String topic, int partitions, int consumers, long limit, long bytesPerSecond) {
        looping = Replay.of(bootstrap, topic, partitions, consumers, limit);
        loopingSince = System.nanoTime();
        loops = looping.stream().map(replay -> threads.submit(() -> replay.forEver(bytesPerSecond))).toList();
        return "ok";
    }

    private String stop() throws Exception {
        long nanos = System.nanoTime() - loopingSince;
        looping.forEach(Replay::stop);
        long bytes = 0;
        for (Future<Long> each : loops) {
            bytes += each.get();
        }
        looping.forEach(Replay::close);
        looping = List.of();
        loops = List.of();
        return bytes + " " + nanos;
    }
}
