package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads through a memory that is much smaller than the log, and a disk that is larger. */
class ColdDiskReadTest {

    private static final int CHUNKS = 24;

    @TempDir
    Path temp;

    @Test
    void whatIsReadAThirdTimeCostsNoRequest() {
        Replays replays = new Replays(config(2L * CHUNKS * CHUNK, 0));
        int chunks = replays.getsOfOne() - 1; // and the indexes
        assertThat(replays.cold.count("firn.cold.disk.writes")).as("what may never be read again is not written").isZero();
        assertThat(replays.getsOfOne()).isEqualTo(chunks);
        assertThat(replays.cold.count("firn.cold.disk.writes")).isGreaterThanOrEqualTo(CHUNKS - 1);
        assertThat(replays.getsOfOne()).isZero();
    }

    @Test
    void soItIsWithReadAhead() {
        Replays replays = new Replays(config(2L * CHUNKS * CHUNK, 2 * CHUNK));
        replays.getsOfOne();
        replays.getsOfOne();
        assertThat(replays.getsOfOne()).isZero();
    }

    @Test
    void whatIsOnTheDiskIsReadWhileTheStoreIsAway() {
        Replays replays = new Replays(config(2L * CHUNKS * CHUNK, 2 * CHUNK));
        replays.getsOfOne();
        replays.getsOfOne();
        replays.cold.objects.inject(SimFault.outage());
        assertThat(replays.getsOfOne()).isZero();
    }

    @Test
    void aDiskThatHoldsHalfOfItSavesRequestsAndTakesNoMore() throws IOException {
        Replays replays = new Replays(config(CHUNKS / 2 * (long) CHUNK, 0));
        replays.getsOfOne();
        int second = replays.getsOfOne();
        for (int i = 0; i < 3; i++) {
            assertThat(replays.getsOfOne()).isLessThan(second * 2 / 3);
            assertThat(bytesOnDisk()).isLessThanOrEqualTo(CHUNKS / 2 * (long) CHUNK);
        }
        assertThat(replays.cold.count("firn.cold.disk.writes")).isLessThanOrEqualTo(CHUNKS / 2);
    }

    @Test
    void aDirectoryThatCannotBeMadeCostsRequestsNotReads() throws IOException {
        Files.createFile(temp.resolve("cache"));
        Replays replays = new Replays(config(2L * CHUNKS * CHUNK, 2 * CHUNK));
        replays.getsOfOne();
        int second = replays.getsOfOne();
        assertThat(second).isPositive();
        assertThat(replays.getsOfOne()).isEqualTo(second);
    }

    @Test
    void nothingOfAnEarlierProcessIsLeftWithOrWithoutACache() throws IOException {
        Files.createDirectory(temp.resolve("cache"));
        Files.writeString(temp.resolve("cache").resolve("7.chunks"), "old");
        ColdFixture none = new ColdFixture(config(0, 0));
        none.sim.settle();
        assertThat(bytesOnDisk()).isZero();
    }

    private ColdStoreConfig config(long diskBytes, long readAheadBytes) {
        return ColdFixture.config(9 * CHUNK, readAheadBytes, temp.resolve("cache"), diskBytes);
    }

    private long bytesOnDisk() throws IOException {
        try (var files = Files.list(temp.resolve("cache"))) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    private static final class Replays {
        private final ColdFixture cold;
        private final ColdLog log;
        private final SegmentFixture segment = new SegmentFixture(0, 1);

        Replays(ColdStoreConfig config) {
            cold = new ColdFixture(config);
            log = cold.log(1);
            Random random = new Random(1);
            for (int bytes = 0; bytes < CHUNKS * CHUNK; bytes += 10_000) {
                segment.batch(random, Compression.NONE, 1, 10_000);
            }
            cold.await(log.append(segment));
        }

        /** Replays the log from end to end; how many requests that took. */
        int getsOfOne() {
            int before = cold.objects.requests(Operation.GET);
            for (long offset = 0; offset < log.endOffset(); ) {
                ColdRead read = cold.await(log.read(offset, CHUNK, Long.MAX_VALUE, true));
                assertThat(ColdFixture.bytes(read)).isEqualTo(segment.bytes(offset, read.upperBoundOffset()));
                read.release();
                cold.sim.settle();
                offset = read.upperBoundOffset();
            }
            return cold.objects.requests(Operation.GET) - before;
        }
    }
}
