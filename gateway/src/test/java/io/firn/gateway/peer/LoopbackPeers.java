package io.firn.gateway.peer;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.wire.PeerReply;
import io.firn.hot.FileRange;
import io.firn.hot.ReadResult;
import io.firn.hot.replication.FetchError;
import io.firn.hot.replication.FetchVerdict;
import io.firn.hot.replication.Replica;
import io.firn.hot.replication.ReplicaFetch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FetchMetadata;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.HeartbeatResponse;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.FetchContext;
import org.apache.kafka.server.FetchManager;
import org.apache.kafka.server.FetchSession.FetchSessionCache;
import org.apache.kafka.server.FetchSessionCacheShard;

/** {@link LeaderLink} to a leader in the same thread, through the bytes of requests and answers and Kafka's own fetch sessions. Requests wait until they are {@link #serve served}. */
final class LoopbackPeers implements LeaderLink {

    private record Sent(FetchRequest request, CompletableFuture<PeerReply> answer) {}

    private final Map<TopicIdPartition, Replica> leaders = new HashMap<>();
    private final Map<Uuid, String> names = new HashMap<>();
    private final ArrayDeque<Sent> waiting = new ArrayDeque<>();
    private final Executor loop;
    private FetchManager sessions = sessions();
    final List<FetchRequest> requests = new ArrayList<>();
    int held;
    boolean broken;

    LoopbackPeers(Executor loop) {
        this.loop = loop;
    }

    private static FetchManager sessions() {
        return new FetchManager(Time.SYSTEM, new FetchSessionCache(List.of(new FetchSessionCacheShard(10, 1000, 1 << 20, 0))));
    }

    void lead(TopicIdPartition id, Replica replica) {
        leaders.put(id, replica);
        names.put(id.topicId(), id.topic());
    }

    /** The leader's broker was started anew and knows no session. */
    void forgetSessions() {
        sessions = sessions();
    }

    @Override
    public CompletableFuture<PeerReply> fetch(FetchRequest.Builder request, long timeoutMs) {
        if (broken) {
            throw new IllegalStateException("thrown on purpose by a test");
        }
        Sent sent = new Sent(request.build(request.latestAllowedVersion()), new CompletableFuture<>());
        waiting.add(sent);
        requests.add(sent.request);
        return sent.answer;
    }

    boolean isAsked() {
        return !waiting.isEmpty();
    }

    void fail() {
        Sent sent = waiting.remove();
        loop.execute(() -> sent.answer.completeExceptionally(new IOException("connection lost")));
    }

    /** Answers with something that is no answer to a fetch. */
    void garble() {
        Sent sent = waiting.remove();
        held++;
        loop.execute(() -> sent.answer.complete(new PeerReply(new HeartbeatResponse(new HeartbeatResponseData()), () -> held--)));
    }

    void serve() {
        Sent sent = waiting.remove();
        FetchRequestData data = new FetchRequestData(new ByteBufferAccessor(MessageUtil.toByteBufferAccessor(sent.request.data(), sent.request.version()).buffer()), sent.request.version());
        FetchRequest request = new FetchRequest(data, sent.request.version());
        FetchContext context = sessions.newContext(request.version(), new FetchMetadata(data.sessionId(), data.sessionEpoch()), true, request.fetchData(names), request.forgottenTopics(names), names);
        LinkedHashMap<TopicIdPartition, FetchResponseData.PartitionData> answers = new LinkedHashMap<>();
        context.foreachPartition((id, wanted) -> answers.put(id, answer(request, id, wanted)));
        FetchResponse response = context.updateAndGenerateResponseData(answers, List.of());
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(response.data(), request.version()).buffer();
        held++;
        PeerReply answer = new PeerReply(FetchResponse.parse(new ByteBufferAccessor(bytes), request.version()), () -> held--);
        loop.execute(() -> sent.answer.complete(answer));
    }

    private FetchResponseData.PartitionData answer(FetchRequest request, TopicIdPartition id, FetchRequest.PartitionData wanted) {
        Replica replica = leaders.get(id);
        if (replica == null) {
            return FetchResponse.partitionResponse(id, ErrorMapping.of(FetchError.UNKNOWN_PARTITION));
        }
        FetchVerdict verdict = replica.onFetch(new ReplicaFetch(request.replicaId(), request.replicaEpoch(), wanted.currentLeaderEpoch.orElse(-1), wanted.fetchOffset, wanted.lastFetchedEpoch.orElse(-1),
                wanted.logStartOffset));
        if (verdict instanceof FetchVerdict.Refused refused) {
            return FetchResponse.partitionResponse(id, ErrorMapping.of(refused.error())).setLogStartOffset(replica.log().logStartOffset());
        }
        FetchResponseData.PartitionData answer = new FetchResponseData.PartitionData().setPartitionIndex(id.partition()).setHighWatermark(replica.highWatermark())
                .setLogStartOffset(replica.log().logStartOffset()).setRecords(MemoryRecords.EMPTY);
        if (verdict instanceof FetchVerdict.Diverging diverging) {
            answer.divergingEpoch().setEpoch(diverging.end().leaderEpoch()).setEndOffset(diverging.end().endOffset());
            return answer;
        }
        ReadResult read = replica.log().read(wanted.fetchOffset, wanted.maxBytes, replica.log().logEndOffset(), true);
        return read instanceof ReadResult.Range range ? answer.setRecords(MemoryRecords.readableRecords(copy(range.range()))) : answer;
    }

    private static ByteBuffer copy(FileRange range) {
        try {
            ByteBuffer bytes = ByteBuffer.allocate(range.sizeBytes());
            range.read(0, bytes);
            return bytes.flip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            range.release();
        }
    }
}
