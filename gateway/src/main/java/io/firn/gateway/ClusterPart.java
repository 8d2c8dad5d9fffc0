package io.firn.gateway;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.api.Timer;
import io.firn.gateway.cluster.BrokerLifecycle;
import io.firn.gateway.cluster.ClusterTimes;
import io.firn.gateway.cluster.ControllerDuties;
import io.firn.gateway.cluster.DataDirectory;
import io.firn.gateway.cluster.HeartbeatReply;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.handler.Quorum;
import io.firn.gateway.http.Readiness;
import io.firn.gateway.partition.Replication;
import io.firn.gateway.partition.Standing;
import io.firn.gateway.peer.FetchLimits;
import io.firn.gateway.peer.Heartbeats;
import io.firn.gateway.peer.MetadataLinks;
import io.firn.gateway.peer.PeerAddress;
import io.firn.gateway.peer.PeerApis;
import io.firn.gateway.peer.PeerLinks;
import io.firn.gateway.peer.PeerTransport;
import io.firn.gateway.peer.Peers;
import io.firn.gateway.peer.PortProbe;
import io.firn.gateway.peer.ReplicaReads;
import io.firn.gateway.peer.Whereabouts;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.KafkaListener;
import io.firn.gateway.wire.PeerLimits;
import io.firn.hot.replication.Authority;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterPlan;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Consensus;
import io.firn.membership.CpPeer;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import io.firn.membership.Metadata;
import io.firn.membership.MetadataTimes;
import io.firn.retention.ReplicaLogs;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a broker among others has beside one that runs alone, put together: the data directory's id, the consensus, the listener for brokers, the metadata over it, heartbeats, and the controller's duties.
 *
 * <p><b>Start</b>: directory → consensus joined → listener for brokers → consensus usable (waits for a majority) → metadata opened → first view (waits for a controller). Then, when the rest of the broker is there,
 * {@link #register}: only when the own view shows this process' registration may partitions be taken from it, so that none is older; {@link #opened} asks for leaderships.
 *
 * <p>Threading: the main thread starts it; what it gives to others says its own.
 */
final class ClusterPart {

    private static final Logger LOG = LoggerFactory.getLogger(ClusterPart.class);

    /** How long a broker that stops waits for its leaderships to be given to others. */
    private static final long SHUT_DOWN_MS = 5_000;

    /** Limit of each step of becoming a voter, and the time between two attempts. */
    private static final long SEAT_MS = 15_000;
    private static final long SEAT_AGAIN_MS = 2_000;

    /** The clock of leases and heartbeats. */
    static final LongSupplier MONOTONIC_MS = () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime());

    private final BrokerConfig config;
    private final Uuid process = Uuid.randomUuid();
    private final DataDirectory directory;
    private final Consensus consensus;
    private final MetadataLinks metadataLinks;
    private final PeerLinks heartbeatLinks;
    private final PeerApis apis;
    private final PortProbe probe;
    private final EventLoops loops;
    private final Timer timer;
    private final ClusterTimes times;
    private final Broker.Parts parts;
    private volatile Optional<Metadata> metadata = Optional.empty();
    private volatile Optional<ControllerDuties> duties = Optional.empty();
    private volatile Optional<BrokerLifecycle> lifecycle = Optional.empty();
    private volatile Optional<PeerLinks> peers = Optional.empty();
    /** Of their own: a fetch that waits at its leader would hold up everything behind it. */
    private volatile Optional<PeerLinks> replicaLinks = Optional.empty();
    /** Of their own: what another broker has to read from its disk would hold up everything behind it. */
    private volatile Optional<PeerLinks> repairLinks = Optional.empty();
    private volatile boolean stopping;
    private volatile String stage = "the cluster";
    /** What a voter's vote waits for. */
    private volatile Optional<String> seat = Optional.empty();

    /** Takes the data directory and joins the brokers that are there. @param form the order to form the cluster, if it was not */
    ClusterPart(BrokerConfig config, boolean form, Vertx vertx, EventLoops loops, Timer timer, Broker.Parts parts) {
        this.config = config;
        this.loops = loops;
        this.timer = timer;
        this.parts = parts;
        this.times = ClusterTimes.of(config.cluster().sessionTimeoutMs(), MetadataTimes.DEFAULT);
        Path data = config.data().dir();
        directory = parts.closing(DataDirectory.open(data, List.of(ModuleConfigs.hotDirectory(config), ModuleConfigs.metadataDirectory(config), ModuleConfigs.cpDirectory(config))), DataDirectory::close);
        Endpoint peer = new Endpoint(Endpoint.PEER, config.peer().brokerHost(), config.peer().port());
        Set<Integer> formWith = form ? config.cluster().voterIds() : Set.of();
        consensus = parts.closing(Consensus.start(ModuleConfigs.consensus(config, new CpPeer.Presence(process, peer)), ModuleConfigs.cpDirectory(config), formWith, Consensus.halting()), Consensus::close);
        consensus.subscribe(new Said());
        Whereabouts whereabouts = new KnownBrokers();
        metadataLinks = parts.closing(new MetadataLinks(vertx, loops, config.node().id(), process, whereabouts), MetadataLinks::close);
        heartbeatLinks = parts.closing(new PeerLinks(vertx, loops, broker -> whereabouts.of(broker).map(Whereabouts.Place::address), "broker-" + config.node().id() + "-heartbeats", PeerLimits.DEFAULT),
                PeerLinks::close);
        probe = parts.closing(new PortProbe(vertx), PortProbe::close);
        apis = new PeerApis(metadataLinks.envelopes(), Heartbeats.handler(heartbeat -> duties.map(ear -> ear.heard(heartbeat)).orElseGet(ClusterPart::deaf),
                (broker, epoch) -> duties.ifPresent(ear -> ear.connectionEnded(broker, epoch))));
    }

    private static CompletableFuture<HeartbeatReply> deaf() {
        return CompletableFuture.completedFuture(HeartbeatReply.refused(HeartbeatReply.Outcome.NOT_CONTROLLER));
    }

    /** Blocks until there is a view of the cluster. */
    void start(Vertx vertx, MeterRegistry meters, InstantSource clock) {
        parts.closing(KafkaListener.startForBrokers(vertx, loops, config, MetadataLinks.REQUESTS_IN_FLIGHT, MetadataLinks.REQUEST_MAX_BYTES, apis.table(), meters, clock), KafkaListener::close);
        parts.await(consensus.ready());
        openMetadata(clock);
        directory.claim(metadata().view().clusterId());
        peers = Optional.of(links(vertx, ""));
        replicaLinks = Optional.of(links(vertx, "-replicas"));
        repairLinks = Optional.of(links(vertx, "-repairs"));
    }

    private PeerLinks links(Vertx vertx, String purpose) {
        return parts.closing(new PeerLinks(vertx, loops, this::registeredAddress, "broker-" + config.node().id() + purpose, PeerLimits.DEFAULT), PeerLinks::close);
    }

    private void openMetadata(InstantSource clock) {
        stage = "a controller";
        LOG.atInfo().addKeyValue("for", stage).log("Waiting");
        ClusterPlan plan = new ClusterPlan(config.node().id(), config.cluster().voterIds(), MetadataTimes.DEFAULT);
        Metadata opened = parts.closing(Metadata.openCluster(ModuleConfigs.metadataDirectory(config), plan, config.defaultReplicationFactor(), consensus.metadataStore(), metadataLinks, clock, new Random()),
                Metadata::close);
        metadata = Optional.of(opened);
        opened.failure().thenAccept(cause -> ProcessEnd.METADATA_FAILED.now(cause.toString()));
        ControllerDuties made = new ControllerDuties(opened, times, probe, loops.first(), timer, MONOTONIC_MS);
        parts.closing(made, ControllerDuties::close).start();
        duties = Optional.of(made);
        CompletableFuture<Void> formed = new CompletableFuture<>();
        opened.subscribe((before, after) -> completeIfFormed(after, formed));
        completeIfFormed(opened.view(), formed);
        parts.await(formed);
    }

    private static void completeIfFormed(ClusterView view, CompletableFuture<Void> formed) {
        if (!view.clusterId().isEmpty()) {
            formed.complete(null);
        }
    }

    Metadata metadata() {
        return metadata.orElseThrow();
    }

    /** What the partitions need to know of the cluster. */
    Replication replication() {
        BrokerConfig.Replica fetch = config.replica();
        return new Replication(config.node().id(), authority(), this::brokerEpoch, replicaLinks.orElseThrow(), new FetchLimits(fetch.fetchResponseMaxBytes(), fetch.fetchMaxBytes(), fetch.fetchWaitMaxMs()), MONOTONIC_MS,
                fetch.lagTimeMaxMs(), metadata()::view, metadata()::ask, Optional.of(Replication.SAVE_EVERY_MS), ProcessEnd.DISK_FAILED::now);
    }

    Quorum quorum() {
        return Quorum.of(List.copyOf(config.cluster().voterIds()));
    }

    /** Ways to the other brokers, but for fetching. */
    PeerTransport peers() {
        return peers.orElseThrow();
    }

    /** What other replicas have on their disks, where the bucket is broken. */
    ReplicaLogs replicaLogs() {
        return new ReplicaReads(new Peers(config.node().id(), metadata()::view, repairLinks.orElseThrow(), loops.first()), this::brokerEpoch);
    }

    /** Whether this broker may act as a leader, by {@link #MONOTONIC_MS}. */
    Authority authority() {
        return nowMs -> lifecycle.isPresent() && lifecycle.get().authority().holds(nowMs);
    }

    /** What this broker may say for the cluster. */
    Standing standing() {
        return new Standing() {
            @Override
            public boolean mayLead() {
                return authority().holds(MONOTONIC_MS.getAsLong());
            }

            @Override
            public boolean cutOff() {
                return lifecycle.isPresent() && lifecycle.get().cutOff();
            }
        };
    }

    /** Of its registration; -1 before that. */
    long brokerEpoch() {
        return lifecycle.map(BrokerLifecycle::brokerEpoch).orElse(-1L);
    }

    /** What other brokers ask of this one's partitions. */
    void serve(List<ServedApi> rows) {
        apis.serve(rows);
    }

    /** Registers, and blocks until the own view shows it. */
    void register() {
        stage = "the registration of this broker";
        BrokerConfig.Kafka client = config.kafka();
        Command.RegisterBroker registration = new Command.RegisterBroker(config.node().id(), new Incarnation(process, directory.id()),
                List.of(Endpoint.client(client.clientHost(), client.clientPort(client.port())), new Endpoint(Endpoint.PEER, config.peer().brokerHost(), config.peer().port())), config.node().rack());
        Heartbeats heartbeats = new Heartbeats(config.node().id(), heartbeatLinks, loops.first(), duties.orElseThrow()::heard);
        BrokerLifecycle made = parts.closing(new BrokerLifecycle(metadata(), registration, times, heartbeats, loops.first(), timer, MONOTONIC_MS), BrokerLifecycle::close);
        made.replaced().thenAccept(ProcessEnd.REPLACED::now);
        lifecycle = Optional.of(made);
        made.start();
        parts.await(made.registered());
        if (config.cluster().voterIds().contains(config.node().id())) {
            seat = Optional.of("its vote in the cluster's decisions");
            takeSeat(""); // the registration says that no other process of this id is alive
        }
        stage = "logs are being opened";
    }

    /** A voter that lost its directory, or is named as one in another's place, gets its vote; again until it has. */
    private void takeSeat(String waitedFor) {
        consensus.takeSeat(config.cluster().voterIds(), SEAT_MS).whenComplete((waiting, failed) -> {
            String lacking = failed != null ? String.valueOf(failed.getMessage()) : waiting.orElse("");
            seat = Optional.of(lacking).filter(reason -> !reason.isEmpty()).map(reason -> "its vote in the cluster's decisions: " + reason);
            if (seat.isPresent() && !stopping) {
                if (!lacking.equals(waitedFor)) {
                    LOG.atWarn().addKeyValue("for", lacking).log("This broker should vote and does not yet; waiting");
                }
                timer.after(SEAT_AGAIN_MS, () -> takeSeat(lacking));
            }
        });
    }

    /** The logs are open and the listeners bound: this broker may lead. */
    void opened() {
        stage = "the controller, to take this broker for alive";
        lifecycle.orElseThrow().logsOpen();
    }

    /** Gives the leaderships to others before anything is closed, for as long as that may take. Blocks. */
    void shutDown() {
        stopping = true;
        try {
            lifecycle.orElseThrow().shutDown(SHUT_DOWN_MS).join();
        } catch (CompletionException e) {
            LOG.atWarn().addKeyValue("reason", String.valueOf(e.getCause().getMessage())).log("Stopping without having given the leaderships to others; they find out by themselves");
        }
    }

    /** Ready when the cluster takes this broker for alive; a voter, when it has its vote too: who restarts one broker after the other may stop the next one then, and a majority is left. */
    Readiness readiness() {
        if (!consensus.waitingFor().isEmpty()) {
            return Readiness.notReady("waiting for " + consensus.waitingFor());
        }
        BrokerView own = metadata.map(Metadata::view).map(view -> view.brokers().get(config.node().id())).orElse(null);
        boolean alive = own != null && own.incarnation().process().equals(process) && !own.fenced();
        Optional<String> lacking = alive ? seat : Optional.of(stage);
        return lacking.map(what -> Readiness.notReady("waiting for " + what)).orElse(Readiness.READY);
    }

    private Optional<PeerAddress> registeredAddress(int broker) {
        return Optional.ofNullable(metadata().view().brokers().get(broker)).map(known -> new PeerAddress(known.peer().host(), known.peer().port()));
    }

    /** What operators want to know of the cluster connection. */
    private static final class Said implements Consensus.Listener {
        @Override
        public void joined(CpPeer peer) {
            LOG.atInfo().addKeyValue("broker", peer.brokerId()).addKeyValue("address", peer.address()).log("A broker has joined the cluster connection");
        }

        @Override
        public void left(CpPeer peer) {
            LOG.atWarn().addKeyValue("broker", peer.brokerId()).addKeyValue("address", peer.address()).log("A broker has left the cluster connection: it was closed, or silent for too long");
        }
    }

    /** A process shows itself on the cluster connection before it is registered, and what it shows is newer than a registration; but a broker may be registered and not be seen there. */
    private final class KnownBrokers implements Whereabouts {

        @Override
        public Optional<Place> of(int broker) {
            return shown(broker).reduce((older, newer) -> newer).map(presence -> place(presence.process(), presence.endpoint()))
                    .or(() -> registered(broker).map(known -> place(known.incarnation().process(), known.peer())));
        }

        @Override
        public boolean knows(int broker, Uuid sender) {
            return shown(broker).anyMatch(presence -> presence.process().equals(sender)) || registered(broker).filter(known -> known.incarnation().process().equals(sender)).isPresent();
        }

        private Stream<CpPeer.Presence> shown(int broker) {
            return consensus.peers().stream().filter(peer -> peer.brokerId() == broker).flatMap(peer -> peer.presence().stream());
        }

        private Optional<BrokerView> registered(int broker) {
            return metadata.map(known -> known.view().brokers().get(broker));
        }

        private static Place place(Uuid process, Endpoint endpoint) {
            return new Place(process, new PeerAddress(endpoint.host(), endpoint.port()));
        }
    }
}
