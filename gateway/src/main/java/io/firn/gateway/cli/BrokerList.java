package io.firn.gateway.cli;

import io.vertx.core.json.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code firn broker list}. */
@Command(name = "list", mixinStandardHelpOptions = true, sortOptions = false, description = "Lists the brokers: whether they are alive, and what hangs on each.")
final class BrokerList implements Callable<Integer> {

    private static final String ROW = "%-7s %-28s %-12s %-10s %-9s %8s %9s %6s%n";

    @Mixin
    private ClusterDoor door;

    @Override
    public Integer call() throws InterruptedException {
        JsonObject answer = door.brokers();
        System.out.println("cluster " + answer.getString("cluster"));
        System.out.printf(ROW, "broker", "address", "rack", "state", "draining", "leads", "replicas", "alone");
        answer.getJsonArray("brokers").stream().map(JsonObject.class::cast).forEach(broker -> System.out.printf(ROW, broker.getInteger("broker"),
                broker.getString("host") + ":" + broker.getInteger("port"), broker.getString("rack").isEmpty() ? "-" : broker.getString("rack"), broker.getString("state"),
                broker.getBoolean("draining") ? "yes" : "no", broker.getInteger("leaderships"), broker.getInteger("replicas"), broker.getInteger("alone")));
        return Main.OK;
    }
}
