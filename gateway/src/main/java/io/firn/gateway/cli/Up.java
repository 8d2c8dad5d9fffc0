package io.firn.gateway.cli;

import io.firn.gateway.Broker;
import io.firn.gateway.StartupException;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigException;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.share.ShareSettings;
import io.firn.gateway.logging.Logging;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Starts the broker of {@code firn up}, tells where it is, and stops it on a signal. */
final class Up {

    /** Property with the id of a process with which this one ends, however that one does. */
    static final String PARENT = "firn.parent";

    private Up() {}

    /** Runs until a signal; returns only by an exception, when the broker cannot start. */
    static int run(UpArguments arguments) throws InterruptedException {
        endWith(Optional.ofNullable(System.getProperty(PARENT)));
        CompletableFuture<Broker> prepared = new CompletableFuture<>();
        // There before the broker is: a signal during the start is to end in a clean stop too, and a start that waits for other brokers may take for ever.
        ShutdownHook hook = ShutdownHook.talking(() -> close(prepared));
        try {
            BrokerConfig config = config(arguments, System.getenv());
            Broker broker = Broker.prepare(config, arguments.form());
            prepared.complete(broker);
            start(broker, config);
        } catch (RuntimeException | Error failed) {
            prepared.completeExceptionally(failed);
            if (hook.remove()) {
                throw failed;
            }
            // A signal came during the start, and some libraries refuse to start in a process that is stopping; the hook says so and ends it.
            return Main.OK;
        }
        Thread.currentThread().join();
        return Main.OK;
    }

    private static void endWith(Optional<String> parent) {
        parent.ifPresent(pid -> ProcessHandle.of(Long.parseLong(pid)).map(ProcessHandle::onExit).orElseGet(() -> CompletableFuture.completedFuture(null))
                .thenRunAsync(() -> System.exit(Main.OK)));
    }

    /** Ends the start, if it is not over; one that failed has closed what it had opened. */
    private static void close(CompletableFuture<Broker> prepared) throws InterruptedException {
        try {
            prepared.get().close();
        } catch (ExecutionException neverUp) {
            System.err.println("firn: stopped before it was up (" + neverUp.getCause() + ")");
        }
    }

    static Broker start(UpArguments arguments, Map<String, String> environment) {
        BrokerConfig config = config(arguments, environment);
        Broker broker = Broker.prepare(config, arguments.form());
        start(broker, config);
        return broker;
    }

    private static BrokerConfig config(UpArguments arguments, Map<String, String> environment) {
        BrokerConfig config = ConfigLoader.load(arguments.config(), environment, arguments.settings());
        checkGroupSettings(config.group());
        Logging.apply(config.logging());
        requireFreePort("kafka.port", config.kafka().host(), config.kafka().port());
        requireFreePort("http.port", config.http().host(), config.http().port());
        if (config.cluster().present()) {
            requireFreePort("cluster.port", config.cluster().host(), config.cluster().port());
            requireFreePort("peer.port", config.peer().host(), config.peer().port());
        } else if (arguments.form()) {
            throw new ConfigException("--form makes a cluster of the brokers of cluster.voters, which is not set");
        }
        return config;
    }

    private static void start(Broker broker, BrokerConfig config) {
        broker.start();
        System.out.print(new Banner(config, broker.kafkaPort(), broker.httpPort(), broker.clusterId()).text());
        System.out.flush();
    }

    /** The broker would find out as well, but only after it has opened, or made, its data directory. Binds without listening: nobody can connect to the trial. */
    private static void requireFreePort(String key, String host, int port) {
        try (SocketChannel trial = SocketChannel.open().setOption(StandardSocketOptions.SO_REUSEADDR, true)) {
            InetSocketAddress address = new InetSocketAddress(host, port);
            if (address.isUnresolved()) {
                throw new StartupException("cannot listen on " + host + ":" + port + " (" + key + "): no such host");
            }
            trial.bind(address);
        } catch (IOException refused) {
            throw new StartupException("cannot listen on " + host + ":" + port + " (" + key + "): " + refused.getMessage(), refused);
        }
    }

    /** The broker looks at them when a group is first used; an operator wants to know now. */
    private static void checkGroupSettings(BrokerConfig.Group group) {
        if (group.settings().isEmpty()) {
            return;
        }
        Set<String> known = new TreeSet<>(GroupSettings.names());
        known.addAll(ShareSettings.names());
        group.settings().keySet().stream().filter(name -> !known.contains(name)).findFirst().ifPresent(name -> {
            throw new ConfigException("unknown setting group.settings." + name + ": Apache Kafka's group coordinator has none of that name");
        });
        try {
            GroupSettings.of(group);
            ShareSettings.of(group.settings());
        } catch (org.apache.kafka.common.config.ConfigException | IllegalArgumentException refused) {
            throw new ConfigException("group.settings: " + refused.getMessage());
        }
    }
}
