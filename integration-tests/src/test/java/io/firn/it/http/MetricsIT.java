package io.firn.it.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.FirnNode;
import io.firn.it.harness.HttpCalls;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a broker says over HTTP: health as orchestrators ask for it, and metrics in Prometheus' text format. */
class MetricsIT {

    private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
    private static final Pattern COMMENT = Pattern.compile("# (HELP|TYPE) (" + NAME + ") .*");
    private static final Pattern SAMPLE = Pattern.compile("(" + NAME + ")(\\{(" + NAME + "=\"([^\"\\\\\\n]|\\\\.)*\",?)*})? (NaN|[+-]Inf|[-+0-9.eE]+)( \\d+)?");

    @TempDir
    static Path directory;

    private static FirnNode node;

    @BeforeAll
    static void startBroker() throws Exception {
        node = FirnNode.in(directory.resolve("data")).start();
        try (Topics topics = Topics.of(node.bootstrap()); KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            topics.create("measured", 1);
            producer.send(new ProducerRecord<>("measured", new byte[100])).get();
        }
        Reading.all(node.bootstrap(), new TopicPartition("measured", 0));
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
    }

    @Test
    void aServingBrokerIsLiveAndReady() throws IOException {
        assertThat(HttpCalls.get(node.http("/health/live")).statusCode()).isEqualTo(200);
        assertThat(HttpCalls.get(node.http("/health/ready")).statusCode()).isEqualTo(200);
        assertThat(HttpCalls.get(node.http("/nothing/here")).statusCode()).isEqualTo(404);
    }

    @Test
    void everyLineOfTheMetricsIsPrometheusText() throws IOException {
        HttpResponse<String> response = HttpCalls.get(node.http("/metrics"));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElse("")).startsWith("text/plain");
        Set<String> series = new HashSet<>();
        for (String line : response.body().lines().toList()) {
            Matcher sample = SAMPLE.matcher(line);
            assertThat(sample.matches() || COMMENT.matcher(line).matches()).as("line: %s", line).isTrue();
            if (sample.matches()) {
                assertThat(series.add(line.substring(0, line.indexOf(sample.group(5), sample.start(5)) - 1))).as("twice: %s", line).isTrue();
            }
        }
        assertThat(series).hasSizeGreaterThan(20);
    }

    @Test
    void whatABrokerLeadsAndWhoControlsIsShown() throws IOException {
        List<String> lines = HttpCalls.get(node.http("/metrics")).body().lines().toList();
        assertThat(lines).contains("firn_partitions_led 1.0", "firn_partitions_under_replicated 0.0", "firn_replicas_failed 0.0", "firn_controller_active 1.0", "firn_controller_brokers_active 1.0");
    }

    @Test
    void everySeriesHasAKindAndNoTopicIsALabelThatGrowsWithoutBound() throws IOException {
        List<String> lines = HttpCalls.get(node.http("/metrics")).body().lines().toList();
        Set<String> typed = new HashSet<>();
        lines.stream().map(COMMENT::matcher).filter(Matcher::matches).filter(comment -> comment.group(1).equals("TYPE")).forEach(comment -> typed.add(comment.group(2)));
        assertThat(lines.stream().map(SAMPLE::matcher).filter(Matcher::matches).map(sample -> sample.group(1)))
                .allMatch(name -> typed.contains(name) || typed.contains(name.replaceAll("_(bucket|sum|count|max|total)$", "")));
        assertThat(lines).noneMatch(line -> line.contains("measured"));
    }
}
