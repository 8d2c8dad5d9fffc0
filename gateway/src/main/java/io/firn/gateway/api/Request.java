package io.firn.gateway.api;

import java.net.InetAddress;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.RequestHeader;

/**
 * One decoded request and the way to answer it.
 *
 * <p>Threading: handlers are called on the connection's event loop and must not block it. {@code respond}, {@code fail} and
 * {@code noResponse} may be called from any thread; exactly one of them, exactly once (later calls are ignored). Answers leave in the order of the requests.
 */
public interface Request {

    RequestHeader header();

    AbstractRequest body();

    InetAddress clientAddress();

    /** Whether the client has gone; work for it may be dropped. */
    boolean abandoned();

    void respond(ApiMessage response);

    /** Answers with what the API gives as error response for {@code error} (Kafka's own mapping, after {@link ErrorMapping}). */
    void fail(Throwable error);

    /** Ends the request without an answer (produce with acks=0). */
    void noResponse();

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
