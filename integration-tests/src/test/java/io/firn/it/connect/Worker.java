package io.firn.it.connect;

import io.firn.it.harness.Await;
import io.firn.it.harness.FreePorts;
import io.firn.it.harness.HttpCalls;
import io.firn.it.harness.PeerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One worker of a distributed Connect cluster, as a process of its own, spoken to over its REST interface. For one thread at a time. */
final class Worker implements AutoCloseable {

    private static final Pattern TASK = Pattern.compile("\"tasks\":\\[\\{\"id\":0,\"state\":\"(\\w+)\",\"worker_id\":\"127.0.0.1:(\\d+)\"");

    private final int port;
    private final PeerProcess process;

    private Worker(int port, PeerProcess process) {
        this.port = port;
        this.process = process;
    }

    /** Starts a worker of the cluster {@code connect}; it is not waited for. */
    static Worker start(String bootstrap, Path directory, int number) {
        int port = FreePorts.next();
        Path settings = directory.resolve("worker-" + number + ".properties");
        try {
            Files.writeString(settings, """
                    bootstrap.servers=%s
                    group.id=connect
                    key.converter=org.apache.kafka.connect.storage.StringConverter
                    value.converter=org.apache.kafka.connect.storage.StringConverter
                    config.storage.topic=connect-configs
                    config.storage.replication.factor=1
                    offset.storage.topic=connect-offsets
                    offset.storage.replication.factor=1
                    offset.storage.partitions=1
                    status.storage.topic=connect-status
                    status.storage.replication.factor=1
                    status.storage.partitions=1
                    exactly.once.source.support=enabled
                    listeners=http://127.0.0.1:%d
                    rest.advertised.host.name=127.0.0.1
                    plugin.discovery=service_load
                    offset.flush.interval.ms=500
                    session.timeout.ms=6000
                    heartbeat.interval.ms=500
                    rebalance.timeout.ms=6000
                    scheduled.rebalance.max.delay.ms=500
                    task.shutdown.graceful.timeout.ms=1000
                    """.formatted(bootstrap, port));
            String logging = "-Dlog4j2.configurationFile=" + Files.writeString(directory.resolve("log4j2.properties"), """
                    status = error
                    appender.c.type = Console
                    appender.c.name = c
                    appender.c.layout.type = PatternLayout
                    appender.c.layout.pattern = [%d] %p %m (%c)%n
                    rootLogger.level = warn
                    rootLogger.appenderRef.c.ref = c
                    """);
            return new Worker(port, PeerProcess.of("kafka", "org.apache.kafka.connect.cli.ConnectDistributed", "connect-" + number, List.of(logging), List.of(settings.toString())).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return port;
    }

    boolean alive() {
        return process.alive();
    }

    private URI at(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    Worker awaitReady() {
        Await.until("the worker serves, log " + process.log(), () -> {
            if (!alive()) {
                throw new AssertionError("The worker ended; its log is " + process.log());
            }
            return HttpCalls.get(at("/connectors")).statusCode() == 200;
        });
        return this;
    }

    /** Creates a connector, as soon as the cluster is not rebalancing. */
    void create(String name, String json) {
        Await.until("connector " + name + " is taken, log " + process.log(), () -> {
            HttpResponse<String> answer = HttpCalls.put(at("/connectors/" + name + "/config"), json);
            if (answer.statusCode() == 400) {
                throw new AssertionError(answer.body());
            }
            return answer.statusCode() == 201 || answer.statusCode() == 200;
        });
    }

    /** The port of the worker that runs the connector's only task; waits until one does. */
    int awaitRunning(String connector, int notOn) {
        int[] found = new int[1];
        Await.until(connector + " runs, log " + process.log(), () -> {
            String status = HttpCalls.get(at("/connectors/" + connector + "/status")).body();
            Matcher task = TASK.matcher(status);
            if (task.find() && task.group(1).equals("FAILED")) {
                throw new AssertionError(status);
            }
            boolean runs = task.find(0) && task.group(1).equals("RUNNING") && Integer.parseInt(task.group(2)) != notOn;
            found[0] = runs ? Integer.parseInt(task.group(2)) : 0;
            return runs;
        });
        return found[0];
    }

    void kill9() {
        process.kill9();
    }

    @Override
    public void close() {
        process.close();
    }
}
