package io.firn.it.bench;

import java.io.IOException;
import java.nio.file.Path;

/** Apache Kafka with its LocalTieredStorage, which is a directory of the same disk, and clients beside it. For one thread. */
final class KafkaRig extends ReplayBroker {

    private KafkaRig(BrokerProcess broker, Path work) throws IOException {
        super(Peer.KAFKA, broker, work, "-kafka");
    }

    /** On an empty directory or on what an earlier one left there. */
    static KafkaRig start(Layout layout, Path data) throws IOException, InterruptedException {
        return new KafkaRig(Peer.KAFKA.start(layout, data, new Peer.Mode(false, true)), layout.work());
    }

    @Override
    Usage usage() throws IOException {
        return new Usage(System.nanoTime(), brokerProc().cpuSeconds(), 0, 0, client().proc().cpuSeconds(), 0, 0, 0, 0, 0, 0, 0);
    }
}
