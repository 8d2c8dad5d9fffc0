package io.firn.gateway.share;

import io.firn.gateway.api.Request;
import java.net.InetAddress;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.RequestContext;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;

/** Who asks the share coordinator. Pure functions. */
final class Requests {

    private Requests() {}

    static RequestContext context(Request request) {
        return context(request.header(), request.connectionId(), request.clientAddress());
    }

    /** This broker itself. */
    static RequestContext context() {
        return context(new RequestHeader(ApiKeys.WRITE_SHARE_GROUP_STATE, (short) 1, "firn", 0), "local", InetAddress.getLoopbackAddress());
    }

    private static RequestContext context(RequestHeader header, String connection, InetAddress address) {
        return new RequestContext(header, connection, address, KafkaPrincipal.ANONYMOUS, ListenerName.forSecurityProtocol(SecurityProtocol.PLAINTEXT), SecurityProtocol.PLAINTEXT,
                ClientInformation.EMPTY, false);
    }
}
