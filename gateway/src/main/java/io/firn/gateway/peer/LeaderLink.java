package io.firn.gateway.peer;

import io.firn.gateway.wire.PeerReply;
import io.netty.channel.EventLoop;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.requests.FetchRequest;

/** The way from one event loop to one broker: {@link PeerTransport} with both of them given. */
@FunctionalInterface
public interface LeaderLink {

    /** See {@link PeerTransport#send}. Completes on the loop, not before this call has returned. */
    CompletableFuture<PeerReply> fetch(FetchRequest.Builder request, long timeoutMs);

    /** To that broker, from that loop. */
    static LeaderLink over(PeerTransport peers, int brokerId, EventLoop loop) {
        return (request, timeoutMs) -> peers.send(brokerId, loop, request, timeoutMs);
    }
}
