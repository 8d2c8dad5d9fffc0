package io.firn.gateway.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code firn broker undrain}. */
@Command(name = "undrain", mixinStandardHelpOptions = true, sortOptions = false, description = "Lets a broker get replicas again. What has moved away does not come back by itself.")
final class BrokerUndrain implements Callable<Integer> {

    @Parameters(paramLabel = "BROKER", description = "Id of the broker.")
    private int broker;

    @Mixin
    private ClusterDoor door;

    @Override
    public Integer call() throws InterruptedException {
        int moving = door.act("cannot undrain broker " + broker, broker, "undrain").getInteger("moving");
        System.out.println("broker " + broker + " may get replicas again" + (moving > 0 ? "; " + moving + " moves that began go on" : ""));
        return Main.OK;
    }
}
