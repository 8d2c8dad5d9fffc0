package io.firn.gateway.cli;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code firn broker drain}: asks for moves until nothing is left on the broker. Stopped half way it may be begun again at any time; the broker stays marked, so that nothing new gets on it, and moves
 * that began go on.
 */
@Command(name = "drain", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Moves all replicas and leaderships away from a broker, and says when it is safe to stop. Begun again it goes on where it was.")
final class BrokerDrain implements Callable<Integer> {

    private static final long LOOK_AGAIN_MS = 500;

    @Parameters(paramLabel = "BROKER", description = "Id of the broker.")
    private int broker;

    @Option(names = "--at-once", paramLabel = "PARTITIONS", defaultValue = "20", description = "Partitions that are copied at the same time (default ${DEFAULT-VALUE}).")
    private int atOnce;

    @Mixin
    private ClusterDoor door;

    @Override
    public Integer call() throws InterruptedException {
        if (atOnce < 1) {
            throw new CliFailure(Main.USAGE, "--at-once must be at least 1");
        }
        JsonObject now = ask();
        int total = now.getInteger("replicas");
        try (Progress progress = Progress.of(System.err, Terminal.isErrorStream(), "drained", total, "replicas", System::nanoTime)) {
            while (now.getInteger("replicas") > 0) {
                requireProgress(now);
                progress.update(Math.max(0, total - now.getInteger("replicas")), now.getInteger("moving") + " moving, leads " + now.getInteger("leaderships"));
                pause();
                now = ask();
            }
        }
        System.out.println("broker " + broker + " holds no replicas and leads nothing: it is safe to stop");
        return Main.OK;
    }

    private JsonObject ask() throws InterruptedException {
        return door.act("cannot drain broker " + broker, broker, "drain?at.once=" + atOnce);
    }

    /** What cannot be moved while nothing else moves will not move by waiting. */
    private void requireProgress(JsonObject now) {
        JsonArray stuck = now.getJsonArray("stuck");
        if (now.getInteger("moving") == 0 && !stuck.isEmpty()) {
            String named = stuck.stream().map(JsonObject.class::cast).map(one -> one.getString("partition")).collect(Collectors.joining(", "));
            throw new CliFailure(Main.FAILED, "broker " + broker + " must not be stopped: " + now.getInteger("replicas") + " replicas cannot be moved (" + named + "): "
                    + stuck.getJsonObject(0).getString("reason") + "; firn broker undrain " + broker + " lets it get replicas again");
        }
    }

    private static void pause() throws InterruptedException {
        if (new CountDownLatch(1).await(LOOK_AGAIN_MS, TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("nobody counts down");
        }
    }
}
