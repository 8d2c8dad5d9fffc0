package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.quota.ClientQuotas;
import java.time.InstantSource;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.protocol.Errors;

/**
 * What one request changes of the metadata, charged to its client's {@code controller_mutation_rate} (KIP-599). Versions of an API that know the error refuse what goes over the quota; older ones
 * do it, and their client waits afterwards.
 *
 * <p>Threading: {@link #charge} by the thread that decides about the request, {@link #throttleMs} by whoever answers it, after that.
 */
final class Mutations {
    /** First versions whose clients know the error. */
    static final int STRICT_CREATE_TOPICS = 6;
    static final int STRICT_DELETE_TOPICS = 5;
    static final int STRICT_CREATE_PARTITIONS = 3;

    private final ClientQuotas quotas;
    private final InstantSource clock;
    private final String clientId;
    private final boolean strict;
    private long untilMs;

    private Mutations(ClientQuotas quotas, InstantSource clock, Request request, boolean strict) {
        this.quotas = quotas;
        this.clock = clock;
        this.clientId = request.clientId();
        this.strict = strict;
    }

    /** Makes the charges of requests. */
    record Charging(ClientQuotas quotas, InstantSource clock) {
        Mutations of(Request request, int strictSince) {
            return new Mutations(quotas, clock, request, request.version() >= strictSince);
        }

        /** For topics that are created because another API needs them, in the client's name. */
        Mutations strict(Request request) {
            return new Mutations(quotas, clock, request, true);
        }
    }

    /** @throws ThrottlingQuotaExceededException when the client may not do it now */
    void charge(int partitions) {
        long waitMs = quotas.chargeMutation(ClientQuotas.ANONYMOUS, clientId, partitions, strict);
        if (waitMs > 0) {
            untilMs = clock.millis() + waitMs;
            if (strict) {
                throw new ThrottlingQuotaExceededException((int) waitMs, Errors.THROTTLING_QUOTA_EXCEEDED.message());
            }
        }
    }

    /** For how long the client has to wait, as the answer tells it: less by what has passed since it was found out. */
    int throttleMs() {
        return (int) Math.max(0, untilMs - clock.millis());
    }
}
