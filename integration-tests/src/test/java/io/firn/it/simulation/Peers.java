package io.firn.it.simulation;

import io.firn.membership.MetadataOutcomeUnknown;
import io.firn.membership.MetadataPeers;
import io.firn.membership.MetadataUnavailable;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** What the metadata of brokers says to each other, over the simulated network. */
final class Peers {

    private final Cluster cluster;
    private final Map<Life, MetadataPeers.Handler> handlers = new HashMap<>();

    Peers(Cluster cluster) {
        this.cluster = cluster;
    }

    /** A life's handler is given to it before the life is the broker's, in its making. */
    MetadataPeers of(Life from) {
        return new MetadataPeers() {
            @Override
            public CompletableFuture<byte[]> request(int to, Way way, byte[] message, long timeoutMs) {
                CompletableFuture<byte[]> reply = new CompletableFuture<>();
                Optional<Life> connected = cluster.broker(to).life;
                AtomicBoolean single = new AtomicBoolean(true);
                single.set(cluster.network.carry(from.id, to, () -> deliver(from, to, connected, message.clone(), reply, single)));
                cluster.time.after(timeoutMs, () -> reply.completeExceptionally(new MetadataOutcomeUnknown("no reply in time", null)));
                return reply;
            }

            @Override
            public void serve(Handler handler) {
                handlers.put(from, handler);
            }
        };
    }

    /** @param single whether an error means that nobody has handled it */
    private void deliver(Life from, int to, Optional<Life> connected, byte[] message, CompletableFuture<byte[]> reply, AtomicBoolean single) {
        CompletableFuture<byte[]> handled = connected.filter(life -> life.thread.alive()).flatMap(life -> Optional.ofNullable(handlers.get(life))).map(handler -> handler.handle(from.id, message))
                .orElseGet(() -> CompletableFuture.failedFuture(new MetadataUnavailable("connection refused", null)));
        handled.whenComplete((bytes, error) -> cluster.network.carry(to, from.id, () -> {
            if (error == null) {
                reply.complete(bytes.clone());
            } else if (single.get()) {
                reply.completeExceptionally(error);
            }
        }));
    }

    void lost(Life at, int ended) {
        Optional.ofNullable(handlers.get(at)).ifPresent(handler -> handler.lost(ended));
    }

    void forget(Life dead) {
        handlers.remove(dead);
    }
}
