package io.firn.membership;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** Brokers asking each other on virtual time: messages take a while, are lost, come twice and out of order; ways between two brokers can be cut in one direction. */
final class SimNetwork {

    private record Way(int from, int to) {}

    private final SimTime time;
    private final Map<Integer, MetadataPeers.Handler> handlers = new HashMap<>();
    private final Set<Way> cut = new HashSet<>();
    private int faultOneIn = Integer.MAX_VALUE;
    private long messages;

    SimNetwork(SimTime time) {
        this.time = time;
    }

    long messages() {
        return messages;
    }

    void cut(int from, int to) {
        cut.add(new Way(from, to));
    }

    void heal() {
        cut.clear();
    }

    /** One of so many messages is lost, one late, one comes twice. */
    void faultOneIn(int messages) {
        faultOneIn = messages;
    }

    MetadataPeers of(int broker) {
        return new MetadataPeers() {
            @Override
            public CompletableFuture<byte[]> request(int to, Way way, byte[] message, long timeoutMs) {
                CompletableFuture<byte[]> reply = new CompletableFuture<>();
                Optional<MetadataPeers.Handler> connected = Optional.ofNullable(handlers.get(to));
                AtomicBoolean single = new AtomicBoolean(true);
                single.set(carry(broker, to, () -> deliver(broker, to, connected, message.clone(), reply, single)));
                time.after(timeoutMs, () -> reply.completeExceptionally(new MetadataOutcomeUnknown("no reply in time", null)));
                return reply;
            }

            @Override
            public void serve(Handler handler) {
                handlers.put(broker, handler);
            }
        };
    }

    /** The process has ended. @param noticed whether its connections were closed, as they are unless the machine is gone too */
    void dead(int broker, boolean noticed) {
        handlers.remove(broker);
        if (noticed) {
            List.copyOf(handlers.keySet()).forEach(other -> carry(broker, other, () -> {
                if (handlers.containsKey(other)) {
                    handlers.get(other).lost(broker);
                }
            }));
        }
    }

    /** @return false if it will arrive twice */
    private boolean carry(int from, int to, Runnable arrival) {
        messages++;
        if (!cut.contains(new Way(from, to)) && !time.chance(faultOneIn)) {
            long delayMs = time.chance(faultOneIn) ? time.random().nextLong(1_500) : time.random().nextLong(3);
            time.after(delayMs, arrival);
            if (time.chance(faultOneIn)) {
                time.after(delayMs + time.random().nextLong(1_000), arrival);
                return false;
            }
        }
        return true;
    }

    /** A connection ends with the process at its other end. @param single whether an error means that nobody has handled it */
    private void deliver(int from, int to, Optional<MetadataPeers.Handler> connected, byte[] message, CompletableFuture<byte[]> reply, AtomicBoolean single) {
        CompletableFuture<byte[]> handled = connected.filter(handler -> handler == handlers.get(to)).map(handler -> handler.handle(from, message))
                .orElseGet(() -> CompletableFuture.failedFuture(new MetadataUnavailable("connection refused", null)));
        handled.whenComplete((bytes, error) -> carry(to, from, () -> {
            if (error == null) {
                reply.complete(bytes.clone());
            } else if (single.get()) {
                reply.completeExceptionally(error);
            }
        }));
    }
}
