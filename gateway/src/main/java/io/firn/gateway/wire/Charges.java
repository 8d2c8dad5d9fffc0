package io.firn.gateway.wire;

import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.quota.ClientQuotas.Kind;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * What an exchange costs its client: the bytes of a produce request, the bytes of the records in a fetch answer, the time the loop spent on it. A client that has to wait for its bytes is told
 * so in the answer; the wire also leaves it waiting, so that one that does not care cannot go on. What changes of the metadata cost was charged by their handlers, who told the client; here it
 * is only read how long it is to wait. Pure but for the counts.
 */
final class Charges {
    private static final String USER = ClientQuotas.ANONYMOUS;
    private static final double PERCENT_PER_NANO = 100.0 / 1e9;

    private Charges() {}

    /** Charges an exchange that was answered; returns for how long its client has to wait, in milliseconds. */
    static long answered(ClientQuotas quotas, Exchange exchange) {
        return switch (exchange.api()) {
            case PRODUCE -> produced(quotas, exchange);
            case FETCH -> exchange.response() instanceof FetchResponseData answer ? fetched(quotas, exchange, answer) : 0;
            case CREATE_TOPICS, DELETE_TOPICS, CREATE_PARTITIONS -> told(exchange.response());
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

    private static long told(ApiMessage response) {
        if (response instanceof CreateTopicsResponseData answer) {
            return answer.throttleTimeMs();
        }
        if (response instanceof DeleteTopicsResponseData answer) {
            return answer.throttleTimeMs();
        }
        return response instanceof CreatePartitionsResponseData answer ? answer.throttleTimeMs() : 0;
    }

    private static int told(long waitMs) {
        return (int) Math.min(Integer.MAX_VALUE, waitMs);
    }

    /** Charges the loop's time; returns for how long the client has to wait, in milliseconds. */
    static long time(ClientQuotas quotas, Exchange exchange, long nanos) {
        return quotas.charge(Kind.REQUEST, USER, exchange.clientId(), nanos * PERCENT_PER_NANO);
    }
}
