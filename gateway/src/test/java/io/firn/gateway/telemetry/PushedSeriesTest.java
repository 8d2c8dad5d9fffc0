package io.firn.gateway.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.rig.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Gauge;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Metric;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.MetricsData;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Sum;
import org.junit.jupiter.api.Test;

/** From OTLP bytes to the series of the metrics page. */
class PushedSeriesTest {
    private static final long REMEMBERED_MS = 60_000;
    private static final Uuid CLIENT = new Uuid(1, 2);

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ManualClock clock = new ManualClock();
    private final PushedSeries series = new PushedSeries(meters, clock);

    private static NumberDataPoint point(double value) {
        return NumberDataPoint.newBuilder().setAsDouble(value).build();
    }

    private static Metric gauge(String name, double... values) {
        Gauge.Builder gauge = Gauge.newBuilder();
        for (double value : values) {
            gauge.addDataPoints(point(value));
        }
        return Metric.newBuilder().setName(name).setGauge(gauge).build();
    }

    private static Metric sum(String name, AggregationTemporality temporality, double... values) {
        Sum.Builder sum = Sum.newBuilder().setIsMonotonic(true).setAggregationTemporality(temporality);
        for (double value : values) {
            sum.addDataPoints(point(value));
        }
        return Metric.newBuilder().setName(name).setSum(sum).build();
    }

    private static PushedPoints points(Metric... metrics) {
        ScopeMetrics.Builder scope = ScopeMetrics.newBuilder();
        for (Metric metric : metrics) {
            scope.addMetrics(metric);
        }
        return PushedPoints.of(ByteBuffer.wrap(MetricsData.newBuilder().addResourceMetrics(ResourceMetrics.newBuilder().addScopeMetrics(scope)).build().toByteArray()));
    }

    private void take(Uuid client, Metric... metrics) {
        series.take(client, "app", points(metrics), REMEMBERED_MS);
    }

    private double counter(String metric) {
        return meters.get("firn.client.counter").tag("metric", metric).tag("client_id", "app").functionCounter().count();
    }

    private int shown() {
        return (int) meters.getMeters().stream().filter(meter -> meter.getId().getName().startsWith("firn.client.counter") || meter.getId().getName().startsWith("firn.client.gauge")).count();
    }

    @Test
    void gaugesShowTheLargestAndCountersGrowByWhatEachPushSays() {
        take(CLIENT, gauge("lag", 3, 7, 5), sum("sent", AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA, 10, 20), sum("all", AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE, 40));
        take(CLIENT, gauge("lag", 1), sum("sent", AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA, 5), sum("all", AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE, 45));

        assertThat(meters.get("firn.client.gauge").tag("metric", "lag").tag("client_instance_id", CLIENT.toString()).gauge().value()).isEqualTo(1);
        assertThat(counter("sent")).isEqualTo(35);
        assertThat(counter("all")).isEqualTo(45);
        assertThat(meters.get("firn.client.pushes").counter().count()).isEqualTo(2);
        take(CLIENT, gauge("lag", 3, 7, 5));
        assertThat(meters.get("firn.client.gauge").tag("metric", "lag").gauge().value()).isEqualTo(7);
    }

    @Test
    void aClientThatPushesNoMoreLeavesThePageAndMakesRoom() {
        take(CLIENT, gauge("lag", 1));
        clock.advanceMs(REMEMBERED_MS - 1);
        take(new Uuid(1, 3), gauge("lag", 1));
        assertThat(shown()).isEqualTo(2);
        clock.advanceMs(10_001);
        take(new Uuid(1, 3), gauge("lag", 1));
        assertThat(shown()).isEqualTo(1);
        assertThat(meters.get("firn.client.series").gauge().value()).isEqualTo(1);
    }

    private static PushedPoints many(int count) {
        Map<String, PushedPoints.Point> points = new HashMap<>();
        for (int i = 0; i < count; i++) {
            points.put("metric" + i, new PushedPoints.Point(PushedPoints.Kind.GAUGE, i));
        }
        return new PushedPoints(points);
    }

    @Test
    void neitherOneClientNorAllTogetherFillThePageWithoutBound() {
        series.take(CLIENT, "app", many(PushedSeries.MAX_PER_CLIENT + 5), REMEMBERED_MS);
        assertThat(shown()).isEqualTo(PushedSeries.MAX_PER_CLIENT);
        assertThat(meters.get("firn.client.dropped").counter().count()).isEqualTo(5);
        for (int client = 0; client < 12; client++) {
            series.take(new Uuid(2, client), "app", many(PushedSeries.MAX_PER_CLIENT), REMEMBERED_MS);
        }
        assertThat(shown()).isEqualTo(PushedSeries.MAX_SERIES);
        take(CLIENT, gauge("x".repeat(PushedSeries.MAX_NAME + 1), 1));
        assertThat(shown()).isEqualTo(PushedSeries.MAX_SERIES);
    }

    @Test
    void whatIsNotOtlpIsRefused() {
        assertThatThrownBy(() -> PushedPoints.of(ByteBuffer.wrap("nonsense, not protobuf".getBytes(StandardCharsets.UTF_8)))).isInstanceOf(InvalidRecordException.class);
    }
}
