package io.firn.gateway.telemetry;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Request;
import io.firn.gateway.telemetry.ClientInstance.Step;
import io.firn.membership.ClusterView;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.GetTelemetrySubscriptionsResponseData;
import org.apache.kafka.common.message.PushTelemetryRequestData;
import org.apache.kafka.common.message.PushTelemetryResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.requests.GetTelemetrySubscriptionsRequest;
import org.apache.kafka.common.requests.PushTelemetryRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Client telemetry (KIP-714): tells clients which metrics to push and how often, holds them to it, and shows what they push on the broker's metrics page ({@link PushedSeries}).
 *
 * <p>Limits: {@link #MAX_INSTANCES} clients are remembered, those heard of last; a forgotten one is treated as new. A push is at most {@link #MAX_BYTES}, packed as well as unpacked; of
 * pushes that wait to be unpacked {@link #MAX_WAITING_BYTES} are kept, and further ones are told to come again.
 *
 * <p>Threading: thread-safe. Who the clients are is confined to {@code single}; what they push is unpacked and read on {@code blocking}.
 */
public final class ClientTelemetry {
    /** As Apache Kafka. */
    static final int MAX_INSTANCES = 16_384;
    /** Kafka's default of {@code telemetry.max.bytes}. */
    static final int MAX_BYTES = 1 << 20;
    /** Packed; they are on the heap, where nothing else bounds them. */
    static final int MAX_WAITING_BYTES = 4 << 20;

    private static final Logger log = LoggerFactory.getLogger(ClientTelemetry.class);
    /** Best first, as Kafka has them. */
    private static final List<Byte> COMPRESSIONS = List.of(CompressionType.ZSTD.id, CompressionType.LZ4.id, CompressionType.GZIP.id, CompressionType.SNAPPY.id);

    private final Supplier<ClusterView> view;
    private final Executor single;
    private final Executor blocking;
    private final InstantSource clock;
    private final PushedSeries series;
    private final AtomicInteger waitingBytes = new AtomicInteger();

    // Confined to the single thread; in the order they were last heard of.
    private final LinkedHashMap<Uuid, ClientInstance> instances = new LinkedHashMap<>(16, 0.75f, true);
    private Map<String, Map<String, String>> configs = Map.of();
    private Subscriptions subscriptions = Subscriptions.NONE;

    /**
     * @param single one thread or loop
     * @param blocking a pool that refuses what is too much
     */
    public ClientTelemetry(Supplier<ClusterView> view, Executor single, Executor blocking, InstantSource clock, MeterRegistry meters) {
        this.view = view;
        this.single = single;
        this.blocking = blocking;
        this.clock = clock;
        this.series = new PushedSeries(meters, clock);
    }

    /** To be called on the connection's loop. */
    public CompletableFuture<GetTelemetrySubscriptionsResponseData> subscriptions(Request request) {
        Uuid asked = ((GetTelemetrySubscriptionsRequest) request.body()).data().clientInstanceId();
        Uuid id = asked.equals(Uuid.ZERO_UUID) ? Uuid.randomUuid() : asked;
        ClientAttributes client = ClientAttributes.of(id, request);
        return CompletableFuture.supplyAsync(() -> {
            Step step = instance(id, client).get(clock.millis());
            instances.put(id, step.next());
            return step.error() == Errors.NONE ? wanted(id, step.next()) : new GetTelemetrySubscriptionsResponseData().setErrorCode(step.error().code());
        }, single);
    }

    private static GetTelemetrySubscriptionsResponseData wanted(Uuid id, ClientInstance instance) {
        return new GetTelemetrySubscriptionsResponseData().setClientInstanceId(id).setSubscriptionId(instance.wanted().id()).setRequestedMetrics(instance.wanted().metrics())
                .setAcceptedCompressionTypes(COMPRESSIONS).setPushIntervalMs(instance.wanted().pushIntervalMs()).setTelemetryMaxBytes(MAX_BYTES).setDeltaTemporality(true);
    }

    /** To be called on the connection's loop. */
    public CompletableFuture<PushTelemetryResponseData> push(Request request) {
        PushTelemetryRequestData push = ((PushTelemetryRequest) request.body()).data();
        Uuid id = push.clientInstanceId();
        if (Uuid.RESERVED.contains(id)) {
            return CompletableFuture.completedFuture(answer(Errors.INVALID_REQUEST));
        }
        ClientAttributes client = ClientAttributes.of(id, request);
        return CompletableFuture.supplyAsync(() -> {
            Step step = instance(id, client).push(push, MAX_BYTES, clock.millis());
            instances.put(id, step.next());
            return step;
        }, single).thenCompose(step -> step.error() == Errors.NONE && push.metrics() != null && push.metrics().hasRemaining()
                ? taken(id, client, (PushTelemetryRequest) request.body(), step.next()) : CompletableFuture.completedFuture(answer(step.error())));
    }

    private CompletableFuture<PushTelemetryResponseData> taken(Uuid id, ClientAttributes client, PushTelemetryRequest push, ClientInstance instance) {
        int bytes = push.data().metrics().remaining();
        if (waitingBytes.addAndGet(bytes) > MAX_WAITING_BYTES) {
            waitingBytes.addAndGet(-bytes);
            return CompletableFuture.completedFuture(answer(Errors.THROTTLING_QUOTA_EXCEEDED));
        }
        try {
            return CompletableFuture.runAsync(() -> series.take(id, client.clientId(), PushedPoints.of(push.metricsData(MAX_BYTES)), instance.rememberedMs()), blocking)
                    .whenComplete((done, failure) -> waitingBytes.addAndGet(-bytes)).thenApply(done -> answer(Errors.NONE)).exceptionally(failure -> unreadable(id, failure));
        } catch (RejectedExecutionException e) {
            // It will push again at its next interval.
            waitingBytes.addAndGet(-bytes);
            return CompletableFuture.completedFuture(answer(Errors.THROTTLING_QUOTA_EXCEEDED));
        }
    }

    private PushTelemetryResponseData unreadable(Uuid id, Throwable failure) {
        Throwable cause = ErrorMapping.unwrap(failure);
        if (cause instanceof Error error) {
            throw new CompletionException(error);
        }
        log.atInfo().addKeyValue("instance", id).addKeyValue("reason", cause.toString()).log("Metrics pushed by a client cannot be read");
        single.execute(() -> instances.computeIfPresent(id, (same, instance) -> instance.unreadable()));
        return answer(Errors.INVALID_RECORD);
    }

    private static PushTelemetryResponseData answer(Errors error) {
        return new PushTelemetryResponseData().setErrorCode(error.code());
    }

    /** The client as it is known, or as new when it is not, or when other metrics may be wanted of it than before. */
    private ClientInstance instance(Uuid id, ClientAttributes client) {
        long nowMs = clock.millis();
        Subscriptions current = current();
        ClientInstance known = instances.get(id);
        if (known != null && known.under() == current && !known.forgotten(nowMs)) {
            return known;
        }
        forget(nowMs);
        return ClientInstance.fresh(current, current.wantedOf(id, client), nowMs);
    }

    private Subscriptions current() {
        Map<String, Map<String, String>> newest = view.get().clients().metrics();
        if (newest != configs) {
            subscriptions = Subscriptions.of(newest);
            configs = newest;
        }
        return subscriptions;
    }

    private void forget(long nowMs) {
        Iterator<ClientInstance> fromEldest = instances.values().iterator();
        while (fromEldest.hasNext()) {
            ClientInstance eldest = fromEldest.next();
            if (instances.size() < MAX_INSTANCES && !eldest.forgotten(nowMs)) {
                return;
            }
            fromEldest.remove();
        }
    }
}
