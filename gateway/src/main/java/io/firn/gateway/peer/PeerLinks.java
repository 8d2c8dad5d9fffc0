package io.firn.gateway.peer;

import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.NotSent;
import io.firn.gateway.wire.PeerConnection;
import io.firn.gateway.wire.PeerLimits;
import io.firn.gateway.wire.PeerReply;
import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.requests.AbstractRequest;

/**
 * Connections to the other brokers, one for each loop and broker, made when first needed.
 *
 * <pre>
 *            send                    stands
 *   none ───────────▶ connecting ───────────▶ open ──┐ ended, or the broker has another address now
 *    ▲ ▲                  │ failed                   │
 *    │ └──────────────────▼──────────────────────────┘
 *    └── due ─── waiting ({@link Redial}): requests fail at once
 * </pre>
 *
 * <p>Limits: {@link #MAX_WAITING} requests wait for a connection being made, each for its own time; further ones fail.
 *
 * <p>Threading: thread-safe; the links of a loop are confined to it.
 */
public final class PeerLinks implements PeerTransport, AutoCloseable {

    static final int MAX_WAITING = 256;

    private final NetClient client;
    private final EventLoops loops;
    private final IntFunction<Optional<PeerAddress>> addresses;
    private final String clientId;
    private final PeerLimits limits;
    private final IntConsumer lost;
    private final Map<EventLoop, LoopLinks> byLoop = new ConcurrentHashMap<>();
    private volatile boolean closing;

    /**
     * @param addresses where a broker is reached as of now; empty: there is no such broker
     * @param clientId what this broker calls itself
     */
    public PeerLinks(Vertx vertx, EventLoops loops, IntFunction<Optional<PeerAddress>> addresses, String clientId, PeerLimits limits) {
        this(vertx, loops, addresses, clientId, limits, broker -> {});
    }

    /** @param lost told, on the loop, of a broker to which a connection has ended or could not be made */
    PeerLinks(Vertx vertx, EventLoops loops, IntFunction<Optional<PeerAddress>> addresses, String clientId, PeerLimits limits, IntConsumer lost) {
        this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true).setTcpKeepAlive(true).setConnectTimeout(limits.connectMs()));
        this.loops = loops;
        this.addresses = addresses;
        this.clientId = clientId;
        this.limits = limits;
        this.lost = lost;
    }

    @Override
    public CompletableFuture<PeerReply> send(int brokerId, EventLoop loop, AbstractRequest.Builder<?> request, long timeoutMs) {
        CompletableFuture<PeerReply> reply = new CompletableFuture<>();
        LoopLinks links = byLoop.computeIfAbsent(loop, LoopLinks::new);
        if (loop.inEventLoop()) {
            links.send(brokerId, new Waiting(request, timeoutMs, System.nanoTime(), reply));
        } else {
            try {
                loop.execute(() -> links.send(brokerId, new Waiting(request, timeoutMs, System.nanoTime(), reply)));
            } catch (RejectedExecutionException stopped) {
                reply.completeExceptionally(new NotSent.Unreachable("the broker is stopping"));
            }
        }
        return reply;
    }

    /** A request that is not sent yet. */
    private record Waiting(AbstractRequest.Builder<?> request, long timeoutMs, long sinceNanos, CompletableFuture<PeerReply> reply) {
        long leftMs() {
            return timeoutMs - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNanos);
        }

        void notSentInTime() {
            reply.completeExceptionally(new NotSent.TooLate("not sent within " + timeoutMs + " ms"));
        }
    }

    /** The links of one loop; confined to it. */
    private final class LoopLinks {
        private final EventLoop loop;
        private final Map<Integer, Link> links = new HashMap<>();

        LoopLinks(EventLoop loop) {
            this.loop = loop;
        }

        void send(int brokerId, Waiting waiting) {
            Optional<PeerAddress> address = addresses.apply(brokerId);
            if (closing) {
                waiting.reply().completeExceptionally(new NotSent.Unreachable("the broker is stopping"));
            } else if (address.isEmpty()) {
                waiting.reply().completeExceptionally(new NotSent.Unreachable("there is no broker " + brokerId));
            } else {
                links.computeIfAbsent(brokerId, id -> new Link(id, loop)).send(address.get(), waiting);
            }
        }

        void close() {
            List<Link> all = new ArrayList<>(links.values());
            all.forEach(link -> link.drop("the broker is stopping"));
        }
    }

    /** The way to one broker from one loop. */
    private final class Link {
        private final int brokerId;
        private final EventLoop loop;
        private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
        private Optional<PeerAddress> address = Optional.empty();
        private Optional<PeerConnection> open = Optional.empty();
        private Optional<CompletableFuture<PeerConnection>> connecting = Optional.empty();
        private Redial redial = Redial.NOW;

        Link(int brokerId, EventLoop loop) {
            this.brokerId = brokerId;
            this.loop = loop;
        }

        void send(PeerAddress current, Waiting request) {
            if (!address.equals(Optional.of(current))) {
                address.ifPresent(old -> drop("the broker has moved from " + old.host() + ":" + old.port()));
                address = Optional.of(current);
                redial = Redial.NOW;
            }
            if (open.isPresent()) {
                pass(open.get(), request);
            } else if (connecting.isPresent() || redial.due(System.nanoTime())) {
                await(request);
            } else {
                request.reply().completeExceptionally(new NotSent.Unreachable(current.host() + ":" + current.port() + " was not reached " + redial.failures() + " times in a row"));
            }
        }

        private void pass(PeerConnection connection, Waiting request) {
            if (request.leftMs() <= 0) {
                request.notSentInTime();
                return;
            }
            connection.send(request.request(), request.leftMs()).whenComplete((reply, failed) -> answer(request.reply(), reply, failed));
        }

        private void await(Waiting request) {
            if (waiting.size() >= MAX_WAITING) {
                request.reply().completeExceptionally(new NotSent.TooLate(MAX_WAITING + " requests wait for a connection to that broker already"));
                return;
            }
            waiting.add(request);
            ScheduledFuture<?> limit = loop.schedule(() -> expire(request), request.leftMs(), TimeUnit.MILLISECONDS);
            request.reply().whenComplete((reply, failed) -> limit.cancel(false));
            if (connecting.isEmpty()) {
                connect(address.orElseThrow());
            }
        }

        private void expire(Waiting request) {
            if (waiting.remove(request)) {
                request.notSentInTime();
            }
        }

        private void connect(PeerAddress to) {
            CompletableFuture<PeerConnection> attempt = PeerConnection.dial(client, loops.contextOf(loop), to.host(), to.port(), clientId, limits);
            connecting = Optional.of(attempt);
            attempt.whenComplete((connection, failed) -> {
                if (!connecting.equals(Optional.of(attempt))) { // dropped meanwhile
                    if (failed == null) {
                        connection.close(new DisconnectException("no longer wanted"));
                    }
                    return;
                }
                connecting = Optional.empty();
                if (failed == null) {
                    opened(connection);
                } else {
                    redial = redial.failed(System.nanoTime(), ThreadLocalRandom.current().nextDouble());
                    failWaiting(failed);
                    lost.accept(brokerId);
                }
            });
        }

        private void opened(PeerConnection connection) {
            redial = Redial.NOW;
            open = Optional.of(connection);
            connection.ended().whenComplete((end, never) -> {
                if (open.equals(Optional.of(connection))) {
                    open = Optional.empty();
                    redial = redial.failed(System.nanoTime(), ThreadLocalRandom.current().nextDouble());
                    lost.accept(brokerId);
                }
            });
            Waiting next;
            while ((next = waiting.poll()) != null) {
                pass(connection, next);
            }
        }

        private void failWaiting(Throwable why) {
            List<Waiting> all = new ArrayList<>(waiting);
            waiting.clear();
            RuntimeException notSent = NotSent.because(why);
            all.forEach(request -> request.reply().completeExceptionally(notSent));
        }

        void drop(String why) {
            DisconnectException reason = new DisconnectException(why);
            Optional<PeerConnection> old = open;
            open = Optional.empty();
            connecting = Optional.empty();
            old.ifPresent(connection -> connection.close(reason));
            failWaiting(reason);
        }
    }

    /** A reply nobody takes any more gives its buffers back. */
    private static void answer(CompletableFuture<PeerReply> to, PeerReply reply, Throwable failed) {
        if (failed != null) {
            to.completeExceptionally(failed);
        } else if (!to.complete(reply)) {
            reply.release().run();
        }
    }

    /** Ends all connections; what waits fails. Blocks; not on a loop. */
    @Override
    public void close() {
        closing = true;
        byLoop.forEach((loop, links) -> {
            CompletableFuture<Void> done = new CompletableFuture<>();
            try {
                loop.execute(() -> {
                    links.close();
                    done.complete(null);
                });
                done.join();
            } catch (RejectedExecutionException stopped) {
                return; // the loop has ended, and its connections with it
            }
        });
        client.close().toCompletionStage().toCompletableFuture().join();
    }
}
