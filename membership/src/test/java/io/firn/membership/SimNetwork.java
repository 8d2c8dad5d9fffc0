package io.firn.membership;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

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
            public CompletableFuture<byte[]> request(int to, byte[] message, long timeoutMs) {
                CompletableFuture<byte[]> reply = new CompletableFuture<>();
                carry(broker, to, () -> deliver(broker, to, message.clone(), reply));
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

    private void carry(int from, int to, Runnable arrival) {
        messages++;
        if (!cut.contains(new Way(from, to)) && !time.chance(faultOneIn)) {
            long delayMs = time.chance(faultOneIn) ? time.random().nextLong(1_500) : time.random().nextLong(3);
            time.after(delayMs, arrival);
            if (time.chance(faultOneIn)) {
                time.after(delayMs + time.random().nextLong(1_000), arrival);
            }
        }
    }

    private void deliver(int from, int to, byte[] message, CompletableFuture<byte[]> reply) {
        MetadataPeers.Handler handler = handlers.get(to);
        if (handler == null) {
            carry(to, from, () -> reply.completeExceptionally(new MetadataUnavailable("connection refused", null)));
            return;
        }
        handler.handle(from, message).whenComplete((bytes, error) -> carry(to, from, () -> {
            if (error == null) {
                reply.complete(bytes.clone());
            } else {
                reply.completeExceptionally(error);
            }
        }));
    }
}
