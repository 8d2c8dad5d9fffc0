package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partitions;
import java.time.InstantSource;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.errors.InvalidRequiredAcksException;
import org.apache.kafka.common.requests.ProduceRequest;

/** Produce: appends each partition's batch on the loop that owns it, and answers when {@code acks} is met. Thread-safe: immutable. */
public final class ProduceHandler implements ApiHandler {

    private final Partitions partitions;
    private final BooleanSupplier refusing;
    private final InstantSource clock;

    /** @param refusing whether the disk is too full to take more; asked for each request */
    public ProduceHandler(Partitions partitions, BooleanSupplier refusing, InstantSource clock) {
        this.partitions = partitions;
        this.refusing = refusing;
        this.clock = clock;
    }

    @Override
    public void handle(Request request) {
        ProduceRequest body = (ProduceRequest) request.body();
        if (body.acks() < -1 || body.acks() > 1) {
            request.fail(new InvalidRequiredAcksException("acks must be -1, 0 or 1, not " + body.acks()));
            return;
        }
        long deadlineMs = clock.millis() + Math.max(0, body.timeout());
        new ProduceOperation(request, body, deadlineMs).start(partitions, refusing.getAsBoolean());
    }
}
