package io.firn.gateway.wire;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Request;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.slf4j.event.Level;

/**
 * One request of a connection from its frame to its last sent byte.
 *
 * <p>Life: received → answered (by any thread, the first answer counts) → written (on the loop, in order of the requests) → sent or dropped.
 *
 * <p>Threading: {@code ended} decides between threads who answers; everything else is confined to the connection's loop.
 */
final class Exchange implements Request {

    private static final Runnable NOTHING = () -> {};

    private final Connection connection;
    private final RequestHeader header;
    private final AbstractRequest body;
    private final Frame frame;
    private final long receivedNanos;
    private final AtomicBoolean ended = new AtomicBoolean();

    private boolean answered;
    private boolean payloadHeld = true;
    private ApiMessage response;
    private Optional<Ending> connectionEnd = Optional.empty();
    private Runnable release = NOTHING;
    private Runnable abandonment = NOTHING;

    Exchange(Connection connection, RequestHeader header, AbstractRequest body, Frame frame, long receivedNanos) {
        this.connection = connection;
        this.header = header;
        this.body = body;
        this.frame = frame;
        this.receivedNanos = receivedNanos;
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
        return connection.clientAddress();
    }

    @Override
    public int clientPort() {
        return connection.clientPort();
    }

    @Override
    public ClientInformation clientSoftware() {
        return connection.clientSoftware();
    }

    @Override
    public void clientSoftware(ClientInformation software) {
        connection.clientSoftware(software);
    }

    @Override
    public EventLoop loop() {
        return connection.eventLoop();
    }

    @Override
    public boolean abandoned() {
        return connection.closed();
    }

    @Override
    public String connectionId() {
        return connection.id();
    }

    @Override
    public void whenConnectionEnds(String key, Runnable task) {
        connection.whenEnded(key, task);
    }

    @Override
    public void whenAbandoned(Runnable task) {
        if (connection.closed()) {
            task.run();
        } else {
            abandonment = task;
        }
    }

    /** The connection has ended, and nobody waits for the answer any more. */
    void abandon() {
        Runnable once = abandonment;
        abandonment = NOTHING;
        once.run();
    }

    @Override
    public void respond(ApiMessage message, Runnable whenSentOrDropped) {
        end(message, Optional.empty(), whenSentOrDropped);
    }

    @Override
    public void noResponse() {
        end(null, Optional.empty(), NOTHING);
    }

    @Override
    public void endConnection(String reason, Level level) {
        end(null, Optional.of(new Ending(reason, level)), NOTHING);
    }

    @Override
    public void fail(Throwable error) {
        Throwable cause = ErrorMapping.unwrap(error);
        Errors code = ErrorMapping.of(cause);
        String message = code == Errors.UNKNOWN_SERVER_ERROR ? null : cause.getMessage();
        AbstractResponse answer = body.getErrorResponse(0, code.exception(message));
        end(answer == null ? null : answer.data(), Optional.empty(), NOTHING);
    }

    private void end(ApiMessage message, Optional<Ending> ending, Runnable whenSentOrDropped) {
        if (!ended.compareAndSet(false, true)) {
            whenSentOrDropped.run();
        } else if (connection.inLoop()) {
            answer(message, ending, whenSentOrDropped);
        } else {
            connection.execute(() -> answer(message, ending, whenSentOrDropped), whenSentOrDropped);
        }
    }

    private void answer(ApiMessage message, Optional<Ending> ending, Runnable whenSentOrDropped) {
        abandonment = NOTHING;
        response = message;
        connectionEnd = ending;
        release = whenSentOrDropped;
        answered = true;
        freePayload();
        connection.answered(this);
    }

    @Override
    public void releasePayload() {
        if (connection.inLoop()) {
            freePayload();
        } else {
            connection.execute(this::freePayload, NOTHING);
        }
    }

    private void freePayload() {
        if (payloadHeld) {
            payloadHeld = false;
            frame.release();
            connection.payloadReleased(frame.sizeBytes());
        }
    }

    /** Length of the whole request. */
    int sizeBytes() {
        return frame.sizeBytes();
    }

    boolean isAnswered() {
        return answered;
    }

    /** The answer; null when there is none to send. */
    ApiMessage response() {
        return response;
    }

    /** Why the connection is to end in place of an answer, when its turn has come. */
    Optional<Ending> connectionEnd() {
        return connectionEnd;
    }

    long receivedNanos() {
        return receivedNanos;
    }

    /** The answer's bytes were sent, or never will be. */
    void sentOrDropped() {
        Runnable once = release;
        release = NOTHING;
        once.run();
    }
}
