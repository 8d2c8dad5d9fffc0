package io.firn.it.simulation;

import io.firn.gateway.api.Request;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.RequestHeader;
import org.slf4j.event.Level;

/** A request that came over the simulated network, and its answer. Nobody goes before it is answered. */
final class SimRequest<T> implements Request {

    /** Makes of an answer what arrives, before its bytes are released. */
    interface Copy<T> {
        T of(ApiMessage response);
    }

    private final RequestHeader header;
    private final AbstractRequest body;
    private final EventLoop loop;
    private final Copy<T> copy;
    final CompletableFuture<T> answer = new CompletableFuture<>();

    SimRequest(AbstractRequest body, EventLoop loop, Copy<T> copy) {
        this.header = new RequestHeader(body.apiKey(), body.version(), "simulation", 0);
        this.body = body;
        this.loop = loop;
        this.copy = copy;
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
    public EventLoop loop() {
        return loop;
    }

    @Override
    public void respond(ApiMessage response, Runnable release) {
        T copied = copy.of(response);
        release.run();
        answer.complete(copied);
    }

    @Override
    public void fail(Throwable error) {
        answer.completeExceptionally(error);
    }

    @Override
    public void noResponse() {
        answer.completeExceptionally(new IllegalStateException("no response"));
    }

    @Override
    public void endConnection(String reason, Level level) {
        answer.completeExceptionally(new IllegalStateException(reason));
    }

    @Override
    public InetAddress clientAddress() {
        return InetAddress.getLoopbackAddress();
    }

    @Override
    public int clientPort() {
        return 1;
    }

    @Override
    public ClientInformation clientSoftware() {
        return ClientInformation.EMPTY;
    }

    @Override
    public void clientSoftware(ClientInformation software) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean abandoned() {
        return false;
    }

    @Override
    public String connectionId() {
        return "simulation";
    }

    @Override
    public void whenConnectionEnds(String key, Runnable task) {
        // It does not.
    }

    @Override
    public void whenAbandoned(Runnable task) {
        // It is not.
    }

    @Override
    public void releasePayload() {
        // On the heap.
    }
}
