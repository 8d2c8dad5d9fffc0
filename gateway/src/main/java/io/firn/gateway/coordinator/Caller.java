package io.firn.gateway.coordinator;

import io.firn.gateway.api.Request;
import java.net.InetAddress;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;

/** Who asks the coordinator, and in which version of which API. */
public record Caller(String clientId, InetAddress clientAddress, int requestType, int requestVersion, int correlationId) implements AuthorizableRequestContext {

    public static Caller of(Request request) {
        return new Caller(request.clientId(), request.clientAddress(), request.api().id, request.version(), request.header().correlationId());
    }

    @Override
    public String listenerName() {
        return "PLAINTEXT";
    }

    @Override
    public SecurityProtocol securityProtocol() {
        return SecurityProtocol.PLAINTEXT;
    }

    @Override
    public KafkaPrincipal principal() {
        return KafkaPrincipal.ANONYMOUS;
    }
}
