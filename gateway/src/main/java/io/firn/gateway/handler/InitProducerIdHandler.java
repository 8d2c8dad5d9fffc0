package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.InitProducerIdRequest;

/**
 * InitProducerId for idempotent producers. Transactional ones are told that this broker cannot serve them: UNSUPPORTED_VERSION ends them with a clear
 * error, where a retriable one would let them hang.
 *
 * <p>Thread-safe: no state of its own.
 */
final class InitProducerIdHandler implements ApiHandler {
    private static final long NO_ID = -1;
    private static final short NO_EPOCH = -1;

    private final ProducerIds ids;

    InitProducerIdHandler(ProducerIds ids) {
        this.ids = ids;
    }

    @Override
    public void handle(Request request) {
        Errors refusal = check(((InitProducerIdRequest) request.body()).data());
        if (refusal != Errors.NONE) {
            request.respond(refused(refusal));
            return;
        }
        ids.next().whenComplete((id, failure) -> request.respond(failure == null
                ? new InitProducerIdResponseData().setProducerId(id).setProducerEpoch((short) 0) : refused(retriable(failure))));
    }

    static Errors check(InitProducerIdRequestData body) {
        if (body.transactionalId() != null) {
            return body.transactionalId().isEmpty() ? Errors.INVALID_REQUEST : Errors.UNSUPPORTED_VERSION;
        }
        return (body.producerId() == NO_ID) == (body.producerEpoch() == NO_EPOCH) ? Errors.NONE : Errors.INVALID_REQUEST;
    }

    /** Producers take few errors here as a reason to try again; this one they all do. */
    private static Errors retriable(Throwable failure) {
        Errors error = Failures.of(failure).error();
        return error.exception() instanceof org.apache.kafka.common.errors.RetriableException ? Errors.COORDINATOR_LOAD_IN_PROGRESS : error;
    }

    private static InitProducerIdResponseData refused(Errors error) {
        return new InitProducerIdResponseData().setErrorCode(error.code()).setProducerId(NO_ID).setProducerEpoch(NO_EPOCH);
    }
}
