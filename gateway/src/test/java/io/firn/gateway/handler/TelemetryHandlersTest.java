package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ServedApi;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.ManualClock;
import io.firn.gateway.telemetry.ClientTelemetry;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.ConfigScope;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.GetTelemetrySubscriptionsRequestData;
import org.apache.kafka.common.message.GetTelemetrySubscriptionsResponseData;
import org.apache.kafka.common.message.PushTelemetryRequestData;
import org.apache.kafka.common.message.PushTelemetryResponseData;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Gauge;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Metric;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.MetricsData;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class TelemetryHandlersTest {
    private static final Uuid CLIENT = new Uuid(5, 6);
    private static final Map<String, String> ALL_EACH_SECOND = Map.of("metrics", "*", "interval.ms", "1000");

    @TempDir
    Path directory;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ManualClock clock = new ManualClock();
    private AdminFixture admin;
    private ClientTelemetry telemetry;

    @BeforeEach
    void open() {
        admin = new AdminFixture(directory);
        telemetry = telemetry(Runnable::run);
        clock.advanceMs(10_000_000);
    }

    @AfterEach
    void close() {
        admin.close();
    }

    private ClientTelemetry telemetry(Executor blocking) {
        return new ClientTelemetry(admin.metadata::view, Runnable::run, blocking, clock, meters);
    }

    private void subscribe(String name, Map<String, String> configs) {
        Map<String, Optional<String>> changes = new HashMap<>();
        configs.forEach((key, value) -> changes.put(key, Optional.of(value)));
        admin.metadata.submit(new AlterConfigs(ConfigScope.CLIENT_METRICS, name, changes)).join();
    }

    private <T extends ApiMessage> T ask(ApiKeys api, ApiMessage body, Class<T> type) throws Exception {
        TestRequest request = TestRequest.of(api, 0, body);
        request.clientSoftware(new ClientInformation("apache-kafka-java", "4.3.1"));
        new TelemetryHandlers(telemetry).all().stream().filter(row -> row.key() == api).map(ServedApi::handler).findFirst().orElseThrow().handle(request);
        return request.answer(type);
    }

    private GetTelemetrySubscriptionsResponseData get(Uuid client) throws Exception {
        return ask(ApiKeys.GET_TELEMETRY_SUBSCRIPTIONS, new GetTelemetrySubscriptionsRequestData().setClientInstanceId(client), GetTelemetrySubscriptionsResponseData.class);
    }

    private Errors push(PushTelemetryRequestData push) throws Exception {
        return Errors.forCode(ask(ApiKeys.PUSH_TELEMETRY, push, PushTelemetryResponseData.class).errorCode());
    }

    private static byte[] otlp() {
        Metric metric = Metric.newBuilder().setName("lag").setGauge(Gauge.newBuilder().addDataPoints(NumberDataPoint.newBuilder().setAsDouble(7))).build();
        return MetricsData.newBuilder().addResourceMetrics(ResourceMetrics.newBuilder().addScopeMetrics(ScopeMetrics.newBuilder().addMetrics(metric))).build().toByteArray();
    }

    private static ByteBuffer gzip(byte[] bytes) throws Exception {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return ByteBuffer.wrap(packed.toByteArray());
    }

    private PushTelemetryRequestData push(Uuid client, int subscription, ByteBuffer metrics, CompressionType compression) {
        return new PushTelemetryRequestData().setClientInstanceId(client).setSubscriptionId(subscription).setMetrics(metrics).setCompressionType(compression.id);
    }

    @Test
    void aClientWithoutAnIdGetsOneAndIsAskedForNothingWhileNobodySubscribes() throws Exception {
        GetTelemetrySubscriptionsResponseData answer = get(Uuid.ZERO_UUID);
        assertThat(answer.clientInstanceId()).isNotIn(Uuid.RESERVED);
        assertThat(answer.requestedMetrics()).isEmpty();
        assertThat(answer.pushIntervalMs()).isEqualTo(300_000);
        assertThat(answer.telemetryMaxBytes()).isEqualTo(1 << 20);
        assertThat(answer.acceptedCompressionTypes()).containsExactly((byte) 4, (byte) 3, (byte) 1, (byte) 2);
        assertThat(answer.deltaTemporality()).isTrue();
        assertThat(get(Uuid.ZERO_UUID).clientInstanceId()).isNotEqualTo(answer.clientInstanceId());
    }

    @Test
    void aClientIsAskedForWhatAllMatchingSubscriptionsWantAtTheShortestInterval() throws Exception {
        subscribe("java", Map.of("metrics", "b.,a.", "interval.ms", "2000", "match", "client_software_name=apache-.*,client_id=test"));
        subscribe("other", Map.of("metrics", "c.", "interval.ms", "500", "match", "client_software_name=librdkafka"));
        subscribe("port", Map.of("metrics", "a.,d.", "interval.ms", "3000", "match", "client_source_port=50000"));
        GetTelemetrySubscriptionsResponseData answer = get(CLIENT);
        assertThat(answer.requestedMetrics()).containsExactly("a.", "b.", "d.");
        assertThat(answer.pushIntervalMs()).isEqualTo(2000);

        subscribe("all", ALL_EACH_SECOND);
        GetTelemetrySubscriptionsResponseData changed = get(CLIENT);
        assertThat(changed.errorCode()).as("a changed subscription is told at once").isEqualTo(Errors.NONE.code());
        assertThat(changed.requestedMetrics()).containsExactly("*");
        assertThat(changed.subscriptionId()).isNotEqualTo(answer.subscriptionId());
    }

    @Test
    void pushedMetricsBecomeSeriesOfTheMetricsPage() throws Exception {
        subscribe("all", ALL_EACH_SECOND);
        int id = get(CLIENT).subscriptionId();
        assertThat(push(push(CLIENT, id, gzip(otlp()), CompressionType.GZIP))).isEqualTo(Errors.NONE);
        assertThat(meters.get("firn.client.gauge").tag("metric", "lag").tag("client_id", "test").gauge().value()).isEqualTo(7);
        assertThat(push(push(CLIENT, id, ByteBuffer.wrap(otlp()), CompressionType.NONE))).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        clock.advanceMs(1_000);
        assertThat(push(push(CLIENT, id, ByteBuffer.wrap(otlp()), CompressionType.NONE))).isEqualTo(Errors.NONE);
        assertThat(push(push(Uuid.ZERO_UUID, id, ByteBuffer.allocate(0), CompressionType.NONE))).isEqualTo(Errors.INVALID_REQUEST);
    }

    @Test
    void aPushThatIsUnreadableOrUnpacksToTooMuchIsRefusedAndShowsNothing() throws Exception {
        subscribe("all", ALL_EACH_SECOND);
        int id = get(CLIENT).subscriptionId();
        assertThat(push(push(CLIENT, id, ByteBuffer.wrap(otlp()), CompressionType.GZIP))).isEqualTo(Errors.INVALID_RECORD);
        clock.advanceMs(1_000);
        assertThat(push(push(CLIENT, id, gzip(new byte[(1 << 20) + 1]), CompressionType.GZIP))).as("a small bomb").isEqualTo(Errors.INVALID_RECORD);
        clock.advanceMs(1_000);
        assertThat(push(push(CLIENT, id, ByteBuffer.allocate((1 << 20) + 1), CompressionType.NONE))).isEqualTo(Errors.TELEMETRY_TOO_LARGE);
        assertThat(meters.find("firn.client.gauge").gauge()).isNull();
    }

    @Test
    void aBrokerWithTooMuchToDoTellsTheClientToComeLater() throws Exception {
        telemetry = telemetry(task -> {
            throw new RejectedExecutionException("busy");
        });
        subscribe("all", ALL_EACH_SECOND);
        int id = get(CLIENT).subscriptionId();
        assertThat(push(push(CLIENT, id, ByteBuffer.wrap(otlp()), CompressionType.NONE))).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
    }

    @Test
    void clientsBeyondTheLimitAreForgottenFromTheEldestOn() throws Exception {
        subscribe("all", ALL_EACH_SECOND);
        get(CLIENT);
        for (int i = 0; i < 16_384; i++) {
            get(new Uuid(9, i));
        }
        assertThat(get(CLIENT).errorCode()).as("forgotten, so it is not too early").isEqualTo(Errors.NONE.code());
        assertThat(get(new Uuid(9, 16_383)).errorCode()).as("known").isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED.code());
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aPatternThatCannotBeDecidedDoesNotHoldUpTheLoop() throws Exception {
        subscribe("endless", Map.of("metrics", "a.", "interval.ms", "1000", "match", "client_software_name=(.*)*(.*)*(.*)*(.*)*(.*)*x"));
        subscribe("deep", Map.of("metrics", "b.", "interval.ms", "1000", "match", "client_software_version=(a|b|[0-9]|.)*"));
        TestRequest request = TestRequest.of(ApiKeys.GET_TELEMETRY_SUBSCRIPTIONS, 0, new GetTelemetrySubscriptionsRequestData().setClientInstanceId(CLIENT));
        request.clientSoftware(new ClientInformation("a".repeat(200), "1".repeat(30_000)));
        GetTelemetrySubscriptionsResponseData answer = Await.get(telemetry.subscriptions(request));
        assertThat(answer.errorCode()).isEqualTo(Errors.NONE.code());
        assertThat(answer.requestedMetrics()).doesNotContain("a.");
    }

    @Test
    void pushesThatWaitToBeUnpackedAreBounded() throws Exception {
        List<Runnable> waiting = new ArrayList<>();
        telemetry = telemetry(waiting::add);
        subscribe("all", ALL_EACH_SECOND);
        for (int i = 0; i < 4; i++) {
            offer(new Uuid(7, i));
        }
        Uuid fifth = new Uuid(7, 4);
        assertThat(push(push(fifth, get(fifth).subscriptionId(), ByteBuffer.allocate(1 << 20), CompressionType.NONE))).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        waiting.forEach(Runnable::run);
        clock.advanceMs(1_000);
        offer(fifth);
        assertThat(waiting).as("there is room again").hasSize(5);
    }

    private void offer(Uuid client) throws Exception {
        int id = get(client).subscriptionId();
        telemetry.push(TestRequest.of(ApiKeys.PUSH_TELEMETRY, 0, push(client, id, ByteBuffer.allocate(1 << 20), CompressionType.NONE)));
    }
}
