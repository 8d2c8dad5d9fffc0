package io.firn.gateway.handler;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Request;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.slf4j.event.Level;

/**
 * A request as a handler meets it: the body went through Kafka's own serialization of the version, and so does the answer, so that a field that
 * does not exist in the version fails the test.
 */
final class TestRequest implements Request {
    private static final long TIMEOUT_SECONDS = 30;

    private final EmbeddedChannel connection = new EmbeddedChannel();
    private final EventLoop loop;
    private final RequestHeader header;
    private final AbstractRequest body;
    private ClientInformation software = ClientInformation.EMPTY;
    private final CompletableFuture<ApiMessage> answer = new CompletableFuture<>();

    private TestRequest(Optional<EventLoop> loop, RequestHeader header, AbstractRequest body) {
        this.loop = loop.orElseGet(connection::eventLoop);
        this.header = header;
        this.body = body;
    }

    static TestRequest of(ApiKeys api, int version, ApiMessage body) {
        return of(Optional.empty(), api, version, body);
    }

    /** Of a connection of this loop, on which it has to be handled. */
    static TestRequest on(EventLoop loop, ApiKeys api, int version, ApiMessage body) {
        return of(Optional.of(loop), api, version, body);
    }

    private static TestRequest of(Optional<EventLoop> loop, ApiKeys api, int version, ApiMessage body) {
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(body, (short) version).buffer();
        return new TestRequest(loop, new RequestHeader(api, (short) version, "test", 1), AbstractRequest.parseRequest(api, (short) version, new ByteBufferAccessor(bytes)).request);
    }

    /** The answer, read back from its bytes. */
    <T extends ApiMessage> T answer(Class<T> type) throws Exception {
        ApiMessage message = answer.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, version()).buffer();
        return type.cast(AbstractResponse.parseResponse(api(), new ByteBufferAccessor(bytes), version()).data());
    }

    /** Calls back with the answer. */
    void answered(BiConsumer<ApiMessage, Throwable> then) {
        answer.whenComplete(then);
    }

    boolean answered() {
        return answer.isDone();
    }

    @Override
    public RequestHeader header() {
        return header;
    }

    @Override
    public AbstractRequest body() {
        return body;
    }

    @Override
    public InetAddress clientAddress() {
        return InetAddress.getLoopbackAddress();
    }

    @Override
    public int clientPort() {
        return 50_000;
    }

    @Override
    public ClientInformation clientSoftware() {
        return software;
    }

    @Override
    public void clientSoftware(ClientInformation said) {
        software = said;
    }

    @Override
    public boolean abandoned() {
        return false;
    }

    @Override
    public String connectionId() {
        return connection.id().asLongText();
    }

    @Override
    public void whenConnectionEnds(String key, Runnable task) {
        // Never ends.
    }

    @Override
    public void whenAbandoned(Runnable task) {
        // Never is.
    }

    @Override
    public void respond(ApiMessage response, Runnable release) {
        if (!answer.complete(response)) {
            answer.obtrudeException(new AssertionError("answered twice"));
        }
        release.run();
    }

    @Override
    public void fail(Throwable error) {
        respond(body.getErrorResponse(0, ErrorMapping.of(error).exception(ErrorMapping.unwrap(error).getMessage())).data());
    }

    @Override
    public void noResponse() {
        answer.completeExceptionally(new AssertionError("no answer"));
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public void endConnection(String reason, Level level) {
        answer.completeExceptionally(new AssertionError("connection ended: " + reason));
    }

    @Override
    public void releasePayload() {
        // Holds no network buffers.
    }
}
