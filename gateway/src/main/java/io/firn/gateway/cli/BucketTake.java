package io.firn.gateway.cli;

import io.firn.cold.BucketTakeover;
import io.firn.cold.ObjectStore;
import io.firn.gateway.ColdBucket;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code firn bucket takeover}: the bucket of a cluster that is gone for good becomes another's. */
@Command(name = "takeover", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Gives the bucket of a cluster that is gone for good to another cluster, which can then bring topics back with firn topic recover.",
            "Every broker of the old cluster must be stopped, and stay so: one that runs would go on writing. Nothing but the bucket's claim is changed."})
final class BucketTake implements Callable<Integer> {

    @Option(names = "--from", paramLabel = "CLUSTER-ID", required = true, description = "The cluster it belongs to; a broker that is refused says so, and firn manifest show.")
    private String from;

    @Option(names = "--to", paramLabel = "CLUSTER-ID", required = true, description = "The cluster it is to belong to; its brokers say so when they are refused.")
    private String to;

    @Mixin
    private BucketOptions bucket;

    @Override
    public Integer call() {
        if (!to.matches("[A-Za-z0-9_-]{1,64}")) {
            throw new CliFailure(Main.USAGE, "--to takes the id of a cluster, not '" + to + "'");
        }
        ColdBucket configured = bucket.bucket();
        try (ObjectStore objects = configured.open(new SimpleMeterRegistry())) {
            BucketTakeover.run(objects, configured.prefix(), from, to);
        }
        System.out.println("the bucket belongs to cluster " + to);
        return Main.OK;
    }
}
