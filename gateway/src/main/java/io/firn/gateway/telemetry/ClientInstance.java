package io.firn.gateway.telemetry;

import io.firn.gateway.telemetry.Subscriptions.Wanted;
import java.util.Arrays;
import java.util.Optional;
import org.apache.kafka.common.message.PushTelemetryRequestData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.CompressionType;

/**
 * One client that was heard of, and what it may do next (KIP-714's rules, in Apache Kafka's reading). Immutable; requests are transitions.
 *
 * @param under the subscriptions {@code wanted} was found with
 * @param lastGetMs when it last asked and was answered; 0 for never
 * @param lastPushMs when a push of it was last in time; 0 for never
 * @param terminating whether its last push said that none will follow
 * @param lastError of its last request; some errors let it ask before its time
 * @param lastSeenMs when it last sent anything
 */
record ClientInstance(Subscriptions under, Wanted wanted, long lastGetMs, long lastPushMs, boolean terminating, Errors lastError, long lastSeenMs) {
    /** How long at least a client that sends nothing is remembered. */
    private static final long MIN_REMEMBERED_MS = 60_000;

    static ClientInstance fresh(Subscriptions under, Wanted wanted, long nowMs) {
        return new ClientInstance(under, wanted, 0, 0, false, Errors.NONE, nowMs);
    }

    /** The instance after a request, and the request's error. */
    record Step(ClientInstance next, Errors error) {}

    /** May ask once per interval, or when it was told that it does not know its subscription. */
    Step get(long nowMs) {
        boolean inTime = nowMs - Math.max(lastGetMs, lastPushMs) >= wanted.pushIntervalMs();
        if (!inTime && lastError != Errors.UNKNOWN_SUBSCRIPTION_ID && lastError != Errors.UNSUPPORTED_COMPRESSION_TYPE) {
            return new Step(with(lastGetMs, lastPushMs, terminating, lastError, nowMs), Errors.THROTTLING_QUOTA_EXCEEDED);
        }
        return new Step(with(inTime ? nowMs : lastGetMs, lastPushMs, terminating, Errors.NONE, nowMs), Errors.NONE);
    }

    /** May push once per interval, at once after it asked, and out of turn when it is about to end; but not after that. */
    Step push(PushTelemetryRequestData push, int maxBytes, long nowMs) {
        boolean inTime = lastGetMs > lastPushMs || nowMs - lastPushMs >= wanted.pushIntervalMs();
        Errors error = terminating ? Errors.INVALID_REQUEST : refusal(push, inTime, maxBytes);
        boolean counts = inTime && !terminating;
        return new Step(with(lastGetMs, counts ? nowMs : lastPushMs, push.terminating(), error, nowMs), error);
    }

    private Errors refusal(PushTelemetryRequestData push, boolean inTime, int maxBytes) {
        if (!inTime && !push.terminating()) {
            return Errors.THROTTLING_QUOTA_EXCEEDED;
        }
        if (push.subscriptionId() != wanted.id()) {
            return Errors.UNKNOWN_SUBSCRIPTION_ID;
        }
        if (compression(push).isEmpty()) {
            return Errors.UNSUPPORTED_COMPRESSION_TYPE;
        }
        return push.metrics() != null && push.metrics().remaining() > maxBytes ? Errors.TELEMETRY_TOO_LARGE : Errors.NONE;
    }

    private static Optional<CompressionType> compression(PushTelemetryRequestData push) {
        return Arrays.stream(CompressionType.values()).filter(type -> type.id == push.compressionType()).findFirst();
    }

    /** What was pushed could not be read. */
    ClientInstance unreadable() {
        return with(lastGetMs, lastPushMs, terminating, Errors.INVALID_RECORD, lastSeenMs);
    }

    boolean forgotten(long nowMs) {
        return nowMs - lastSeenMs > rememberedMs();
    }

    long rememberedMs() {
        return Math.max(MIN_REMEMBERED_MS, 3L * wanted.pushIntervalMs());
    }

    private ClientInstance with(long getMs, long pushMs, boolean ends, Errors error, long seenMs) {
        return new ClientInstance(under, wanted, getMs, pushMs, ends, error, seenMs);
    }
}
