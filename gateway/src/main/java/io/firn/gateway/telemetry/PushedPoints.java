package io.firn.gateway.telemetry;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.shaded.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Metric;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.MetricsData;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.NumberDataPoint;

/**
 * What one push says of each metric, over all topics, partitions and nodes it names: sums are added up, of gauges the largest counts. Other kinds of metrics, which Kafka's clients do not
 * push, are left out. Immutable.
 */
record PushedPoints(Map<String, Point> byMetric) {

    /** @param value of a counter: what it grew by; or, with {@code cumulative}, what it has grown to */
    record Point(Kind kind, double value) {}

    enum Kind { GAUGE, DELTA, CUMULATIVE }

    /** @throws InvalidRecordException when it is not OTLP metrics data */
    static PushedPoints of(ByteBuffer otlp) {
        try {
            Map<String, Point> points = new HashMap<>();
            MetricsData.parseFrom(otlp).getResourceMetricsList().forEach(resource -> resource.getScopeMetricsList()
                    .forEach(scope -> scope.getMetricsList().forEach(metric -> add(points, metric))));
            return new PushedPoints(points);
        } catch (InvalidProtocolBufferException e) {
            throw new InvalidRecordException("not OTLP metrics", e);
        }
    }

    private static void add(Map<String, Point> points, Metric metric) {
        if (metric.hasGauge() && metric.getGauge().getDataPointsCount() > 0) {
            double largest = metric.getGauge().getDataPointsList().stream().mapToDouble(PushedPoints::value).max().orElseThrow();
            points.merge(metric.getName(), new Point(Kind.GAUGE, largest), (one, other) -> one.value() >= other.value() ? one : other);
        } else if (metric.hasSum() && metric.getSum().getDataPointsCount() > 0) {
            double total = total(metric.getSum().getDataPointsList());
            points.merge(metric.getName(), new Point(kind(metric), total), (one, other) -> new Point(one.kind(), one.value() + other.value()));
        }
    }

    private static Kind kind(Metric sum) {
        if (!sum.getSum().getIsMonotonic()) {
            return Kind.GAUGE;
        }
        return sum.getSum().getAggregationTemporality() == AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA ? Kind.DELTA : Kind.CUMULATIVE;
    }

    private static double total(List<NumberDataPoint> points) {
        return points.stream().mapToDouble(PushedPoints::value).sum();
    }

    private static double value(NumberDataPoint point) {
        return point.hasAsInt() ? point.getAsInt() : point.getAsDouble();
    }
}
