package io.firn.it.bench;

/**
 * Processor time of the four processes of a {@link ReplayRig}, and counters: at a moment, or between two.
 *
 * @param nanos of the clock
 * @param gets GETs that came to the long way to the bucket
 * @param puts PUTs, each part of an object by itself
 * @param meteredPuts the same by the broker's own count, as all that follows
 * @param uploadEnds POSTs that begin or complete an upload in parts
 * @param fetched bytes that reads have asked of the bucket
 * @param delivered log bytes that it has given to readers out of the cold tier
 * @param offloaded log bytes that it has committed to it
 */
record Usage(long nanos, double brokerCpu, double storeCpu, double proxyCpu, double clientCpu, long gets, long puts, double meteredPuts, double uploadEnds, double fetched, double delivered, double offloaded) {

    Usage since(Usage before) {
        return new Usage(nanos - before.nanos, brokerCpu - before.brokerCpu, storeCpu - before.storeCpu, proxyCpu - before.proxyCpu, clientCpu - before.clientCpu, gets - before.gets, puts - before.puts,
                meteredPuts - before.meteredPuts, uploadEnds - before.uploadEnds, fetched - before.fetched, delivered - before.delivered, offloaded - before.offloaded);
    }

    /** How many processors were busy with it. */
    double cores() {
        return (brokerCpu + storeCpu + proxyCpu + clientCpu) * 1e9 / nanos;
    }
}
