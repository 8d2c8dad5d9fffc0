package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.cold.s3.S3Server;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stock consumers that come back to a topic larger than the memory for cold chunks. */
class DiskCacheIT {

    private static final int MEGABYTES = 3;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"s3", "minio"})
    void whatIsReadOftenIsReadFromTheDiskWithNoRequestAndWithNoStore(String provider) throws IOException {
        TieredLoad load = new TieredLoad(Seed.random("DiskCacheIT"));
        try (S3Server server = S3Server.start(directory.resolve("objects")); FaultProxy proxy = FaultProxy.start(server.port());
                FirnNode node = node(Buckets.settings(provider, server, proxy.endpoint()), 64 << 20).start(); Topics topics = Topics.of(node.bootstrap())) {
            List<TopicPartition> partitions = topics.create("often", 2, TieredLoad.TINY_SEGMENTS);
            load.send(node.bootstrap(), partitions, MEGABYTES);
            topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);

            load.verify(Reading.all(node.bootstrap(), partitions));
            assertThat(bytesOnDisk()).as("what may never be read again is not written").isZero();
            Await.until("a replay without a request", () -> {
                long before = proxy.requests("GET");
                load.verify(Reading.all(node.bootstrap(), partitions));
                return proxy.requests("GET") == before;
            });
            proxy.inject(HttpFault.reset());
            load.verify(Reading.all(node.bootstrap(), partitions));
            load.verify(Reading.all(node.bootstrap(), partitions, Map.of("isolation.level", "read_committed")));
            load.verify(Reading.all(node.bootstrap(), partitions, Map.of("max.partition.fetch.bytes", 20_000, "fetch.max.bytes", 50_000)));
            proxy.clear();

            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
            node.start();
            assertThat(bytesOnDisk()).as("a new process begins with nothing").isZero();
            load.verify(Reading.all(node.bootstrap(), partitions));
        }
    }

    @Test
    void aSmallOneStaysWithinItsBytesAndADirectoryThatCannotBeMadeCostsNothingButRequests() throws IOException {
        TieredLoad load = new TieredLoad(Seed.random("DiskCacheIT"));
        try (Buckets buckets = Buckets.open("s3", directory); FirnNode node = node(buckets.settings(), 1 << 20).start(); Topics topics = Topics.of(node.bootstrap())) {
            List<TopicPartition> partitions = topics.create("small", 2, TieredLoad.TINY_SEGMENTS);
            load.send(node.bootstrap(), partitions, MEGABYTES);
            topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
            for (int i = 0; i < 4; i++) {
                load.verify(Reading.all(node.bootstrap(), partitions));
                assertThat(bytesOnDisk()).isLessThanOrEqualTo(1 << 20);
            }
            assertThat(bytesOnDisk()).isPositive();

            node.stop();
            Files.deleteIfExists(cache());
            Files.createFile(cache());
            node.start();
            load.verify(Reading.all(node.bootstrap(), partitions));
            load.verify(Reading.all(node.bootstrap(), partitions));
            node.stop();
            assertThat(node.logLines("ERROR")).singleElement().asString().contains("cache on disk is off");
        }
    }

    private FirnNode node(Map<String, String> bucket, long diskBytes) {
        Map<String, String> settings = new HashMap<>(bucket);
        settings.putAll(Map.of("retention.check.interval.ms", "100", "cold.chunk.bytes", "131072", "cold.cache.bytes", "1048576", "cold.read.ahead.bytes", "524288",
                "cold.request.timeout.ms", "1500", "cold.retry.max.attempts", "2", "cold.disk.cache.bytes", Long.toString(diskBytes)));
        return FirnNode.in(directory.resolve("data"), settings);
    }

    private Path cache() {
        return directory.resolve("data").resolve("cold-cache");
    }

    private long bytesOnDisk() throws IOException {
        if (!Files.isDirectory(cache())) {
            return 0;
        }
        try (Stream<Path> files = Files.list(cache())) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }
}
