package io.firn.gateway.wire;

import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.quota.ClientQuotas.Kind;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.security.auth.KafkaPrincipal;

/**
 * What an exchange costs its client: the bytes of a produce request, the bytes of the records in a fetch answer, the time the loop spent on it. A client that has to wait for its bytes is told
 * so in the answer; the wire also leaves it waiting, so that one that does not care cannot go on. Pure but for the counts.
 *
 * <p>All clients of a listener without authentication are one user.
 */
final class Charges {
    private static final String USER = KafkaPrincipal.ANONYMOUS.getName();
    private static final double PERCENT_PER_NANO = 100.0 / 1e9;

    private Charges() {}

    /** Charges the bytes of an exchange that was answered; returns for how long its client has to wait, in milliseconds. */
    static long bytes(ClientQuotas quotas, Exchange exchange) {
        return switch (exchange.api()) {
            case PRODUCE -> produced(quotas, exchange);
            case FETCH -> exchange.response() instanceof FetchResponseData answer ? fetched(quotas, exchange, answer) : 0;
            default -> 0;
        };
    }

    private static long produced(ClientQuotas quotas, Exchange exchange) {
        long waitMs = quotas.charge(Kind.PRODUCE, USER, exchange.clientId(), exchange.sizeBytes());
        // No answer with acks=0.
        if (exchange.response() instanceof ProduceResponseData answer) {
            answer.setThrottleTimeMs(told(waitMs));
        }
        return waitMs;
    }

    private static long fetched(ClientQuotas quotas, Exchange exchange, FetchResponseData answer) {
        long bytes = 0;
        for (FetchResponseData.FetchableTopicResponse topic : answer.responses()) {
            for (FetchResponseData.PartitionData partition : topic.partitions()) {
                bytes += partition.records() == null ? 0 : partition.records().sizeInBytes();
            }
        }
        long waitMs = quotas.charge(Kind.FETCH, USER, exchange.clientId(), bytes);
        answer.setThrottleTimeMs(told(waitMs));
        return waitMs;
    }

    private static int told(long waitMs) {
        return (int) Math.min(Integer.MAX_VALUE, waitMs);
    }

    /** Charges the loop's time; returns for how long the client has to wait, in milliseconds. */
    static long time(ClientQuotas quotas, Exchange exchange, long nanos) {
        return quotas.charge(Kind.REQUEST, USER, exchange.clientId(), nanos * PERCENT_PER_NANO);
    }
}
