package io.firn.it.bench;

import java.io.IOException;
import java.nio.file.Path;

/** Apache Kafka with its LocalTieredStorage, which is a directory of the same disk, and clients beside it. For one thread. */
final class KafkaRig implements ReplayBroker, AutoCloseable {

    private final BrokerProcess broker;
    private final Attendant client;
    private final Attendant otherClient;

    private KafkaRig(BrokerProcess broker, Attendant client, Attendant otherClient) {
        this.broker = broker;
        this.client = client;
        this.otherClient = otherClient;
    }

    /** On an empty directory or on what an earlier one left there. */
    static KafkaRig start(Layout layout, Path data) throws IOException, InterruptedException {
        BrokerProcess broker = Peer.KAFKA.start(layout, data, new Peer.Mode(false, true));
        return new KafkaRig(broker, ReplayRig.client(layout.work(), broker.bootstrap(), "-kafka"), ReplayRig.client(layout.work(), broker.bootstrap(), "-kafka-other"));
    }

    @Override
    public Peer peer() {
        return Peer.KAFKA;
    }

    @Override
    public String bootstrap() {
        return broker.bootstrap();
    }

    @Override
    public Proc brokerProc() {
        return broker.proc();
    }

    @Override
    public Attendant client() {
        return client;
    }

    @Override
    public Attendant otherClient() {
        return otherClient;
    }

    @Override
    public Usage usage() throws IOException {
        return new Usage(System.nanoTime(), broker.cpuSeconds(), 0, 0, client.proc().cpuSeconds(), 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public void close() throws IOException, InterruptedException {
        otherClient.close();
        client.close();
        broker.close();
    }
}
