package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.transaction.ProducerIds;
import io.firn.gateway.transaction.Reply;
import io.firn.gateway.transaction.Transactions;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.InitProducerIdRequest;

/**
 * InitProducerId: an id for an idempotent producer, or the beginning of a transactional producer's life.
 *
 * <p>Thread-safe: no state of its own.
 */
final class InitProducerIdHandler implements ApiHandler {
    private static final long NO_ID = -1;
    private static final short NO_EPOCH = -1;
    /** Clients of earlier versions know PRODUCER_FENCED as INVALID_PRODUCER_EPOCH. */
    private static final int FENCED_SINCE_VERSION = 4;

    private final ProducerIds ids;
    private final Transactions transactions;

    InitProducerIdHandler(ProducerIds ids, Transactions transactions) {
        this.ids = ids;
        this.transactions = transactions;
    }

    @Override
    public void handle(Request request) {
        InitProducerIdRequestData body = ((InitProducerIdRequest) request.body()).data();
        Errors refusal = check(body);
        if (refusal != Errors.NONE) {
            request.respond(refused(refusal));
        } else if (body.transactionalId() == null) {
            ids.next().whenComplete((id, failure) -> request.respond(failure == null
                    ? new InitProducerIdResponseData().setProducerId(id).setProducerEpoch((short) 0) : refused(retriable(failure))));
        } else {
            Gather.answer(request, transactions.initialize(body.transactionalId(), body.transactionTimeoutMs(), body.producerId(), body.producerEpoch())
                    .thenApply(reply -> answer(reply, request.version())));
        }
    }

    static Errors check(InitProducerIdRequestData body) {
        boolean both = (body.producerId() == NO_ID) == (body.producerEpoch() == NO_EPOCH);
        return both && (body.transactionalId() == null || !body.transactionalId().isEmpty()) ? Errors.NONE : Errors.INVALID_REQUEST;
    }

    private static InitProducerIdResponseData answer(Reply reply, int version) {
        return new InitProducerIdResponseData().setErrorCode(Fenced.told(reply.error(), version, FENCED_SINCE_VERSION).code()).setProducerId(reply.producerId()).setProducerEpoch(reply.epoch());
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
