package io.firn.gateway.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code firn broker remove}. */
@Command(name = "remove", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Forgets a broker that was stopped and holds no replicas. Its place among cluster.voters is given to another by that setting.")
final class BrokerRemove implements Callable<Integer> {

    @Parameters(paramLabel = "BROKER", description = "Id of the broker.")
    private int broker;

    @Mixin
    private ClusterDoor door;

    @Override
    public Integer call() throws InterruptedException {
        door.act("cannot remove broker " + broker, broker, "remove");
        System.out.println("removed broker " + broker);
        return Main.OK;
    }
}
