package io.firn.it.simulation;

import io.firn.hot.SimDisk;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/** A broker through its lives: what outlives a process are its disks. */
final class Broker {

    final Cluster cluster;
    final int id;
    final SimDisk disk;
    private final Uuid directory;
    SimFolder folder;
    Optional<Life> life = Optional.empty();
    long diskDelayMs;

    Broker(Cluster cluster, int id) {
        this.cluster = cluster;
        this.id = id;
        this.disk = new SimDisk(cluster.random.nextLong());
        this.folder = new SimFolder(cluster.random);
        this.directory = cluster.uuid();
        install();
    }

    /** The data directory has been there for long: a power loss does not take it. */
    private void install() {
        try {
            disk.createDirectories(Life.DIRECTORY);
            for (Path at = Life.DIRECTORY; at != null; at = at.getParent()) {
                disk.forceDirectory(at);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean running() {
        return life.isPresent();
    }

    void start() {
        if (running()) {
            return;
        }
        try {
            Life started = new Life(this, directory);
            life = Optional.of(started);
            cluster.note("start " + id);
            started.begin();
        } catch (MetadataOpenFailed e) {
            if (e.reason() != MetadataOpenFailed.Reason.UNAVAILABLE) {
                throw new Violation("a broker starts again", "broker " + id + ": " + e.getMessage());
            }
            cluster.note("broker " + id + " does not start: " + e.getMessage());
            life = Optional.empty();
            disk.kill();
            folder = folder.afterCrash(Loss.ANY_PART);
            cluster.time.after(200, this::start);
        }
    }

    /** Ends this life at once. @param power or it is killed only @param noticed whether its connections end, as they do unless the machine is gone */
    void stop(boolean power, boolean noticed) {
        if (!running()) {
            return;
        }
        cluster.note((power ? "power loss " : "kill ") + id);
        Life dead = life.get();
        life = Optional.empty();
        dead.thread.die();
        if (power) {
            disk.crash();
        } else {
            disk.kill();
        }
        folder = folder.afterCrash(power ? Loss.ANY_PART : Loss.NOTHING);
        cluster.ended(dead, noticed);
    }

    void restartAfter(long ms, boolean power, boolean noticed) {
        stop(power, noticed);
        cluster.time.after(1 + cluster.random.nextLong(ms), this::start);
    }

    /** In the middle of one of the next writes. */
    void cutPowerSoon() {
        if (running() && cluster.random.nextBoolean()) {
            folder.crashAt(1 + cluster.random.nextInt(30));
        } else if (running()) {
            disk.dieAfter(cluster.random.nextInt(40));
        }
        cluster.time.after(cluster.random.nextLong(1_500), () -> restartAfter(500, true, true));
    }

    void fillDiskFor(long ms) {
        try {
            disk.capacityBytes(1L << 40);
            long used = (1L << 40) - disk.usableBytes(Life.DIRECTORY);
            disk.capacityBytes(used + cluster.random.nextLong(4_000));
            cluster.time.after(ms, () -> disk.capacityBytes(Long.MAX_VALUE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Power that went in the middle of a write of the metadata ends the process; and what a full disk has broken, an operator starts again. */
    void check() {
        if (cluster.healed() && running() && life.get().held().anyMatch(partition -> partition.log().offlineReason().isPresent())) {
            cluster.trace.count("started again by an operator");
            restartAfter(500, false, true);
        } else if (running() && folder.crashed()) {
            restartAfter(1_000, true, cluster.random.nextBoolean());
        }
    }
}
