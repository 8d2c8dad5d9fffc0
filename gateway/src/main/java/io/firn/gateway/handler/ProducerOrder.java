package io.firn.gateway.handler;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps the transactional produce requests of a producer in their order while the first of a transaction waits for the coordinator. Requests of one connection run concurrently, so the
 * second could otherwise overtake the first.
 *
 * <p>Limit: what waits is a request that counts against its connection's limits, as does each entry.
 *
 * <p>Threading: confined to the connection's loop; each loop has producers of its own.
 */
final class ProducerOrder {
    private final Map<EventLoop, Map<Long, Queue<Runnable>>> loops = new ConcurrentHashMap<>();

    /** Runs {@code step} when those of the same producer that entered before have left: now, or later on the loop. */
    void enter(EventLoop loop, long producerId, Runnable step) {
        Map<Long, Queue<Runnable>> producers = loops.computeIfAbsent(loop, key -> new HashMap<>());
        Queue<Runnable> waiting = producers.get(producerId);
        if (waiting != null) {
            waiting.add(step);
        } else {
            producers.put(producerId, new ArrayDeque<>());
            step.run();
        }
    }

    /** To be called once for each step that ran, when it may be overtaken no more. */
    void leave(EventLoop loop, long producerId) {
        Map<Long, Queue<Runnable>> producers = loops.get(loop);
        Runnable next = producers.get(producerId).poll();
        if (next == null) {
            producers.remove(producerId);
        } else {
            next.run();
        }
    }
}
