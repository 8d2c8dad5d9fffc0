package io.firn.gateway.wire;

import io.firn.gateway.StartupException;
import io.firn.gateway.api.ApiTable;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.quota.ConnectionQuotas;
import io.firn.membership.ClusterView;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Kafka listener: one server socket, its connections spread over the event loops.
 *
 * <p>Threading: {@link #start} and {@link #close} block and are for the main thread; connections live on their loops.
 */
public final class KafkaListener implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(KafkaListener.class);

    /** Vert.x: servers that ask for the same negative port share one random port. Each listener asks for another one: two of a process must not get each other's connections. */
    private static final AtomicInteger SHARED_RANDOM_PORTS = new AtomicInteger();

    private final List<NetServer> servers = new ArrayList<>();
    private final List<LoopWire> loops = new ArrayList<>();
    private final List<ContextInternal> contexts;
    private final ClientQuotas quotas;
    private final ConnectionQuotas connectionQuotas;
    private int port;

    private KafkaListener(EventLoops loops, ClientQuotas quotas, ConnectionQuotas connectionQuotas) {
        this.contexts = loops.contexts();
        this.quotas = quotas;
        this.connectionQuotas = connectionQuotas;
    }

    /** Binds and begins to serve. @throws StartupException when the address cannot be bound */
    public static KafkaListener start(Vertx vertx, EventLoops loops, BrokerConfig.Kafka config, ApiTable apis, MeterRegistry meters, ClientQuotas quotas,
            ConnectionQuotas connectionQuotas) {
        KafkaListener listener = new KafkaListener(loops, quotas, connectionQuotas);
        listener.bind(vertx, new Place(config.host(), config.port(), "Kafka clients", "kafka.port", ""), config.inflightMaxBytes(), limits(config), apis, meters);
        return listener;
    }

    /**
     * The same for other brokers: without quotas, with room for {@code requestsInFlight} requests of a connection, since what brokers ask may have to wait, and for the longest message they send.
     *
     * @param requestMaxBytes longest request that must be taken, whatever clients may send
     */
    public static KafkaListener startForBrokers(Vertx vertx, EventLoops loops, BrokerConfig config, int requestsInFlight, int requestMaxBytes, ApiTable apis, MeterRegistry meters, InstantSource clock) {
        KafkaListener listener = new KafkaListener(loops, new ClientQuotas(() -> ClusterView.EMPTY, clock), new ConnectionQuotas(() -> ClusterView.EMPTY, clock, Runnable::run));
        WireLimits ofClients = limits(config.kafka());
        WireLimits limits = new WireLimits(Math.max(requestMaxBytes, ofClients.requestMaxBytes()), requestsInFlight, ofClients.idleMs(), ofClients.stallMs(), ofClients.connections());
        Place place = new Place(config.peer().host(), config.peer().port(), "other brokers", "peer.port", "peer.");
        listener.bind(vertx, place, config.kafka().inflightMaxBytes(), limits, apis, meters);
        return listener;
    }

    /**
     * Where it listens.
     *
     * @param whom it listens for, for people
     * @param key the setting of the port
     * @param meters part of its meters' names
     */
    private record Place(String host, int port, String whom, String key, String meters) {}

    private static WireLimits limits(BrokerConfig.Kafka config) {
        return new WireLimits(config.requestMaxBytes(), config.connectionInflightMax(), config.connectionIdleMs(),
                config.connectionStallMs(), config.connectionsMax());
    }

    private void bind(Vertx vertx, Place place, long inflightMaxBytes, WireLimits limits, ApiTable apis, MeterRegistry registry) {
        RequestRouter router = new RequestRouter(apis);
        RequestDecoder decoder = new RequestDecoder(apis);
        AtomicInteger connections = new AtomicInteger();
        WireMeters meters = new WireMeters(registry, place.meters(), connections);
        long budgetBytes = inflightMaxBytes / contexts.size();
        NetServerOptions options = new NetServerOptions().setHost(place.host()).setTcpNoDelay(true).setTcpKeepAlive(true)
                .setReuseAddress(true).setAcceptBacklog(1024).setPort(place.port() == 0 ? SHARED_RANDOM_PORTS.decrementAndGet() : place.port());
        for (ContextInternal context : contexts) {
            LoopWire loop = new LoopWire(context.nettyEventLoop(), limits, budgetBytes, router, meters, connections, quotas);
            loop.start();
            loops.add(loop);
            CompletableFuture<NetServer> bound = new CompletableFuture<>();
            context.runOnContext(ignored -> vertx.createNetServer(options).connectHandler(socket -> accept(socket, loop, decoder)).listen()
                    .onSuccess(bound::complete).onFailure(bound::completeExceptionally));
            servers.add(await(bound, place));
        }
        List<LoopWire> all = List.copyOf(loops);
        meters.inflightBytes(() -> all.stream().mapToLong(loop -> loop.budget().usedBytes()).sum());
        port = servers.get(0).actualPort();
    }

    private NetServer await(CompletableFuture<NetServer> bound, Place place) {
        try {
            return bound.join();
        } catch (CompletionException e) {
            close();
            throw new StartupException("cannot listen for " + place.whom() + " on " + place.host() + ":" + place.port() + " (" + place.key() + "): " + e.getCause().getMessage(), e);
        }
    }

    private void accept(NetSocket socket, LoopWire loop, RequestDecoder decoder) {
        if (loop.connectionCount() >= loop.limits().connections()) {
            LOG.atWarn().addKeyValue("limit", loop.limits().connections()).log("Refusing a connection: kafka.connections.max is reached");
            loop.meters().connectionRefused();
            socket.close();
            return;
        }
        var context = ((NetSocketInternal) socket).channelHandlerContext();
        long waitMs = connectionQuotas.waitMs(((InetSocketAddress) context.channel().remoteAddress()).getAddress());
        if (waitMs > 0) {
            LOG.atDebug().addKeyValue("client", context.channel().remoteAddress()).log("Turning a connection away: its address is over its connection_creation_rate");
            loop.turnAway(context.channel(), waitMs);
            return;
        }
        context.pipeline().addBefore("handler", "firn", new Connection(loop, decoder));
    }

    /** The port that is listened on. */
    public int port() {
        return port;
    }

    /** Takes no more connections and ends those there are. */
    @Override
    public void close() {
        servers.forEach(server -> server.close().toCompletionStage().toCompletableFuture().join());
        for (int i = 0; i < loops.size(); i++) {
            LoopWire loop = loops.get(i);
            CompletableFuture<Void> done = new CompletableFuture<>();
            contexts.get(i).nettyEventLoop().execute(() -> {
                loop.closeAll();
                done.complete(null);
            });
            done.join();
        }
        servers.clear();
        loops.clear();
    }
}
