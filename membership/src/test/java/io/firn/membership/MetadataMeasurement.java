package io.firn.membership;

import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.RegisterBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;

/** Prints what metadata of some sizes costs on the disk of the directory given; the README says how to run it. Not a test: nothing is asserted. */
public final class MetadataMeasurement {

    private static final int ROUNDS = 5;

    private final Path directory;

    private MetadataMeasurement(Path directory) {
        this.directory = directory;
    }

    public static void main(String[] args) throws IOException {
        Path root = Files.createTempDirectory(Path.of(args[0]), "metadata");
        try {
            System.out.println("round 1 includes loading the classes; each line is one round");
            for (int round = 1; round <= ROUNDS; round++) {
                new MetadataMeasurement(root.resolve("one" + round)).oneLargeTopic(round);
            }
            for (int round = 1; round <= ROUNDS; round++) {
                new MetadataMeasurement(root.resolve("many" + round)).manyTopics(round);
            }
            new MetadataMeasurement(root.resolve("full")).full();
        } finally {
            delete(root);
        }
    }

    private void oneLargeTopic(int round) throws IOException {
        long begin = System.nanoTime();
        long form;
        long create;
        try (Metadata metadata = open()) {
            form = System.nanoTime() - begin;
            register(metadata);
            begin = System.nanoTime();
            create(metadata, "large", 10_000).join();
            create = System.nanoTime() - begin;
        }
        System.out.printf("10,000 partitions in one topic, round %d: form %.1f ms, create %.1f ms, open again %.1f ms, directory %d bytes%n", round, ms(form), ms(create), ms(reopen()), sizeBytes());
    }

    private void manyTopics(int round) throws IOException {
        long burst;
        List<Long> single = new ArrayList<>();
        try (Metadata metadata = open()) {
            register(metadata);
            long begin = System.nanoTime();
            for (int i = 0; i < 10_000; i += 1_000) {
                List<CompletableFuture<ClusterView>> answers = new ArrayList<>();
                for (int j = 0; j < 1_000; j++) {
                    answers.add(create(metadata, "topic-" + (i + j), 1));
                }
                answers.forEach(CompletableFuture::join);
            }
            burst = System.nanoTime() - begin;
            for (int i = 0; i < 500; i++) {
                begin = System.nanoTime();
                metadata.submit(new AlterConfigs(ConfigScope.TOPIC, "topic-" + i, Map.of("retention.ms", Optional.of("-1")))).join();
                single.add(System.nanoTime() - begin);
            }
        }
        single.sort(Comparator.naturalOrder());
        System.out.printf("10,000 topics of one partition, round %d: create all, 1000 at a time, %.0f ms; then one change alone p50 %.2f ms, p99 %.2f ms; open again %.1f ms, directory %d bytes%n",
                round, ms(burst), ms(single.get(250)), ms(single.get(495)), ms(reopen()), sizeBytes());
    }

    private void full() throws IOException {
        try (Metadata metadata = open()) {
            register(metadata);
            long before = usedBytes();
            for (int i = 0; i < 20; i++) {
                create(metadata, "large-" + i, 10_000).join();
            }
            System.out.printf("200,000 partitions in 20 topics: view %d bytes on the heap%n", usedBytes() - before);
        }
        System.out.printf("200,000 partitions in 20 topics: open again %.1f ms, directory %d bytes%n", ms(reopen()), sizeBytes());
    }

    private Metadata open() {
        return Metadata.openSingleBroker(directory, InstantSource.system(), new Random(1));
    }

    private long reopen() {
        long begin = System.nanoTime();
        try (Metadata metadata = open()) {
            return System.nanoTime() - begin;
        }
    }

    private static void register(Metadata metadata) {
        metadata.submit(new RegisterBroker(1, "localhost", 9092, Optional.empty())).join();
    }

    private static CompletableFuture<ClusterView> create(Metadata metadata, String name, int partitions) {
        return metadata.submit(new CreateTopic(Uuid.randomUuid(), name, partitions, 1, Map.of(), Map.of()));
    }

    private static double ms(long nanos) {
        return nanos / 1e6;
    }

    private static long usedBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private long sizeBytes() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    private static void delete(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
