package io.firn.gateway.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.telemetry.ClientInstance.Step;
import io.firn.gateway.telemetry.Subscriptions.Wanted;
import java.util.List;
import org.apache.kafka.common.message.PushTelemetryRequestData;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** When a client may ask and push: the rules of KIP-714 as Apache Kafka 4.3.1 keeps them. */
class ClientInstanceTest {
    private static final int INTERVAL_MS = 1_000;
    private static final int ID = 77;
    private static final int MAX_BYTES = 10;
    private static final long START_MS = 1_000_000;

    private ClientInstance instance = ClientInstance.fresh(Subscriptions.NONE, new Wanted(List.of("*"), INTERVAL_MS, ID), START_MS);

    private Errors get(long atMs) {
        return after(instance.get(START_MS + atMs));
    }

    private Errors push(long atMs, PushTelemetryRequestData push) {
        return after(instance.push(push, MAX_BYTES, START_MS + atMs));
    }

    private Errors after(Step step) {
        instance = step.next();
        return step.error();
    }

    private static PushTelemetryRequestData push() {
        return new PushTelemetryRequestData().setSubscriptionId(ID).setMetrics(java.nio.ByteBuffer.allocate(MAX_BYTES));
    }

    @Test
    void aClientAsksOncePerInterval() {
        assertThat(get(0)).isEqualTo(Errors.NONE);
        assertThat(get(INTERVAL_MS - 1)).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        assertThat(get(INTERVAL_MS)).isEqualTo(Errors.NONE);
    }

    @Test
    void aClientPushesAtOnceAfterItAskedAndThenOncePerInterval() {
        assertThat(get(0)).isEqualTo(Errors.NONE);
        assertThat(push(1, push())).isEqualTo(Errors.NONE);
        assertThat(push(INTERVAL_MS, push())).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        assertThat(push(INTERVAL_MS + 1, push())).isEqualTo(Errors.NONE);
        assertThat(get(INTERVAL_MS + 2)).as("a push counts as a sign of life").isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
    }

    @Test
    void aClientThatDoesNotKnowItsSubscriptionMayAskAgainAtOnce() {
        get(0);
        assertThat(push(1, push().setSubscriptionId(ID + 1))).isEqualTo(Errors.UNKNOWN_SUBSCRIPTION_ID);
        assertThat(get(2)).isEqualTo(Errors.NONE);
        assertThat(get(3)).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        assertThat(push(INTERVAL_MS + 2, push().setCompressionType((byte) 9))).isEqualTo(Errors.UNSUPPORTED_COMPRESSION_TYPE);
        assertThat(get(INTERVAL_MS + 3)).isEqualTo(Errors.NONE);
    }

    @Test
    void theLastPushComesOutOfTurnAndNothingComesAfterIt() {
        get(0);
        push(1, push());
        assertThat(push(2, push().setTerminating(true))).isEqualTo(Errors.NONE);
        assertThat(push(2 * INTERVAL_MS, push().setTerminating(true))).isEqualTo(Errors.INVALID_REQUEST);
    }

    @Test
    void aPushThatIsTooLargeIsRefused() {
        get(0);
        assertThat(push(1, push().setMetrics(java.nio.ByteBuffer.allocate(MAX_BYTES + 1)))).isEqualTo(Errors.TELEMETRY_TOO_LARGE);
    }

    @Test
    void aClientIsForgottenAfterThreeIntervalsButNotWithinAMinute() {
        assertThat(instance.forgotten(START_MS + 60_000)).isFalse();
        assertThat(instance.forgotten(START_MS + 60_001)).isTrue();
        ClientInstance slow = ClientInstance.fresh(Subscriptions.NONE, new Wanted(List.of(), 3_600_000, ID), START_MS);
        assertThat(slow.forgotten(START_MS + 3 * 3_600_000)).isFalse();
    }
}
