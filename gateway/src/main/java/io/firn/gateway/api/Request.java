package io.firn.gateway.api;

import io.netty.channel.EventLoop;
import java.net.InetAddress;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.RequestHeader;
import org.slf4j.event.Level;

/**
 * One decoded request and the way to answer it.
 *
 * <p>Threading: handlers are called on the connection's event loop and must not block it. The methods that end or release a
 * request may be called from any thread; exactly one of {@code respond}, {@code fail}, {@code noResponse} and {@code endConnection} counts, the first
 * (resources given to a later one are released at once). Answers leave in the order of the requests.
 */
public interface Request {

    RequestHeader header();

    AbstractRequest body();

    InetAddress clientAddress();

    int clientPort();

    /** What the client said it is, when it asked for the API versions (KIP-511); unknown before that. To be asked on the connection's loop. */
    ClientInformation clientSoftware();

    /** The client says what it is. To be called on the connection's loop. */
    void clientSoftware(ClientInformation software);

    /** The connection's event loop, on which the handler was called. */
    EventLoop loop();

    /** Whether the client has gone; work for it may be dropped. */
    boolean abandoned();

    /** A name of the connection that no other connection of this process has or had. */
    String connectionId();

    /** Has {@code task} run on the connection's loop when the connection has ended (at once if it has), in the place of an earlier one with the same {@code key}. On the loop only. */
    void whenConnectionEnds(String key, Runnable task);

    /** Has {@code task} run on the connection's loop if the connection ends before this request does, in the place of an earlier one: for what waits and need not any more. On the loop only. */
    void whenAbandoned(Runnable task);

    /** Answers with {@code response}; {@code release} is called exactly once, when its bytes were sent or dropped. */
    void respond(ApiMessage response, Runnable release);

    /** Answers with what the API gives as error response for {@code error} (Kafka's own, after {@link ErrorMapping}). */
    void fail(Throwable error);

    /** Ends the request without an answer (produce with acks=0). */
    void noResponse();

    /**
     * Ends the connection in place of an answer, when this request's turn has come: earlier ones are answered, later ones are not.
     *
     * @param level at which {@code reason} is logged; DEBUG where one cause ends many and the caller says so itself
     */
    void endConnection(String reason, Level level);

    /** Gives back the network buffers that hold a produce request's records; the rest of the request stays readable. */
    void releasePayload();

    default void respond(ApiMessage response) {
        respond(response, () -> {});
    }

    default ApiKeys api() {
        return header().apiKey();
    }

    default short version() {
        return header().apiVersion();
    }

    default String clientId() {
        return header().clientId() == null ? "" : header().clientId();
    }
}
