package io.firn.gateway.cluster;

import java.util.concurrent.CompletableFuture;

/** The port to the controller's ear. A heartbeat may be lost, but is not heard later than {@code timeoutMs} after it failed. Does not block; completes on any thread. */
@FunctionalInterface
public interface HeartbeatPort {

    CompletableFuture<HeartbeatReply> send(int controller, Heartbeat heartbeat, long timeoutMs);
}
