package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdThreads;
import io.firn.cold.Seeds;
import io.firn.cold.cache.DiskLoads.Outcome;
import io.firn.cold.segment.Checksums;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiskCacheTest {

    private static final int CHUNK = 8 << 10;

    /** When a chunk was asked for before which takes the place of any other. */
    private static final long LATELY = Long.MAX_VALUE;

    private final SimThreads sim = new SimThreads();
    private final SimRegions files = new SimRegions();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private int done;

    @Test
    void whatWasWrittenIsLoaded() {
        DiskCache cache = open(64 * CHUNK, 0);
        keep(cache, 1);
        sim.settle();
        assertThat(done).isEqualTo(1);
        assertThat(load(cache, 1)).isEqualTo(bytes(1));
        assertThat(count("hits")).isEqualTo(1);
        assertThat(count("writes")).isEqualTo(1);
    }

    @Test
    void whatIsNotThereIsNotLoaded() {
        DiskCache cache = open(64 * CHUNK, 0);
        assertThat(cache.load(address(1), ByteBuffer.allocate(CHUNK), true, sound -> done++)).isFalse();
        sim.settle();
        assertThat(done).isZero();
        assertThat(count("misses")).isEqualTo(1);
    }

    @Test
    void aChunkIsWantedWhenItIsAskedForAgain() {
        DiskCache cache = open(64 * CHUNK, 0);
        assertThat(cache.wants(address(1))).isEmpty();
        assertThat(cache.wants(address(2))).isEmpty();
        assertThat(cache.wants(address(1))).hasValue(1);
        keep(cache, 1);
        sim.settle();
        assertThat(cache.wants(address(1))).as("there already").isEmpty();
    }

    @Test
    void asManyChunksAsItHoldsAreAllRememberedBetweenTwoReplays() {
        SeenChunks seen = new SeenChunks(10_000);
        for (int i = 0; i < 10_000; i++) {
            assertThat(seen.ask(ChunkAddresses.of("object-" + i / 64, 1, i % 64, 1, 0))).isEqualTo(SeenChunks.NEVER);
        }
        int remembered = 0;
        for (int i = 0; i < 10_000; i++) {
            remembered += seen.ask(ChunkAddresses.of("object-" + i / 64, 1, i % 64, 1, 0)) == i + 1 ? 1 : 0;
        }
        assertThat(remembered).isGreaterThan(9_900);
    }

    @Test
    void itsFilesNeverHoldMoreThanItMayTakeAndTheLeastRecentlyAskedForLeaveFirst() {
        DiskCache cache = open(4 * CHUNK, 0);
        for (int i = 0; i < 4; i++) {
            keep(cache, i);
            sim.settle();
        }
        cache.wants(address(0));
        assertThat(load(cache, 0)).isEqualTo(bytes(0));
        keep(cache, 4);
        keep(cache, 5);
        sim.settle();
        assertThat(here(cache, 6)).containsExactlyInAnyOrder(0, 3, 4, 5);
        assertThat(files.mostBytes).isEqualTo(4 * CHUNK);
        assertThat(cache.usedBytes()).isEqualTo(4 * CHUNK);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void ofAReplayLargerThanItsFilesAPartStaysAndIsFoundAndTheRestIsNotWritten(int times) {
        DiskCache cache = open(64 * CHUNK, 0);
        replay(cache, 0, times * 64);
        assertThat(count("writes")).as("what may never be read again").isZero();
        replay(cache, 0, times * 64);
        for (int i = 0; i < 10; i++) {
            assertThat(replay(cache, 0, times * 64)).isGreaterThan(times * 64 * 9 / 10 / times);
        }
        assertThat(count("writes")).isLessThanOrEqualTo(64);
        assertThat(count("dropped")).isZero();
    }

    @Test
    void whatNobodyComesBackToMakesWayForWhatSomebodyDoesAtItsSecondReplay() {
        DiskCache cache = open(64 * CHUNK, 0);
        for (int i = 0; i < 5; i++) {
            replay(cache, 0, 64);
        }
        replay(cache, 100, 148);
        assertThat(count("writes")).isEqualTo(64);
        replay(cache, 100, 148);
        assertThat(replay(cache, 100, 148)).isEqualTo(48);
        assertThat(replay(cache, 0, 64)).as("others keep what there is room for").isEqualTo(16);
    }

    @Test
    void aFileOfWhichAPartIsAskedForEverSoOftenDoesNotKeepTheRestOfItForEver() {
        DiskCache cache = open(64 * CHUNK, 0);
        replay(cache, 0, 64);
        replay(cache, 0, 64);
        for (int i = 0; i < 20; i++) {
            for (int half = 0; half < 64; half += 2) {
                replay(cache, half, half + 1);
            }
            replay(cache, 100, 116);
        }
        assertThat(replay(cache, 100, 116)).isEqualTo(16);
    }

    @Test
    void aFileThatIsBeingReadStaysAndIfAllAreNothingIsWritten() {
        DiskCache cache = open(2 * CHUNK, 0);
        keep(cache, 0);
        keep(cache, 1);
        sim.settle();
        List<ByteBuffer> loading = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            ByteBuffer target = ByteBuffer.allocate(CHUNK);
            assertThat(cache.load(address(i), target, true, sound -> loading.add(target))).isTrue();
        }
        keep(cache, 2);
        assertThat(done).as("at once").isEqualTo(3);
        assertThat(count("dropped")).isEqualTo(1);
        sim.settle();
        assertThat(loading).extracting(ByteBuffer::array).containsExactly(bytes(0), bytes(1));
    }

    @Test
    void whoComesWhenTooManyWaitToBeWrittenIsDropped() {
        DiskCache cache = open(64 * CHUNK, 0);
        for (int i = 0; i < DiskCache.WRITES_WAITING + 1; i++) {
            assertThat(cache.keep(address(i), LATELY, ByteBuffer.wrap(bytes(i)), () -> done++)).isTrue();
        }
        assertThat(cache.keep(address(99), LATELY, ByteBuffer.wrap(bytes(99)), () -> done++)).isFalse();
        assertThat(count("dropped")).isEqualTo(1);
        sim.settle();
        assertThat(done).isEqualTo(DiskCache.WRITES_WAITING + 1);
        assertThat(count("writes")).isEqualTo(DiskCache.WRITES_WAITING + 1);
    }

    @Test
    void noMoreIsWrittenThanItMayInASecondAndTheRestIsDroppedNotKeptWaiting() {
        DiskCache cache = open(1_000 * CHUNK, 0, 10 * CHUNK);
        for (int i = 0; i < 900; i++) {
            cache.keep(address(i), LATELY, ByteBuffer.wrap(bytes(i)), () -> done++);
            sim.pass(10);
        }
        assertThat(count("writes")).isBetween(98.0, 101.0);
        assertThat(count("paced")).isEqualTo(900 - count("writes"));
        assertThat(count("dropped")).isZero();
    }

    @Test
    void aChunkLargerThanASecondsWorthIsWrittenAndPaidForAfterwards() {
        DiskCache cache = open(64 * CHUNK, 0, CHUNK / 4);
        keep(cache, 1);
        sim.pass(2_900);
        assertThat(cache.keep(address(2), LATELY, ByteBuffer.wrap(bytes(2)), () -> done++)).isFalse();
        sim.pass(200);
        keep(cache, 2);
        sim.settle();
        assertThat(count("writes")).isEqualTo(2);
    }

    @Test
    void whatWaitedAndWasDroppedIsNotPaidFor() {
        SimDiskThreads diskThreads = new SimDiskThreads(sim);
        DiskCache cache = DiskCache.open(files, new DiskLimits(1_000 * CHUNK, CHUNK, 0, 20 * CHUNK), sim, new ColdThreads(sim, sim, diskThreads, sim, () -> {}), new ColdMeters(meters));
        sim.settle();
        diskThreads.hang();
        for (int i = 0; i < 1 + DiskCache.WRITES_WAITING; i++) {
            keep(cache, i);
        }
        cache.dropWaiting();
        diskThreads.answer();
        sim.settle();
        for (int i = 100; i < 119; i++) {
            keep(cache, i);
            sim.settle();
        }
        assertThat(count("writes")).as("a second's worth").isEqualTo(20);
        assertThat(cache.keep(address(200), LATELY, ByteBuffer.wrap(bytes(200)), () -> {})).isFalse();
    }

    @Test
    void whatWaitsIsWrittenOnlyIfItMayWhenItsTurnComes() {
        DiskCache cache = open(1_000 * CHUNK, 0, 3 * CHUNK);
        for (int i = 0; i < 6; i++) {
            keep(cache, i);
        }
        sim.settle();
        assertThat(count("writes")).isEqualTo(3);
        assertThat(count("paced")).isEqualTo(3);
        assertThat(done).isEqualTo(6);
    }

    @Test
    void theSameChunkIsWrittenOnce() {
        DiskCache cache = open(64 * CHUNK, 0);
        keep(cache, 1);
        assertThat(cache.keep(address(1), LATELY, ByteBuffer.wrap(bytes(1)), () -> {})).as("on its way").isFalse();
        sim.settle();
        assertThat(cache.keep(address(1), LATELY, ByteBuffer.wrap(bytes(1)), () -> {})).as("there").isFalse();
    }

    @Test
    void aChunkThatRotsIsForgottenAndAskedOfTheStore() {
        DiskCache cache = open(64 * CHUNK, 0);
        keep(cache, 1);
        sim.settle();
        files.rot();
        assertThat(load(cache, 1)).isEmpty();
        assertThat(count("corrupt")).isEqualTo(1);
        assertThat(cache.load(address(1), ByteBuffer.allocate(CHUNK), true, sound -> {})).isFalse();
        keep(cache, 1);
        sim.settle();
        assertThat(load(cache, 1)).as("written anew").isEqualTo(bytes(1));
    }

    @Test
    void aDiskThatFailsAWriteTurnsItOffAndNobodyWaitsForEver() {
        DiskCache cache = open(64 * CHUNK, 0);
        keep(cache, 1);
        sim.settle();
        files.failing = true;
        keep(cache, 2);
        keep(cache, 3);
        sim.settle();
        assertThat(done).isEqualTo(3);
        assertOff(cache);
    }

    @Test
    void aDiskThatFailsAReadTurnsItOffAndTheChunkIsAskedOfTheStore() {
        DiskCache cache = open(64 * CHUNK, 0);
        keep(cache, 1);
        sim.settle();
        files.failing = true;
        assertThat(load(cache, 1)).isEmpty();
        assertOff(cache);
    }

    @Test
    void aDirectoryThatCannotBeMadeLeavesItOff() {
        files.failing = true;
        assertOff(open(64 * CHUNK, 0));
    }

    @Test
    void whatAnEarlierProcessHasLeftGoesEvenIfThereIsToBeNoCache() {
        assertOff(open(0, 0));
        assertThat(files.emptied).isTrue();
    }

    @Test
    void itDoesNotBeginOnADiskThatIsNearlyFull() {
        files.usableBytes = 99;
        assertOff(open(64 * CHUNK, 100));
    }

    @Test
    void itGivesUpAllItHasWhenTheDiskGetsFullThoughNobodyReadsOrWrites() {
        DiskCache cache = open(64 * CHUNK, 100);
        keep(cache, 1);
        sim.settle();
        sim.pass(DiskCache.LOOK_MS);
        assertThat(files.files()).isEqualTo(1);
        files.usableBytes = 99;
        sim.pass(DiskCache.LOOK_MS);
        assertOff(cache);
        files.usableBytes = 1 << 30;
        sim.pass(10 * DiskCache.LOOK_MS);
        assertOff(cache);
    }

    @Test
    void itWritesNothingToADiskThatGotFullAMomentAgo() {
        DiskCache cache = open(64 * CHUNK, 100);
        files.usableBytes = 99;
        keep(cache, 1);
        sim.settle();
        assertThat(files.mostBytes).isZero();
        assertThat(done).isEqualTo(1);
        assertOff(cache);
    }

    @Test
    void aFileThatIsBeingReadWhenItGoesOffIsDeletedAfterwards() {
        DiskCache cache = open(64 * CHUNK, 0);
        keep(cache, 1);
        sim.settle();
        ByteBuffer target = ByteBuffer.allocate(CHUNK);
        cache.load(address(1), target, true, sound -> done++);
        cache.close();
        assertThat(files.files()).isEqualTo(1);
        sim.settle();
        assertThat(target.array()).isEqualTo(bytes(1));
        assertOff(cache);
    }

    @Test
    void withThreadsThatHaveEndedNothingIsFoundAndNothingKept() {
        ColdThreads ended = new ColdThreads(sim, sim, task -> {
            throw new RejectedExecutionException("ended");
        }, sim, () -> {});
        DiskCache cache = DiskCache.open(files, new DiskLimits(64 * CHUNK, CHUNK, 0, 0), sim, ended, new ColdMeters(meters));
        sim.settle();
        assertOff(cache);
    }

    @Test
    void aBugInWhatComesAfterTheDiskIsNotSwallowed() {
        DiskCache cache = open(64 * CHUNK, 0);
        cache.keep(address(1), LATELY, ByteBuffer.wrap(bytes(1)), () -> {
            throw new IllegalStateException("unpinned too often");
        });
        assertThatThrownBy(sim::settle).hasMessage("unpinned too often");
    }

    @Test
    void whateverHappensALoadGivesTheChunksBytesOrNoneAndEveryWriteEnds() {
        Seeds.each(60, random -> {
            SimThreads threads = new SimThreads(random);
            SimRegions disk = new SimRegions();
            long bytes = (1 + random.nextInt(80)) * (long) CHUNK;
            SimDiskThreads diskThreads = new SimDiskThreads(threads);
            DiskCache cache = DiskCache.open(disk, new DiskLimits(bytes, CHUNK, random.nextInt(2) * 100, random.nextInt(2) * 100L * CHUNK), threads, new ColdThreads(threads, threads, diskThreads, threads, () -> {}), new ColdMeters(new SimpleMeterRegistry()));
            Set<Integer> open = new HashSet<>();
            List<Integer> wrong = new ArrayList<>();
            List<Integer> twice = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                int chunk = random.nextInt(100);
                switch (random.nextInt(200)) {
                    case 0 -> disk.failing = random.nextInt(4) == 0;
                    case 1 -> disk.usableBytes = random.nextInt(4) == 0 ? 50 : 1 << 30;
                    case 2 -> disk.rot();
                    case 3 -> diskThreads.hang();
                    case 4, 5 -> diskThreads.answer();
                    case 6 -> threads.pass(random.nextLong(2 * DiskLoads.ANSWER_MS));
                    default -> step(cache, chunk, i, open, wrong, twice, random);
                }
                for (int steps = random.nextInt(6); steps > 0 && threads.step(); steps--) {
                    assertThat(cache.usedBytes()).isLessThanOrEqualTo(bytes);
                }
            }
            threads.pass(5 * DiskCache.LOOK_MS);
            assertThat(open).as("though the disk may hang").isEmpty();
            diskThreads.answer();
            threads.pass(5 * DiskCache.LOOK_MS);
            assertThat(wrong).isEmpty();
            assertThat(twice).as("ended more than once").isEmpty();
            assertThat(disk.mostBytes).isLessThanOrEqualTo(bytes);
            cache.close();
            threads.settle();
            assertThat(disk.files()).isZero();
        });
    }

    private static void step(DiskCache cache, int chunk, int number, Set<Integer> open, List<Integer> wrong, List<Integer> twice, Random random) {
        open.add(number);
        Runnable end = () -> {
            if (!open.remove(number)) {
                twice.add(number);
            }
        };
        boolean taken;
        if (random.nextBoolean()) {
            taken = cache.keep(address(chunk), LATELY, ByteBuffer.wrap(bytes(chunk)), end);
        } else {
            ByteBuffer target = ByteBuffer.allocate(CHUNK);
            taken = cache.load(address(chunk), target, random.nextBoolean(), outcome -> {
                end.run();
                if (outcome == Outcome.SOUND && !target.equals(ByteBuffer.wrap(bytes(chunk)))) {
                    wrong.add(chunk);
                }
            });
        }
        if (!taken) {
            end.run();
        }
    }

    private void assertOff(DiskCache cache) {
        assertThat(files.files()).isZero();
        assertThat(cache.usedBytes()).isZero();
        assertThat(cache.load(address(1), ByteBuffer.allocate(CHUNK), true, sound -> {})).isFalse();
        assertThat(cache.keep(address(1), LATELY, ByteBuffer.wrap(bytes(1)), () -> {})).isFalse();
        assertThat(cache.wants(address(1))).isEmpty();
        assertThat(cache.wants(address(1))).isEmpty();
    }

    private DiskCache open(long bytes, long leastUsableBytes) {
        return open(bytes, leastUsableBytes, 0);
    }

    private DiskCache open(long bytes, long leastUsableBytes, long writeBytesPerSecond) {
        DiskCache cache = DiskCache.open(files, new DiskLimits(bytes, CHUNK, leastUsableBytes, writeBytesPerSecond), sim, sim.threads(), new ColdMeters(meters));
        sim.settle();
        return cache;
    }

    private void keep(DiskCache cache, int chunk) {
        assertThat(cache.keep(address(chunk), LATELY, ByteBuffer.wrap(bytes(chunk)), () -> done++)).isTrue();
    }

    /** Asks for chunks one after the other, as readers do; how many were found. */
    private int replay(DiskCache cache, int from, int to) {
        int found = 0;
        for (int i = from; i < to; i++) {
            OptionalLong askedBefore = cache.wants(address(i));
            if (load(cache, i).length > 0) {
                found++;
            } else if (askedBefore.isPresent()) {
                assertThat(cache.keep(address(i), askedBefore.getAsLong(), ByteBuffer.wrap(bytes(i)), () -> done++)).isTrue();
                sim.settle();
            }
        }
        return found;
    }

    /** Its bytes, or none if it is not there or not sound. */
    private byte[] load(DiskCache cache, int chunk) {
        List<byte[]> loaded = new ArrayList<>();
        ByteBuffer target = ByteBuffer.allocate(CHUNK);
        cache.load(address(chunk), target, true, outcome -> loaded.add(outcome == Outcome.SOUND ? target.array() : new byte[0]));
        sim.settle();
        return loaded.isEmpty() ? new byte[0] : loaded.get(0);
    }

    private List<Integer> here(DiskCache cache, int upTo) {
        List<Integer> here = new ArrayList<>();
        for (int i = 0; i < upTo; i++) {
            if (load(cache, i).length > 0) {
                here.add(i);
            }
        }
        return here;
    }

    private double count(String what) {
        return meters.get("firn.cold.disk." + what).counter().count();
    }

    private static byte[] bytes(int chunk) {
        byte[] bytes = new byte[CHUNK];
        new Random(chunk).nextBytes(bytes);
        return bytes;
    }

    private static ChunkAddress address(int chunk) {
        return ChunkAddresses.of("object-" + chunk / 3, CHUNK, chunk % 3, CHUNK, Checksums.crc32c(ByteBuffer.wrap(bytes(chunk))));
    }
}
