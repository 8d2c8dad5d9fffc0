package io.firn.gateway.peer;

import io.firn.gateway.cluster.ProbePort;
import io.firn.membership.Endpoint;
import io.netty.channel.ConnectTimeoutException;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.util.concurrent.CompletableFuture;

/** Asks by connecting. Thread-safe. */
public final class PortProbe implements ProbePort, AutoCloseable {

    private static final int CONNECT_MS = 1_000;

    private final NetClient client;

    public PortProbe(Vertx vertx) {
        this.client = vertx.createNetClient(new NetClientOptions().setConnectTimeout(CONNECT_MS));
    }

    @Override
    public CompletableFuture<Boolean> refused(Endpoint endpoint) {
        CompletableFuture<Boolean> refused = new CompletableFuture<>();
        client.connect(endpoint.port(), endpoint.host()).onSuccess(socket -> {
            refused.complete(false);
            socket.close();
        }).onFailure(failed -> refused.complete(isRefusal(failed)));
        return refused;
    }

    /** Of the ways not to connect only this one is an answer of the machine. The JDK tells it by the exception's type, and what it has of others by subclasses and messages. */
    static boolean isRefusal(Throwable failed) {
        return failed instanceof ConnectException && !(failed instanceof ConnectTimeoutException) && !(failed instanceof NoRouteToHostException)
                && String.valueOf(failed.getMessage()).contains("refused");
    }

    @Override
    public void close() {
        client.close();
    }
}
