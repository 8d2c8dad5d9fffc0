package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdThreads;
import io.firn.cold.Seeds;
import io.firn.cold.segment.Checksums;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Readers, read-ahead and a disk that hangs, is slow, fails, rots and fills: what a reader holds are its bytes as long as it holds them, every read ends though the disk hangs, and in the end nothing is held. */
class ChunkCachePropertyTest {

    private static final int CHUNK = 8 << 10;
    private static final int CHUNKS = 32;
    private static final List<String> SEQUENCES = List.of("one", "two", "three");

    private static final byte[] OBJECT = object();

    private static byte[] object() {
        byte[] bytes = new byte[CHUNKS * CHUNK];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    @Test
    void whatAReaderHoldsAreItsBytesEveryReadEndsAndNothingIsHeldInTheEnd() {
        Seeds.each(200, random -> new Story(random).tell());
    }

    /** What a reader does: asks for memory, gets chunks, gives both back. */
    private static final class Read {
        private final List<ChunkAddress> addresses;
        private final PinBudget.Ticket ticket;
        private Optional<List<CompletableFuture<Chunk>>> chunks = Optional.empty();

        Read(List<ChunkAddress> addresses, PinBudget pins) {
            this.addresses = addresses;
            this.ticket = pins.request(addresses.size());
        }

        void check() {
            chunks.ifPresent(futures -> {
                for (int i = 0; i < futures.size(); i++) {
                    ChunkAddress address = addresses.get(i);
                    assertThat(!futures.get(i).isDone() || futures.get(i).join().bytes().equals(ByteBuffer.wrap(OBJECT, address.index() * CHUNK, CHUNK))).as("bytes of " + address.index()).isTrue();
                }
            });
        }
    }

    private static final class Story {
        private final Random random;
        private final SimThreads sim;
        private final SimDiskThreads diskThreads;
        private final SimRegions files = new SimRegions();
        private final DiskCache disk;
        private final BufferPool pool;
        private final ChunkCache cache;
        private final List<Read> reads = new ArrayList<>();

        Story(Random random) {
            this.random = random;
            sim = new SimThreads(random);
            diskThreads = new SimDiskThreads(sim);
            ColdThreads threads = new ColdThreads(sim, sim, diskThreads, sim, () -> {});
            ColdMeters meters = new ColdMeters(new SimpleMeterRegistry());
            SimObjectStore objects = new SimObjectStore(sim, sim);
            objects.putIfAbsent("object", ByteBuffer.wrap(OBJECT));
            disk = DiskCache.open(files, new DiskLimits((4 + random.nextInt(60)) * (long) CHUNK, CHUNK, 100, random.nextInt(3) == 0 ? 20 * CHUNK : 0), sim, threads, meters);
            sim.settle();
            pool = new BufferPool(CHUNK, 8 + random.nextInt(12), sim, ByteBuffer::allocate);
            cache = new ChunkCache(new RangedGets(objects, sim, meters), threads, meters, pool, new FetchQueue(1 + random.nextInt(8)), disk);
        }

        void tell() {
            for (int i = 0; i < 600; i++) {
                step();
                for (int tasks = random.nextInt(8); tasks > 0 && sim.step(); tasks--) {
                    continue;
                }
                reads.forEach(Read::check);
                assertThat(pool.usedUnits()).isLessThanOrEqualTo(pool.capacityUnits());
                assertThat(cache.pins().takenUnits()).isLessThanOrEqualTo(cache.pins().capacityUnits());
            }
            endAll();
            diskThreads.answer();
            sim.pass(5 * DiskLoads.ANSWER_MS);
            List<ChunkAddress> held = addresses(0, CHUNKS).stream().filter(cache::holds).toList();
            assertThat(pool.usedUnits()).isEqualTo(held.size());
            disk.close();
            sim.pass(5 * DiskLoads.ANSWER_MS);
            assertThat(files.files()).isZero();
        }

        private void step() {
            switch (random.nextInt(60)) {
                case 0 -> diskThreads.hang();
                case 1, 2 -> diskThreads.answer();
                case 3 -> diskThreads.slow(random.nextInt(2) * random.nextInt(100));
                case 4 -> sim.pass(random.nextInt(400));
                case 5 -> sim.pass(random.nextInt(2_500));
                case 6 -> files.rot();
                case 7 -> files.failing |= random.nextInt(60) == 0;
                case 8 -> files.usableBytes = random.nextInt(60) == 0 ? 50 : files.usableBytes;
                case 9 -> cache.abandon(sequence());
                default -> use();
            }
        }

        private void use() {
            int first = random.nextInt(CHUNKS - 4);
            switch (random.nextInt(4)) {
                case 0 -> {
                    List<ChunkAddress> run = addresses(first, first + 1 + random.nextInt(4)).stream().takeWhile(address -> !cache.holds(address)).toList();
                    if (!run.isEmpty()) {
                        cache.ahead(run, sequence(), (1 + random.nextInt(6)) * CHUNK);
                    }
                }
                case 1 -> {
                    if (reads.size() < 8) {
                        reads.add(new Read(addresses(first, first + 1 + random.nextInt(3)), cache.pins()));
                    }
                }
                default -> {
                    if (!reads.isEmpty()) {
                        goOn(reads.get(random.nextInt(reads.size())));
                    }
                }
            }
        }

        private void goOn(Read read) {
            if (read.chunks.isEmpty() && read.ticket.granted().isDone()) {
                pool.beginTask();
                read.chunks = Optional.of(cache.acquire(read.addresses, read));
            } else if (read.chunks.isPresent() && read.chunks.get().stream().allMatch(CompletableFuture::isDone)) {
                read.check();
                read.chunks.get().forEach(chunk -> cache.unpin(chunk.join()));
                cache.pins().giveBack(read.ticket);
                reads.remove(read);
            }
        }

        /** Whether the disk hangs or not. */
        private void endAll() {
            for (int i = 0; i < 50 && !reads.isEmpty(); i++) {
                sim.pass(DiskLoads.ANSWER_MS + DiskLoads.WAIT_MS);
                List.copyOf(reads).forEach(this::goOn);
            }
            assertThat(reads).isEmpty();
            SEQUENCES.forEach(cache::abandon);
            sim.pass(5 * DiskLoads.ANSWER_MS);
            assertThat(cache.pins().takenUnits()).isZero();
            assertThat(cache.pinned()).isZero();
            assertThat(cache.unreadUnits()).isZero();
        }

        private String sequence() {
            return SEQUENCES.get(random.nextInt(SEQUENCES.size()));
        }
    }

    private static List<ChunkAddress> addresses(int from, int to) {
        return IntStream.range(from, to).mapToObj(chunk -> ChunkAddresses.of("object", CHUNK, chunk, CHUNK, Checksums.crc32c(ByteBuffer.wrap(OBJECT, chunk * CHUNK, CHUNK)))).toList();
    }
}
