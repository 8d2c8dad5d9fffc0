package io.firn.gateway.cluster;

import io.firn.membership.Endpoint;
import java.util.concurrent.CompletableFuture;

/** The port that asks whether anybody listens at an address. Does not block; completes on any thread. */
@FunctionalInterface
public interface ProbePort {

    /** Completes, within a second or two, with whether the machine said that nobody listens there. False: somebody does, or nothing is known. */
    CompletableFuture<Boolean> refused(Endpoint endpoint);
}
