package io.firn.cold.cache;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdThreads;
import io.firn.cold.segment.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chunks on local disk, behind the ones in memory: what is there is loaded into a chunk's buffer and costs no request to the store.
 *
 * <pre>
 *   asked for a second time, more lately than what is here ──arrived, verified──{@link #keep}──▶ waits (at most {@value #WRITES_WAITING}) ──▶ written to the end of a {@link DiskRegion} ──▶ found by {@link #load}
 *                                                   └─ written too much this second, too many wait, no memory to hold it, no region is free: dropped, counted       └─▶ region deleted
 *
 *   OPENING ──▶ ON ──an I/O error · the disk gets full──▶ OFF, its files deleted; one line in the log
 *       └───────────────────────────────────────────────────▲
 * </pre>
 *
 * <p><b>Invariants.</b> Its files never hold more than {@link DiskLimits#bytes}: an old one is deleted before a new one is made. Nothing is written twice: chunks are added to the end of the newest file, and leave with
 * their file: the one whose chunks were asked for least lately, of those that nobody uses. A chunk only takes the place of a file that was last asked for before the chunk was: so of a replay that is larger than the cache, and comes again and again, what has found room stays and is found, and the
 * rest is not written; and what nobody comes back to makes way for what somebody does. A chunk that is loaded is compared with its checksum; if it fails, it is forgotten, counted, and asked of the store. Whatever goes wrong here costs a request, never a
 * read; a disk that hangs costs the reads that wait for it {@link DiskLoads#ANSWER_MS} first.
 *
 * <p><b>On crash</b>: all of it is scratch. Nothing is forced, and files of an earlier process are deleted, not read.
 *
 * <p>Threading: confined to the reads thread; files are touched on {@code ColdThreads.disk}, by one write and {@link DiskLoads#AT_ONCE} loads at a time.
 */
public final class DiskCache {

    /** Chunks that wait to be written; each holds its memory. */
    static final int WRITES_WAITING = 8;

    /** Between two looks at how much room the disk has, as long as the cache takes any. */
    static final long LOOK_MS = 1_000;

    private static final Logger log = LoggerFactory.getLogger(DiskCache.class);

    private enum State {
        OPENING,
        ON,
        OFF
    }

    /** Where a chunk is, and when it was last asked for. */
    private static final class Place {
        private final DiskRegion region;
        private final long position;
        private long asked;

        Place(DiskRegion region, long position, long asked) {
            this.region = region;
            this.position = position;
            this.asked = asked;
        }

        void ask(long now) {
            region.ask(asked, now);
            asked = now;
        }
    }

    /** A chunk to be written, the memory of which is the cache's until {@code done}. */
    private record Write(ChunkAddress address, long askedBefore, ByteBuffer source, Runnable done) {}

    @FunctionalInterface
    private interface DiskTask<T> {
        T run() throws IOException;
    }

    private final RegionFiles files;
    private final DiskLimits limits;
    private final ColdThreads threads;
    private final ColdMeters meters;
    private final SeenChunks seen;
    private final WritePace pace;
    private final DiskLoads loads;
    private final Map<ChunkAddress.Key, Place> chunks = new HashMap<>();
    /** The eldest first. */
    private final List<DiskRegion> regions = new ArrayList<>();
    private final ArrayDeque<Write> waiting = new ArrayDeque<>();
    private Optional<DiskRegion> filling = Optional.empty();
    private Optional<Write> writing = Optional.empty();
    /** Whether the write under way takes too long, and its chunk was given up. */
    private boolean writeLate;
    private State state;
    private boolean looking;
    /** Written by the reads thread, read by metrics. */
    private volatile long usedBytes;

    private DiskCache(RegionFiles files, DiskLimits limits, InstantSource clock, ColdThreads threads, ColdMeters meters) {
        this.files = files;
        this.limits = limits;
        this.threads = threads;
        this.meters = meters;
        this.seen = new SeenChunks(limits.chunks());
        this.pace = new WritePace(limits.writeBytesPerSecond(), clock);
        this.loads = new DiskLoads(threads.reads(), clock, meters, this::read);
        this.state = limits.chunks() == 0 ? State.OFF : State.OPENING;
    }

    /** Opens the files in the background; until they are open it has nothing and takes nothing. Without room for a chunk it is off, and only deletes what an earlier process has left. */
    public static DiskCache open(RegionFiles files, DiskLimits limits, InstantSource clock, ColdThreads threads, ColdMeters meters) {
        DiskCache cache = new DiskCache(files, limits, clock, threads, meters);
        boolean wanted = cache.state == State.OPENING;
        cache.onDisk(() -> {
            files.empty();
            if (wanted) {
                files.open();
            }
            return wanted ? files.usableBytes() : 0;
        }, cache::opened);
        return cache;
    }

    /** One that has nothing and takes nothing. */
    public static DiskCache none(ColdThreads threads, ColdMeters meters) {
        return new DiskCache(new RegionDirectory(Path.of("")), new DiskLimits(0, 1, 0, 0), InstantSource.system(), threads, meters);
    }

    private void opened(Optional<Long> usableBytes) {
        if (usableBytes.isPresent() && state == State.OPENING && !yields(usableBytes.get())) {
            state = State.ON;
        }
    }

    public long usedBytes() {
        return usedBytes;
    }

    /** A chunk is asked for; when it was before, if it should be kept: it is not here, and there is room for it, or what was asked for less lately than it was. */
    OptionalLong wants(ChunkAddress address) {
        if (state != State.ON) {
            return OptionalLong.empty();
        }
        long before = seen.ask(address);
        Place place = chunks.get(address.key());
        if (place != null) {
            place.ask(seen.now());
            return OptionalLong.empty();
        }
        return before != SeenChunks.NEVER && hasRoom(DiskLimits.aligned(address.length()), before) ? OptionalLong.of(before) : OptionalLong.empty();
    }

    private boolean hasRoom(long bytes, long askedBefore) {
        return filling.filter(region -> region.fits(bytes)).isPresent() || regions.size() < limits.regions() || leastWanted(askedBefore).isPresent();
    }

    boolean holds(ChunkAddress address) {
        return chunks.containsKey(address.key());
    }

    /**
     * Loads a chunk if it is here, and the disk is not overburdened.
     *
     * @param address of a checksum that is known
     * @param target the caller does not touch it until {@code then}, and after {@code LATE} never; all of its capacity may be written to
     * @param wanted whether a read waits for it
     * @param then how that ended
     * @return no if it has to be asked of the store: {@code then} is not called
     */
    boolean load(ChunkAddress address, ByteBuffer target, boolean wanted, Consumer<DiskLoads.Outcome> then) {
        if (!holds(address)) {
            if (state == State.ON) {
                meters.diskMiss();
            }
            return false;
        }
        return loads.offer(address, target, wanted, outcome -> {
            if (outcome == DiskLoads.Outcome.SOUND) {
                meters.diskHit();
            }
            then.accept(outcome);
        });
    }

    /** A read waits for a chunk that is being loaded. */
    void promote(ChunkAddress address) {
        loads.promote(address);
    }

    private boolean read(ChunkAddress address, ByteBuffer target, Consumer<Boolean> then) {
        Place place = chunks.get(address.key());
        if (place == null) {
            return false;
        }
        place.region.use();
        onDisk(() -> isSound(address, place, target), sound -> {
            endUse(place.region);
            if (sound.isPresent() && !sound.get()) {
                forget(address, place);
            }
            then.accept(sound.orElse(false));
        });
        return true;
    }

    private static boolean isSound(ChunkAddress address, Place place, ByteBuffer target) throws IOException {
        int length = address.length();
        place.region.read(target.slice(0, padded(length, target)), place.position);
        return Checksums.crc32c(target.slice(0, length)) == address.crc32c();
    }

    /** Up to where a chunk's buffer is read and written: a whole number of disk blocks, if it is large enough. */
    private static int padded(int length, ByteBuffer buffer) {
        long padded = DiskLimits.aligned(length);
        return padded <= buffer.capacity() ? (int) padded : length;
    }

    private void forget(ChunkAddress address, Place place) {
        if (chunks.remove(address.key(), place)) {
            meters.diskCorrupt();
            log.atWarn().addKeyValue("object", address.object()).addKeyValue("chunk", address.index()).log("A chunk on the local disk fails its checksum; it is read from the object store");
        }
    }

    /**
     * Writes a verified chunk behind the caller's back.
     *
     * @param askedBefore what {@link #wants} said of it
     * @param source its buffer, bytes beyond its length included: nobody writes to it until {@code done}
     * @param done once: it is written, or given up; of a disk that hangs after {@link DiskLoads#ANSWER_MS}, and what it writes then counts for nothing
     * @return no if it is not written: {@code done} is not called
     */
    boolean keep(ChunkAddress address, long askedBefore, ByteBuffer source, Runnable done) {
        if (state != State.ON || holds(address) || writing.filter(write -> write.address().key().equals(address.key())).isPresent()) {
            return false;
        }
        if (writeLate || waiting.size() == WRITES_WAITING || DiskLimits.aligned(address.length()) > limits.regionBytes()) {
            meters.diskDropped();
            return false;
        }
        if (pace.isEmpty()) {
            meters.diskPaced();
            return false;
        }
        waiting.add(new Write(address, askedBefore, source, done));
        writeNext();
        return true;
    }

    /** A chunk that should be kept, but there is no memory to hold it meanwhile. */
    void drop() {
        meters.diskDropped();
    }

    private void writeNext() {
        while (writing.isEmpty() && !waiting.isEmpty()) {
            Write next = waiting.remove();
            if (!holds(next.address())) {
                begin(next);
            }
            if (writing.isEmpty()) {
                next.done().run();
            }
        }
    }

    /** Unless there is no room for it, or as much was written as may be; both may have changed while it waited, and only what begins is paid for. */
    private void begin(Write write) {
        long bytes = DiskLimits.aligned(write.address().length());
        if (!hasRoom(bytes, write.askedBefore())) {
            meters.diskDropped();
            return;
        }
        if (!pace.takes(bytes)) {
            meters.diskPaced();
            return;
        }
        Optional<DiskRegion> evicted = Optional.empty();
        if (filling.isEmpty() || !filling.get().fits(bytes)) {
            if (regions.size() == limits.regions()) {
                evicted = leastWanted(write.askedBefore());
                evicted.ifPresent(this::evict);
            }
            filling = Optional.of(new DiskRegion(limits.regionBytes()));
            regions.add(filling.get());
        }
        DiskRegion region = filling.get();
        writing = Optional.of(write);
        Place place = new Place(region, region.add(write.address().key(), bytes, seen.now()), seen.now());
        count(bytes);
        region.use();
        write(write, place, evicted);
    }

    /** Somebody waits for the memory of chunks to be written: those that have not begun are not. */
    void dropWaiting() {
        takeWaiting().forEach(write -> {
            meters.diskDropped();
            write.done().run();
        });
    }

    /** Out of the queue first: what ends a write may come back here. */
    private List<Write> takeWaiting() {
        List<Write> taken = List.copyOf(waiting);
        waiting.clear();
        return taken;
    }

    private void tooLate(Write write) {
        writeLate = true;
        log.atWarn().addKeyValue("waitedMs", DiskLoads.ANSWER_MS).log("The disk of the cold tier's cache does not answer to a write: until it does, nothing is written there");
        dropWaiting();
        meters.diskDropped();
        write.done().run();
    }

    private void write(Write write, Place place, Optional<DiskRegion> evicted) {
        Runnable inTime = threads.reads().executeAfter(DiskLoads.ANSWER_MS, () -> {
            if (writing.filter(current -> current == write).isPresent()) {
                tooLate(write);
            }
        });
        onDisk(() -> {
            if (evicted.isPresent()) {
                evicted.get().delete();
            }
            long usableBytes = files.usableBytes();
            if (usableBytes >= limits.leastUsableBytes()) {
                place.region.write(files, write.source().slice(0, padded(write.address().length(), write.source())), place.position);
            }
            return usableBytes;
        }, usableBytes -> {
            inTime.run();
            boolean late = writeLate;
            writeLate = false;
            writing = Optional.empty();
            endUse(place.region);
            if (usableBytes.isPresent() && state == State.ON && !yields(usableBytes.get())) {
                lookAgain();
                if (!late) {
                    chunks.put(write.address().key(), place);
                    meters.diskWritten();
                }
            }
            if (!late) {
                write.done().run();
            }
            writeNext();
        });
    }

    /** The file that was asked for least lately, of those that nobody uses, if that was before {@code asked}. */
    private Optional<DiskRegion> leastWanted(long asked) {
        return regions.stream().filter(region -> !region.inUse() && region.asked() < asked).min(Comparator.comparingLong(DiskRegion::asked));
    }

    private void evict(DiskRegion region) {
        region.retire();
        leave(region);
    }

    private void leave(DiskRegion region) {
        regions.remove(region);
        region.chunks().forEach(chunk -> chunks.computeIfPresent(chunk, (same, place) -> place.region == region ? null : place));
        count(-region.usedBytes());
    }

    private void endUse(DiskRegion region) {
        if (region.endUse()) {
            delete(region);
        }
    }

    private void count(long bytes) {
        usedBytes = usedBytes + bytes;
    }

    // Room on the disk

    private void lookAgain() {
        if (limits.leastUsableBytes() > 0 && !looking) {
            looking = true;
            threads.reads().executeAfter(LOOK_MS, () -> onDisk(files::usableBytes, usableBytes -> {
                looking = false;
                if (usableBytes.isPresent() && state == State.ON && !yields(usableBytes.get())) {
                    lookAgain();
                }
            }));
        }
    }

    /** A cache is the first thing to go when the disk gets full. */
    private boolean yields(long usableBytes) {
        if (usableBytes >= limits.leastUsableBytes()) {
            return false;
        }
        log.atWarn().addKeyValue("usableBytes", usableBytes).addKeyValue("leastUsableBytes", limits.leastUsableBytes()).addKeyValue("usedBytes", usedBytes)
                .log("The disk has little room: the cold tier's cache on it gives up all it has, and is off until the next start");
        off();
        return true;
    }

    private void failed(Throwable failure) {
        if (state != State.OFF) {
            log.atError().addKeyValue("error", failure.toString()).log("The cold tier's cache on disk is off until the next start: its disk fails. Reads go to the object store");
            off();
        }
    }

    private void off() {
        state = State.OFF;
        takeWaiting().forEach(write -> write.done().run());
        filling = Optional.empty();
        for (DiskRegion region : List.copyOf(regions)) {
            leave(region);
            if (region.retire()) {
                delete(region);
            }
        }
    }

    /** Frees the disk, and takes nothing any more. */
    public void close() {
        off();
    }

    private void delete(DiskRegion region) {
        onDisk(() -> {
            region.delete();
            return true;
        }, deleted -> {});
    }

    /** @param then the outcome, or nothing: the cache is off then; on the reads thread */
    private <T> void onDisk(DiskTask<T> task, Consumer<Optional<T>> then) {
        CompletableFuture<T> outcome = new CompletableFuture<>();
        outcome.whenComplete((value, failure) -> onReads(() -> {
            if (failure != null) {
                failed(failure);
            }
            then.accept(Optional.ofNullable(value));
        }));
        try {
            threads.disk().execute(() -> {
                try {
                    outcome.complete(task.run());
                } catch (Throwable e) {
                    outcome.completeExceptionally(e); // also an error of the machine: whoever waits has to be told
                }
            });
        } catch (RejectedExecutionException closing) {
            outcome.completeExceptionally(closing);
        }
    }

    /** A task of its own, not a stage of a future, which would keep what is thrown to itself. */
    private void onReads(Runnable task) {
        try {
            threads.reads().execute(task);
        } catch (RejectedExecutionException closed) {
            return; // reads in progress were failed when the store was closed; the next start deletes what files are left
        }
    }
}
