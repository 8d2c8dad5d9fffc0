package io.firn.it.bench;

import io.firn.it.bench.ReplaySheet.Run;
import java.io.IOException;

/** A broker that has a cold tier, and the two processes of stock clients it is measured with. For one thread. */
sealed interface ReplayBroker permits ReplayRig, KafkaRig {

    Peer peer();

    String bootstrap();

    Proc brokerProc();

    Attendant client();

    /** A second process of clients, to make a noise beside the first. */
    Attendant otherClient();

    /** What its processes have used so far, but for the second one of clients. */
    Usage usage() throws IOException;

    /** So many consumers read all offsets below that limit once, for at most so long, each no faster than that (0 is as fast as it goes). */
    default Run read(String topic, int partitions, int consumers, long limit, int seconds, long bytesPerSecond) throws IOException {
        Usage before = usage();
        String[] read = client().ask("read " + topic + " " + partitions + " " + consumers + " " + limit + " " + seconds + " " + bytesPerSecond);
        return new Run(Long.parseLong(read[0]), Long.parseLong(read[1]), usage().since(before));
    }
}
