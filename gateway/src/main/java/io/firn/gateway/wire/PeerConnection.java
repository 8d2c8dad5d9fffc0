package io.firn.gateway.wire;

import io.firn.gateway.api.ProducedRecords;
import io.firn.hot.RecordBuffers;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This broker as a client of another one: requests out, answers in, in the same order. Records of a fetch answer stay where they were received.
 *
 * <pre>
 *   connecting ─▶ asking for the API versions ─▶ open ─▶ closed
 *        └──────────────┴── took longer than {@code connectMs}: closed
 * </pre>
 *
 * <p><b>Ends</b>, failing everything not answered: the other side closes; an answer that is too long, not decodable or to another request than the oldest; a request not answered in its time,
 * since whatever follows would wait behind it. An ended connection is not used again: {@code peer.PeerLinks} makes another one.
 *
 * <p>Failures: {@link DisconnectException} (the request may have been carried out), {@link TimeoutException} (the same), {@link UnsupportedVersionException} (it was not sent).
 *
 * <p>Threading: confined to its event loop; futures complete there.
 */
public final class PeerConnection extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(PeerConnection.class);
    private static final int CORRELATION_BYTES = Integer.BYTES;

    private record Sent(RequestHeader header, CompletableFuture<PeerReply> reply, ScheduledFuture<?> timeout) {}

    private final String clientId;
    private final PeerLimits limits;
    private final ArrayDeque<Sent> inFlight = new ArrayDeque<>();
    private final CompletableFuture<PeerConnection> opened = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private ApiVersionCollection versions = new ApiVersionCollection();
    private ChannelHandlerContext context;
    private Frame frame;
    private final LengthPrefix length = new LengthPrefix();
    private int nextCorrelationId;
    private boolean closed;

    private PeerConnection(String clientId, PeerLimits limits) {
        this.clientId = clientId;
        this.limits = limits;
    }

    /**
     * Connects on the loop of {@code context}, and asks what is served.
     *
     * @param clientId what this broker calls itself in its requests
     * @return completes on that loop; fails with {@link DisconnectException} or {@link TimeoutException}
     */
    public static CompletableFuture<PeerConnection> dial(NetClient client, ContextInternal context, String host, int port, String clientId, PeerLimits limits) {
        PeerConnection connection = new PeerConnection(clientId, limits);
        context.runOnContext(ignored -> {
            ScheduledFuture<?> limit = context.nettyEventLoop().schedule(() -> connection.close(new TimeoutException(host + ":" + port + " was not reached within " + limits.connectMs() + " ms")),
                    limits.connectMs(), TimeUnit.MILLISECONDS);
            connection.opened.whenComplete((open, failed) -> limit.cancel(false));
            client.connect(port, host).onSuccess(connection::connected)
                    .onFailure(failed -> connection.close(new DisconnectException("cannot connect to " + host + ":" + port + ": " + failed.getMessage())));
        });
        return connection.opened;
    }

    private void connected(NetSocket socket) {
        if (closed) { // it took too long
            socket.close();
            return;
        }
        context = ((NetSocketInternal) socket).channelHandlerContext();
        context.pipeline().addBefore("handler", "firn", this);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        ApiVersionsRequestData ask = new ApiVersionsRequestData().setClientSoftwareName("firn").setClientSoftwareVersion("broker");
        write(new ApiVersionsRequest(ask, ApiKeys.API_VERSIONS.latestVersion()), limits.connectMs()).whenComplete((reply, failed) -> {
            if (failed == null) {
                heed(((ApiVersionsResponse) reply.response()));
                reply.release().run();
            }
        });
    }

    private void heed(ApiVersionsResponse answer) {
        if (answer.data().errorCode() == Errors.NONE.code()) {
            versions = answer.data().apiKeys();
            opened.complete(this);
        } else {
            close(new DisconnectException("the other broker does not say what it serves: " + Errors.forCode(answer.data().errorCode())));
        }
    }

    public boolean closed() {
        return closed;
    }

    /** Completes when the connection has ended. */
    public CompletableFuture<Void> ended() {
        return ended;
    }

    EventLoop loop() {
        return context.channel().eventLoop();
    }

    // Requests

    /** Sends a request in the newest version both know. The reply is to be released by whoever takes it. */
    public CompletableFuture<PeerReply> send(AbstractRequest.Builder<?> request, long timeoutMs) {
        if (closed) {
            return CompletableFuture.failedFuture(new NotSent.Unreachable("the connection has ended"));
        }
        if (inFlight.size() >= limits.requestsInFlight()) {
            return CompletableFuture.failedFuture(new NotSent.TooLate(inFlight.size() + " requests wait for that broker's answers already"));
        }
        ApiVersion theirs = versions.find(request.apiKey().id);
        short version = theirs == null ? -1 : (short) Math.min(theirs.maxVersion(), request.latestAllowedVersion());
        if (theirs == null || version < theirs.minVersion() || version < request.oldestAllowedVersion()) {
            return CompletableFuture.failedFuture(new UnsupportedVersionException("the other broker serves no version of " + request.apiKey() + " that this one knows"));
        }
        return write(request.build(version), timeoutMs);
    }

    private CompletableFuture<PeerReply> write(AbstractRequest request, long timeoutMs) {
        RequestHeader header = new RequestHeader(request.apiKey(), request.version(), clientId, nextCorrelationId++);
        List<Object> parts = MessageEncoder.request(header, request, context.alloc());
        CompletableFuture<PeerReply> reply = new CompletableFuture<>();
        ScheduledFuture<?> timeout = context.executor().schedule(() -> close(new TimeoutException("no answer to " + header.apiKey() + " within " + timeoutMs + " ms")), timeoutMs, TimeUnit.MILLISECONDS);
        inFlight.add(new Sent(header, reply, timeout));
        parts.forEach(context::write);
        context.flush();
        return reply;
    }

    // Answers

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            while (!closed && in.isReadable()) {
                consume(in);
            }
        } finally {
            in.release();
        }
    }

    private void consume(ByteBuf in) {
        if (frame == null && !begin(in)) {
            return;
        }
        frame.take(in, context.alloc());
        if (frame.complete()) {
            Frame whole = frame;
            frame = null;
            receive(whole);
        }
    }

    private boolean begin(ByteBuf in) {
        if (!length.take(in)) {
            return false;
        }
        int sizeBytes = length.value();
        if (sizeBytes < CORRELATION_BYTES || sizeBytes > limits.replyMaxBytes()) {
            close(new DisconnectException("an answer of " + sizeBytes + " bytes"));
            return false;
        }
        frame = new Frame(sizeBytes);
        length.clear();
        return true;
    }

    private void receive(Frame whole) {
        Sent oldest = inFlight.peek();
        AbstractResponse response;
        try {
            response = decode(oldest, whole);
        } catch (RuntimeException e) {
            whole.release();
            LOG.atWarn().addKeyValue("peer", context.channel().remoteAddress()).addKeyValue("cause", e.toString()).log("Another broker's answer cannot be read");
            close(new DisconnectException("an answer that cannot be read: " + e));
            return;
        }
        inFlight.poll();
        oldest.timeout().cancel(false);
        AtomicBoolean held = new AtomicBoolean(true);
        oldest.reply().complete(new PeerReply(response, () -> release(held, whole)));
    }

    /** Netty's buffers may be released by any thread. */
    private static void release(AtomicBoolean held, Frame frame) {
        if (held.compareAndSet(true, false)) {
            frame.release();
        }
    }

    private static AbstractResponse decode(Sent sent, Frame whole) {
        FrameReadable in = new FrameReadable(whole.bytes());
        int correlationId = in.readInt();
        if (sent == null || correlationId != sent.header().correlationId()) {
            throw new IllegalStateException("answer to request " + correlationId + ", which is not the oldest one");
        }
        ApiKeys api = sent.header().apiKey();
        if (api.responseHeaderVersion(sent.header().apiVersion()) > 0) {
            skipTaggedFields(in);
        }
        AbstractResponse response = AbstractResponse.parseResponse(api, in, sent.header().apiVersion());
        if (response instanceof FetchResponse fetched) {
            attachRecords(fetched.data(), in.records().iterator());
        }
        return response;
    }

    private static void skipTaggedFields(FrameReadable in) {
        for (int left = in.readUnsignedVarint(); left > 0; left--) {
            in.readUnsignedVarint();
            in.readArray(in.readUnsignedVarint());
        }
    }

    private static void attachRecords(FetchResponseData data, Iterator<RecordBuffers> records) {
        for (FetchResponseData.FetchableTopicResponse topic : data.responses()) {
            for (FetchResponseData.PartitionData partition : topic.partitions()) {
                if (partition.records() != null) {
                    partition.setRecords(new ProducedRecords(records.next()));
                }
            }
        }
    }

    // End

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        close(new DisconnectException("the other broker has closed the connection"));
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        close(new DisconnectException("the connection broke: " + cause));
    }

    /** Ends the connection; whoever waits is told {@code why}. On the loop. */
    public void close(RuntimeException why) {
        if (closed) {
            return;
        }
        closed = true;
        if (frame != null) {
            frame.release();
            frame = null;
        }
        if (context != null) {
            context.close();
        }
        opened.completeExceptionally(why);
        ended.complete(null);
        Sent sent;
        while ((sent = inFlight.poll()) != null) {
            sent.timeout().cancel(false);
            sent.reply().completeExceptionally(why);
        }
    }
}
