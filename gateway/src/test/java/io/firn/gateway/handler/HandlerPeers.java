package io.firn.gateway.handler;

import io.firn.gateway.api.ApiTable;
import io.firn.gateway.peer.PeerTransport;
import io.firn.gateway.wire.PeerReply;
import io.netty.channel.EventLoop;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;

/** {@link PeerTransport} to the handlers of other brokers in this process, through the bytes of requests and answers; loses what it is told to. */
final class HandlerPeers implements PeerTransport {
    private final Map<Integer, ApiTable> brokers = new ConcurrentHashMap<>();
    /** What was sent, lost ones included. */
    final List<AbstractRequest> sent = new CopyOnWriteArrayList<>();
    final AtomicInteger requestsToLose = new AtomicInteger();
    final AtomicInteger repliesToLose = new AtomicInteger();
    final AtomicInteger held = new AtomicInteger();

    void put(int broker, ApiTable apis) {
        brokers.put(broker, apis);
    }

    @Override
    public CompletableFuture<PeerReply> send(int broker, EventLoop loop, AbstractRequest.Builder<?> builder, long timeoutMs) {
        short version = builder.latestAllowedVersion();
        AbstractRequest request = builder.build(version);
        sent.add(request);
        CompletableFuture<PeerReply> reply = new CompletableFuture<>();
        if (!brokers.containsKey(broker) || take(requestsToLose)) {
            loop.execute(() -> reply.completeExceptionally(new DisconnectException("not reached")));
            return reply;
        }
        TestRequest received = TestRequest.of(request.apiKey(), version, request.data());
        brokers.get(broker).handler(request.apiKey(), version).orElseThrow().handle(received);
        received.answered((message, failure) -> loop.execute(() -> {
            if (failure != null || take(repliesToLose)) {
                reply.completeExceptionally(new DisconnectException("connection lost"));
            } else {
                held.incrementAndGet();
                reply.complete(new PeerReply(parsed(request, version, message), held::decrementAndGet));
            }
        }));
        return reply;
    }

    private static boolean take(AtomicInteger left) {
        return left.getAndUpdate(now -> Math.max(0, now - 1)) > 0;
    }

    private static AbstractResponse parsed(AbstractRequest request, short version, ApiMessage message) {
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, version).buffer();
        return AbstractResponse.parseResponse(request.apiKey(), new ByteBufferAccessor(bytes), version);
    }
}
