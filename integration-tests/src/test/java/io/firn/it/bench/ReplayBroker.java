package io.firn.it.bench;

import io.firn.it.bench.ReplaySheet.Run;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A broker that has a cold tier, and the two processes of stock clients it is measured with. For one thread. */
abstract sealed class ReplayBroker implements AutoCloseable permits ReplayRig, KafkaRig {

    private static final List<String> CLIENT_JVM = List.of("-Xmx1500m", "-XX:+UseParallelGC");

    private final Peer peer;
    private final BrokerProcess broker;
    private final Attendant client;
    private final Attendant otherClient;

    /** Starts the clients of a broker that is there, with {@code name} in those of their log files. */
    ReplayBroker(Peer peer, BrokerProcess broker, Path work, String name) throws IOException {
        this.peer = peer;
        this.broker = broker;
        this.client = client(work, broker.bootstrap(), name);
        this.otherClient = client(work, broker.bootstrap(), name + "-other");
    }

    private static Attendant client(Path work, String bootstrap, String name) throws IOException {
        Attendant client = Attendant.start(ClientMain.class, work.resolve("replay-client" + name + ".log"), CLIENT_JVM, bootstrap);
        client.answer();
        return client;
    }

    final Peer peer() {
        return peer;
    }

    final String bootstrap() {
        return broker.bootstrap();
    }

    final Proc brokerProc() {
        return broker.proc();
    }

    final Attendant client() {
        return client;
    }

    /** A second process of clients, to make a noise beside the first. */
    final Attendant otherClient() {
        return otherClient;
    }

    /** What its processes have used so far, but for the second one of clients. */
    abstract Usage usage() throws IOException;

    /** So many consumers read all offsets below that limit once, for at most so long, each no faster than that (0 is as fast as it goes). */
    final Run read(String topic, int partitions, int consumers, long limit, int seconds, long bytesPerSecond) throws IOException {
        Usage before = usage();
        String[] read = client.ask("read " + topic + " " + partitions + " " + consumers + " " + limit + " " + seconds + " " + bytesPerSecond);
        return new Run(Long.parseLong(read[0]), Long.parseLong(read[1]), usage().since(before));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        otherClient.close();
        client.close();
        broker.close();
    }
}
