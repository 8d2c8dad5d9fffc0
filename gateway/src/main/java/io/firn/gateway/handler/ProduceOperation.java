package io.firn.gateway.handler;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.ProducedRecords;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.hot.AppendResult;
import io.firn.hot.ProducerStamp;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.requests.ProduceRequest;
import org.slf4j.event.Level;

/**
 * One produce request under way.
 *
 * <p>Each partition goes: located (or refused) → its batch, if transactional, verified ({@link TransactionalAppends}) → appended (or refused) → with acks=all, committed. When all are appended, the
 * receive buffers are given back; when all have reached what {@code acks} asks for, the answer leaves.
 *
 * <p>Threading: state is confined to the connection's loop. The append itself runs on the partition's loop: at once when that is
 * the same, else by a message there and one back. Two requests of one connection reach a partition in their order, because
 * messages between two loops keep theirs.
 */
final class ProduceOperation implements TransactionalAppends.Sink {

    private static final Set<String> INTERNAL_TOPICS = Set.of(Topic.GROUP_METADATA_TOPIC_NAME, Topic.TRANSACTION_STATE_TOPIC_NAME, Topic.SHARE_GROUP_STATE_TOPIC_NAME);

    /** Kafka lets only this client write to internal topics. */
    private static final String ADMIN_CLIENT_ID = "__admin_client";

    /** Consumers as old as producers of earlier versions cannot read Zstandard (KIP-110). */
    private static final short FIRST_VERSION_WITH_ZSTD = 7;
    private static final short FIRST_VERSION_BY_ID = 13;

    private final Request request;
    private final ProduceRequest body;
    private final long deadlineMs;
    private final TransactionalAppends.Context transactional;
    private final RefusedBatches refused;
    private final List<TransactionalAppends.Batch> unverified = new ArrayList<>(0);
    private final ProduceResponseData response = new ProduceResponseData();
    private int appending;
    private int committing;
    private boolean failed;

    ProduceOperation(Request request, ProduceRequest body, long deadlineMs, TransactionalAppends.Context transactional, RefusedBatches refused) {
        this.request = request;
        this.body = body;
        this.deadlineMs = deadlineMs;
        this.transactional = transactional;
        this.refused = refused;
    }

    void start(Partitions partitions, boolean refusing) {
        appending = 1;
        for (TopicProduceData topic : body.data().topicData()) {
            List<PartitionProduceResponse> answers = new ArrayList<>(topic.partitionData().size());
            response.responses().add(new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId()).setPartitionResponses(answers));
            for (PartitionProduceData data : topic.partitionData()) {
                PartitionProduceResponse answer = new PartitionProduceResponse().setIndex(data.index()).setBaseOffset(-1).setLogStartOffset(-1);
                answers.add(answer);
                start(partitions, refusing, topic, data, answer);
            }
        }
        verify();
        appended();
    }

    private void verify() {
        if (unverified.isEmpty()) {
            return;
        }
        if (unverified.stream().map(TransactionalAppends.Batch::stamp).map(stamp -> Map.entry(stamp.producerId(), stamp.epoch())).distinct().count() > 1) {
            unverified.forEach(batch -> refused(batch.answer(), Errors.INVALID_PRODUCER_ID_MAPPING, "Transactional records contained more than one producer ID"));
        } else {
            new TransactionalAppends(request, body.transactionalId(), transactional, this).start(unverified);
        }
    }

    private void start(Partitions partitions, boolean refusing, TopicProduceData topic, PartitionProduceData data, PartitionProduceResponse answer) {
        boolean byId = body.version() >= FIRST_VERSION_BY_ID;
        TopicIdPartition asked = new TopicIdPartition(topic.topicId(), data.index(), byId ? null : topic.name());
        Partitions.Found found = partitions.locate(asked);
        if (found.error() != Errors.NONE) {
            refuseForNow(asked, data, answer, found.error(), null);
        } else if (INTERNAL_TOPICS.contains(found.partition().id().topic()) && !ADMIN_CLIENT_ID.equals(request.clientId())) {
            refuse(answer, Errors.INVALID_TOPIC_EXCEPTION, "clients do not write to internal topics");
        } else if (!(data.records() instanceof ProducedRecords records)) {
            refuse(answer, Errors.INVALID_RECORD, "no records");
        } else if (body.version() < FIRST_VERSION_WITH_ZSTD && records.compressedWith(CompressionType.ZSTD)) {
            refuse(answer, Errors.UNSUPPORTED_COMPRESSION_TYPE, "Zstandard needs version 7 of Produce");
        } else if (body.acks() == -1 && !partitions.enoughInSync(found.partition())) {
            refuseForNow(asked, data, answer, Errors.NOT_ENOUGH_REPLICAS, "fewer replicas are in sync than min.insync.replicas asks for");
        } else if (refusing) {
            refuseForNow(asked, data, answer, Errors.KAFKA_STORAGE_ERROR, "the broker's disk is full up to log.disk.watermark.bytes");
        } else if (body.transactionalId() != null && ProducerStamp.isTransactional(records.bytes())) {
            appending++;
            unverified.add(new TransactionalAppends.Batch(asked, found.partition(), records.bytes(), ProducerStamp.of(records.bytes()), answer));
        } else {
            append(asked, found.partition(), records.bytes(), answer);
        }
    }

    private void refuseForNow(TopicIdPartition asked, PartitionProduceData data, PartitionProduceResponse answer, Errors error, String message) {
        if (data.records() instanceof ProducedRecords records) {
            refused.note(asked, records.bytes(), error);
        }
        refuse(answer, error, message);
    }

    @Override
    public void refused(PartitionProduceResponse answer, Errors error, String message) {
        refuse(answer, error, message);
        appended();
    }

    private void append(TopicIdPartition asked, Partition partition, RecordBuffers batch, PartitionProduceResponse answer) {
        appending++;
        if (partition.loop() == request.loop()) {
            refused.append(asked, partition, batch, TransactionTerms.OPEN, result -> done(partition, result, answer, partition.log().logStartOffset()));
        } else {
            partition.loop().execute(() -> refused.append(asked, partition, batch, TransactionTerms.OPEN, result -> {
                long logStart = partition.log().logStartOffset();
                request.loop().execute(() -> done(partition, result, answer, logStart));
            }));
        }
    }

    @Override
    public void done(Partition partition, AppendResult result, PartitionProduceResponse answer, long logStartOffset) {
        answer.setLogStartOffset(logStartOffset);
        if (result instanceof AppendResult.Appended in) {
            answer.setBaseOffset(in.baseOffset()).setLogAppendTimeMs(in.logAppendTimeMs());
            awaitCommit(partition, in.lastOffset() + 1, answer);
        } else if (result instanceof AppendResult.Duplicate in) {
            answer.setBaseOffset(in.baseOffset()).setLogAppendTimeMs(in.logAppendTimeMs());
            awaitCommit(partition, in.lastOffset() + 1, answer);
        } else if (result instanceof AppendResult.Rejected rejected) {
            refuse(answer, ErrorMapping.of(rejected.error()), rejected.message());
            answer.setRecordErrors(rejected.faults().stream()
                    .map(fault -> new BatchIndexAndErrorMessage().setBatchIndex(fault.index()).setBatchIndexErrorMessage(fault.message())).toList());
        }
        appended();
    }

    private void awaitCommit(Partition partition, long nextOffset, PartitionProduceResponse answer) {
        if (body.acks() != -1) {
            return;
        }
        committing++;
        Partition.CommitListener listener = new Partition.CommitListener() {
            @Override
            public void committed() {
                onRequestLoop(() -> ended(answer, Errors.NONE));
            }

            @Override
            public void notCommitted(Errors why) {
                onRequestLoop(() -> ended(answer, why));
            }
        };
        if (partition.loop() == request.loop()) {
            partition.awaitCommit(nextOffset, deadlineMs, listener);
        } else {
            partition.loop().execute(() -> partition.awaitCommit(nextOffset, deadlineMs, listener));
        }
    }

    private void onRequestLoop(Runnable task) {
        if (request.loop().inEventLoop()) {
            task.run();
        } else {
            request.loop().execute(task);
        }
    }

    private void ended(PartitionProduceResponse answer, Errors error) {
        if (error != Errors.NONE) {
            refuse(answer, error, null);
        }
        committing--;
        answerIfDone();
    }

    private void refuse(PartitionProduceResponse answer, Errors error, String message) {
        failed = true;
        answer.setErrorCode(error.code()).setErrorMessage(message).setBaseOffset(-1).setLogAppendTimeMs(-1);
    }

    private void appended() {
        appending--;
        if (appending == 0) {
            request.releasePayload();
            answerIfDone();
        }
    }

    private void answerIfDone() {
        if (appending > 0 || committing > 0) {
            return;
        }
        if (body.acks() != 0) {
            request.respond(response);
        } else if (failed) {
            // Without an answer to carry the error, a closed connection is the only way to tell the client to refresh its metadata.
            request.endConnection("a produce request with acks=0 failed", Level.INFO);
        } else {
            request.noResponse();
        }
    }
}
