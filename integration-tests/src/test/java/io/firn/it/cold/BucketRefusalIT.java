package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.cold.s3.S3Server;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A bucket that answers, but refuses: what its broker does, says and lets clients see, and that all goes on without a restart when the bucket does. */
class BucketRefusalIT {

    private static final int MEGABYTES = 2;
    private static final int REFUSED_AT_START = 2;
    private static final String CONDITION = "if-none-match";
    private static final Pattern FAILURES = Pattern.compile(" failures=\"?(\\d+)");

    /** What every request is answered. */
    enum Refusal {
        EXPIRED_TOKEN("ERROR", "HTTP 400 ExpiredToken", () -> HttpFault.answering(400, "ExpiredToken")),
        ACCESS_DENIED("ERROR", "HTTP 403 AccessDenied", () -> HttpFault.answering(403, "AccessDenied")),
        /** May pass by itself; the client sets its clock by the answer, in vain. */
        TIME_TOO_SKEWED("WARN", "HTTP 403 RequestTimeTooSkewed", () -> HttpFault.tooSkewed(Instant.now().plus(2, ChronoUnit.HOURS)));

        private final String level;
        private final String reason;
        private final Supplier<HttpFault> fault;

        Refusal(String level, String reason, Supplier<HttpFault> fault) {
            this.level = level;
            this.reason = reason;
            this.fault = fault;
        }
    }

    /** How a store has no conditional creates. */
    enum Unconditional {
        REFUSES(S3Server::start, "refuses to create a key only if it is not there (If-None-Match)", () -> HttpFault.answering(501, "NotImplemented").onHeader(CONDITION)),
        IGNORES(S3Server::startUnsigned, "(If-None-Match is ignored)", () -> HttpFault.droppingHeader(CONDITION));

        private final Function<Path, S3Server> server;
        private final String reason;
        private final Supplier<HttpFault> fault;

        Unconditional(Function<Path, S3Server> server, String reason, Supplier<HttpFault> fault) {
            this.server = server;
            this.reason = reason;
            this.fault = fault;
        }
    }

    @TempDir
    Path directory;

    private final TieredLoad load = new TieredLoad(Seed.random("BucketRefusalIT"));
    private S3Server server;
    private FaultProxy proxy;
    private FirnNode node;
    private Topics topics;

    private void serve(S3Server started) {
        server = started;
        proxy = FaultProxy.start(server.port());
        Map<String, String> settings = new HashMap<>(Buckets.settings("s3", server, proxy.endpoint()));
        settings.putAll(Map.of("retention.check.interval.ms", "100", "cold.request.timeout.ms", "1500", "cold.retry.max.attempts", "2", "cold.chunk.bytes", "131072",
                "cold.cache.bytes", "1048576", "cold.read.ahead.bytes", "524288"));
        node = FirnNode.in(directory.resolve("data"), settings);
    }

    private void startBroker() {
        node.start();
        topics = Topics.of(node.bootstrap());
    }

    private List<TopicPartition> offloaded() {
        List<TopicPartition> partitions = topics.create("refused", 1, TieredLoad.TINY_SEGMENTS);
        offloadMore(partitions);
        return partitions;
    }

    private void offloadMore(List<TopicPartition> partitions) {
        load.send(node.bootstrap(), partitions, MEGABYTES);
        topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
    }

    @AfterEach
    void stop() {
        try (S3Server bucket = server; FaultProxy way = proxy; FirnNode broker = node) {
            if (way != null) {
                way.clear();
            }
            if (topics != null) {
                topics.close();
            }
            if (broker != null && broker.alive()) {
                broker.stop();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Refusal.class)
    void whileEveryRequestIsRefusedProducersAndHotReadersSeeNothingAndColdReadersWait(Refusal refusal) {
        serve(S3Server.start(directory.resolve("objects")));
        startBroker();
        List<TopicPartition> partitions = offloaded();
        TopicPartition partition = partitions.get(0);
        long localStart = topics.offset(partition, OffsetSpec.earliestLocal());
        try (KafkaConsumer<byte[], byte[]> hot = readerFrom(partition, localStart); KafkaConsumer<byte[], byte[]> cold = readerFrom(partition, 0)) {
            List<ConsumerRecord<byte[], byte[]>> hotRecords = new ArrayList<>(Reading.toEnd(hot, partitions).get(partition));

            proxy.inject(refusal.fault.get());
            load.send(node.bootstrap(), partitions, MEGABYTES);
            hotRecords.addAll(Reading.toEnd(hot, partitions).get(partition));
            load.verify(partition, hotRecords, localStart);

            List<ConsumerRecord<byte[], byte[]>> coldRecords = new ArrayList<>();
            long before = proxy.requests("GET /firn/topics/");
            Await.until("reads are refused, and asked again", () -> {
                cold.poll(Duration.ofMillis(100)).forEach(coldRecords::add);
                return proxy.requests("GET /firn/topics/") > before + 2;
            });
            assertThat(coldRecords).isEmpty();
            assertThat(cold.position(partition)).as("asks on where it was").isZero();

            Await.until("offload was refused, and tried again", () -> told(refusal, node.logLines(refusal.level)).size() >= 2);
            assertThat(topics.offset(partition, OffsetSpec.earliestLocal())).as("nothing deleted locally").isEqualTo(localStart);
            load.verify(partition, Reading.toEnd(readerSoughtTo(hot, partition, localStart), partitions).get(partition), localStart);
            assertTold(refusal);

            proxy.clear();
            coldRecords.addAll(Reading.toEnd(cold, partitions).get(partition));
            load.verify(partition, coldRecords, 0);
            topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
            load.verify(Reading.all(node.bootstrap(), partitions));
        }
    }

    private KafkaConsumer<byte[], byte[]> readerFrom(TopicPartition partition, long offset) {
        return readerSoughtTo(KafkaClients.consumer(node.bootstrap(), Map.of("max.partition.fetch.bytes", 100_000, "auto.offset.reset", "none")), partition, offset);
    }

    private static KafkaConsumer<byte[], byte[]> readerSoughtTo(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long offset) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, offset);
        return consumer;
    }

    /** How many failures in a row each line about the offload tells. */
    private static List<Long> told(Refusal refusal, List<String> lines) {
        return lines.stream().filter(line -> line.contains(refusal.reason))
                .flatMap(line -> FAILURES.matcher(line).results().map(MatchResult::group)).map(found -> Long.parseLong(found.replaceAll("\\D", ""))).toList();
    }

    /** A line for each try of the offload, which are ever further apart, and nothing else at ERROR. */
    private void assertTold(Refusal refusal) {
        List<String> errors = node.logLines("ERROR");
        boolean isError = refusal.level.equals("ERROR");
        List<Long> told = told(refusal, isError ? errors : node.logLines(refusal.level));
        assertThat(told).as(node.logText()).containsExactlyElementsOf(LongStream.rangeClosed(1, told.size()).boxed().toList());
        assertThat(errors).hasSize(isError ? told.size() : 0);
    }

    @Test
    void aBrokerThatIsRefusedWhenItStartsEndsWithTheReason() {
        serve(S3Server.start(directory.resolve("objects")));
        proxy.inject(Refusal.EXPIRED_TOKEN.fault.get());
        assertEndsWith("HTTP 400 ExpiredToken");
    }

    @ParameterizedTest
    @EnumSource(Unconditional.class)
    void aStoreWithoutConditionalCreatesIsUsedOnlyWhereThatIsAccepted(Unconditional store) {
        serve(store.server.apply(directory.resolve("objects")));
        proxy.inject(store.fault.get());
        assertEndsWith(store.reason);
        assertThat(node.logText()).contains("cold.accept.no.conditional.writes");

        node.set("cold.accept.no.conditional.writes", "true");
        startBroker();
        List<Optional<String>> byTheCheck = conditions();
        List<TopicPartition> partitions = offloaded();
        assertThat(conditions().subList(byTheCheck.size(), conditions().size())).as("writes after the check").isNotEmpty().containsOnly(Optional.empty());
        node.kill9();
        node.start();
        offloadMore(partitions);
        load.verify(Reading.all(node.bootstrap(), partitions));
        assertThat(node.logLines("ERROR")).isEmpty();
        assertThat(node.logLines("WARN")).anyMatch(line -> line.contains(store.reason));
    }

    private List<Optional<String>> conditions() {
        return proxy.headers("PUT ", CONDITION);
    }

    private void assertEndsWith(String reason) {
        node.begin();
        assertThat(node.process().exitCode(Duration.ofMinutes(2))).isEqualTo(REFUSED_AT_START);
        assertThat(node.logText()).contains(reason);
    }
}
