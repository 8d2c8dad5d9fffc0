package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The contract, and what only a simulation can show: the part about crashes, room and failures. */
final class SimDiskTest extends DiskContractTest {

    private final SimDisk disk = new SimDisk(1);
    private final Path root = Path.of("/sim/root");

    @Override
    Disk disk() {
        return disk;
    }

    @Override
    Path root() {
        return root;
    }

    @Test
    void forcedBytesOfForcedNamesSurviveACrash() throws IOException {
        forceParents();
        DiskFile file = disk.create(root.resolve("a"));
        file.append(filled(5000, 1));
        file.force();
        disk.forceDirectory(root);
        file.append(filled(5000, 2));
        disk.crash();
        byte[] after = disk.bytes(root.resolve("a"));
        assertThat(after.length).isBetween(5000, 10_000);
        assertThat(Arrays.copyOf(after, 5000)).containsOnly(1);
        assertThatThrownBy(() -> file.append(filled(1, 1))).isInstanceOf(IOException.class);
    }

    @Test
    void anUnforcedNameMayBeLostAndAnUnforcedRenameUndone() throws IOException {
        boolean lost = false;
        boolean undone = false;
        for (int seed = 0; seed < 30; seed++) {
            SimDisk simulated = new SimDisk(seed);
            Path directory = Path.of("/d");
            simulated.createDirectories(directory);
            simulated.forceDirectory(Path.of("/"));
            simulated.create(directory.resolve("a")).close();
            simulated.forceDirectory(directory);
            simulated.create(directory.resolve("b")).close();
            simulated.rename(directory.resolve("a"), directory.resolve("c"));
            simulated.crash();
            assertThat(simulated.exists(directory.resolve("a"))).isNotEqualTo(simulated.exists(directory.resolve("c")));
            lost |= !simulated.exists(directory.resolve("b"));
            undone |= simulated.exists(directory.resolve("a"));
        }
        assertThat(lost && undone).isTrue();
    }

    @Test
    void anAppendBeyondTheRoomIsTornAndSaysFull() throws IOException {
        DiskFile file = disk.create(root.resolve("a"));
        disk.capacityBytes(10);
        assertThatThrownBy(() -> file.append(filled(25, 1))).isInstanceOf(DiskFullException.class);
        assertThat(file.sizeBytes()).isEqualTo(10);
        assertThat(disk.usableBytes(root)).isZero();
        assertThatThrownBy(() -> disk.create(root.resolve("b"))).isInstanceOf(DiskFullException.class);
    }

    @Test
    void failsTheOperationsItWasToldTo() throws IOException {
        DiskFile file = disk.create(root.resolve("a"));
        disk.fail(SimDisk.Op.FORCE, path -> path.endsWith("a"), 1, new IOException("medium error"));
        assertThatThrownBy(file::force).hasMessage("medium error");
        file.force();
        disk.flipBit(root.resolve("a"), appendOne(file), 3);
        assertThat(disk.bytes(root.resolve("a"))).containsExactly(8);
    }

    private static int appendOne(DiskFile file) throws IOException {
        file.append(filled(1, 0));
        return 0;
    }

    private void forceParents() throws IOException {
        disk.forceDirectory(Path.of("/"));
        disk.forceDirectory(Path.of("/sim"));
    }

    private static ByteBuffer filled(int size, int value) {
        byte[] data = new byte[size];
        Arrays.fill(data, (byte) value);
        return ByteBuffer.wrap(data);
    }
}
