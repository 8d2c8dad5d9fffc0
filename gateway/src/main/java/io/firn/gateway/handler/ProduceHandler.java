package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ProducedRecords;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.Timer;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.partition.Partitions;
import io.firn.hot.ProducerStamp;
import java.time.InstantSource;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.errors.InvalidRequiredAcksException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.requests.ProduceRequest;

/** Produce: appends each partition's batch on the loop that owns it, and answers when {@code acks} is met. Thread-safe. */
public final class ProduceHandler implements ApiHandler {

    private final Partitions partitions;
    private final BooleanSupplier refusing;
    private final TransactionalAppends.Context transactional;
    private final RefusedBatches refused;
    private final InstantSource clock;

    /**
     * @param refusing whether the disk is too full to take more; asked for each request
     * @param admission of transactions that write into a partition for the first time
     */
    public ProduceHandler(Partitions partitions, BooleanSupplier refusing, TransactionAdmission admission, Timer timer, InstantSource clock) {
        this.partitions = partitions;
        this.refusing = refusing;
        this.refused = new RefusedBatches(clock);
        this.transactional = new TransactionalAppends.Context(admission, new ProducerOrder(), refused, timer, clock);
        this.clock = clock;
    }

    @Override
    public void handle(Request request) {
        ProduceRequest body = (ProduceRequest) request.body();
        if (body.acks() < -1 || body.acks() > 1) {
            request.fail(new InvalidRequiredAcksException("acks must be -1, 0 or 1, not " + body.acks()));
            return;
        }
        if (body.transactionalId() == null && hasTransactional(body)) {
            request.fail(new TransactionalIdAuthorizationException("transactional records without a transactional id"));
            return;
        }
        long deadlineMs = clock.millis() + Math.max(0, body.timeout());
        new ProduceOperation(request, body, deadlineMs, transactional, refused).start(partitions, refusing.getAsBoolean());
    }

    private static boolean hasTransactional(ProduceRequest body) {
        for (TopicProduceData topic : body.data().topicData()) {
            for (PartitionProduceData data : topic.partitionData()) {
                if (data.records() instanceof ProducedRecords records && ProducerStamp.isTransactional(records.bytes())) {
                    return true;
                }
            }
        }
        return false;
    }
}
