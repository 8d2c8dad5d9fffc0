package io.firn.cold.cache;

import io.firn.cold.ColdMeters;
import io.firn.cold.TimedExecutor;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads from the local disk: how many are under way, which is next, and how long one may take, so that a disk which is slower than the store, or hangs, costs a moment and a request, and not the read.
 *
 * <pre>
 *   {@link #offer} ──▶ WAITING ──its turn──▶ READING ──the disk answers──▶ ended: SOUND, NONE
 *     │           │                   └─{@value #ANSWER_MS} ms─▶ LATE, ended as that; its buffer is the disk's ──the disk answers──▶ the buffer is nobody's
 *     │           └─{@value #WAIT_MS} ms · no longer there─▶ ended: NONE
 *     └─ refused: a load is LATE, its turn would come too late, or {@value #WAITING} wait (half of them for what nobody waits for yet)
 * </pre>
 *
 * <p><b>Invariants.</b> At most {@value #AT_ONCE} are READING or LATE: so many buffers can be the disk's for longer than a moment. What a read waits for goes before all that is read ahead. Each load that was taken ends once. While one is LATE no further one is taken: a disk that hangs is waited for once, and used again when it has
 * answered. None is taken that would not begin within {@value #WAIT_MS} ms, by the time that loads take: refused at once, neighbours are asked of the store by one request; who waits in vain, as the disk has just become slower, costs one each.
 *
 * <p>Threading: confined to the reads thread.
 */
final class DiskLoads {

    /** A thread less than there are for the disk: a write does not wait for them, nor they for it, but for a file that is being deleted or a look at the room. */
    static final int AT_ONCE = 3;

    /** Loads that have not begun; each holds its chunk's buffer. */
    static final int WAITING = 1_024;

    /** What has not begun after that, or will not, is asked of the store, which takes as long at most. It is the bound that counts: a fast disk reads hundreds of chunks in that time, a slow one a few. */
    static final long WAIT_MS = 250;

    /** What has not been read after that. A disk takes some milliseconds for a chunk, and a second when it is flushed. */
    static final long ANSWER_MS = 1_000;

    /** Loads of which the mean time is taken, more or less: the last ones count most. */
    private static final int MEAN_OF = 8;

    private static final Logger log = LoggerFactory.getLogger(DiskLoads.class);

    /** How a load has ended. */
    enum Outcome {
        /** The chunk is in the buffer. */
        SOUND,
        /** It is not, and has to be asked of the store. */
        NONE,
        /** As NONE, but the disk may go on to write to the buffer, which must not be used for anything else. */
        LATE
    }

    /** The disk, which answers on the reads thread and never within the call. */
    interface Disk {
        /** Reads a chunk if it is still there; no if it is not. {@code then}: whether it is sound. */
        boolean read(ChunkAddress address, ByteBuffer target, Consumer<Boolean> then);
    }

    private static final class Load {
        private final ChunkAddress address;
        private final ByteBuffer target;
        private final Consumer<Outcome> then;
        private Runnable cancelTimer = () -> {};
        private long begunMs;
        private boolean begun;
        private boolean ended;

        Load(ChunkAddress address, ByteBuffer target, Consumer<Outcome> then) {
            this.address = address;
            this.target = target;
            this.then = then;
        }

        void end(Outcome outcome) {
            ended = true;
            cancelTimer.run();
            then.accept(outcome);
        }
    }

    private final TimedExecutor reads;
    private final InstantSource clock;
    private final ColdMeters meters;
    private final Disk disk;
    private final ArrayDeque<Load> demanded = new ArrayDeque<>();
    private final ArrayDeque<Load> ahead = new ArrayDeque<>();
    /** Those that are LATE, too. */
    private int reading;
    private int late;
    /** That a load has taken lately, with as many at a time as there were; 0 until one has ended. */
    private double meanMs;

    DiskLoads(TimedExecutor reads, InstantSource clock, ColdMeters meters, Disk disk) {
        this.reads = reads;
        this.clock = clock;
        this.meters = meters;
        this.disk = disk;
    }

    /**
     * A chunk that is there.
     *
     * @param wanted whether a read waits for it
     * @param then how it ended, not within this call
     * @return no if it is not taken, and has to be asked of the store
     */
    boolean offer(ChunkAddress address, ByteBuffer target, boolean wanted, Consumer<Outcome> then) {
        if (late > 0 || demanded.size() + ahead.size() >= (wanted ? WAITING : WAITING / 2) || !beginsInTime(wanted)) {
            meters.diskLate();
            return false;
        }
        Load load = new Load(address, target, then);
        (wanted ? demanded : ahead).add(load);
        pump();
        if (!load.begun) {
            load.cancelTimer = reads.executeAfter(WAIT_MS, () -> giveUp(load));
        }
        return true;
    }

    /** Only judged while others are under way: the next one that is not tells whether a slow disk has become faster. */
    private boolean beginsInTime(boolean wanted) {
        int before = demanded.size() + (wanted ? 0 : ahead.size());
        return reading < AT_ONCE || (before / AT_ONCE + 1) * meanMs <= WAIT_MS;
    }

    /** A read waits for it now. */
    void promote(ChunkAddress address) {
        for (Iterator<Load> waiting = ahead.iterator(); waiting.hasNext(); ) {
            Load load = waiting.next();
            if (load.address.key().equals(address.key())) {
                waiting.remove();
                demanded.add(load);
                return;
            }
        }
    }

    private void giveUp(Load load) {
        if (demanded.remove(load) || ahead.remove(load)) {
            meters.diskLate();
            load.end(Outcome.NONE);
        }
    }

    private void pump() {
        while (reading < AT_ONCE) {
            Optional<Load> next = Optional.ofNullable(demanded.poll()).or(() -> Optional.ofNullable(ahead.poll()));
            if (next.isEmpty()) {
                return;
            }
            begin(next.get());
        }
    }

    private void begin(Load load) {
        load.cancelTimer.run();
        load.begun = true;
        load.begunMs = clock.millis();
        if (!disk.read(load.address, load.target, sound -> answered(load, sound))) {
            load.end(Outcome.NONE); // its file was deleted while it waited
            return;
        }
        reading++;
        load.cancelTimer = reads.executeAfter(ANSWER_MS, () -> tooLate(load));
    }

    private void tooLate(Load load) {
        if (load.ended) {
            return;
        }
        if (late++ == 0) {
            log.atWarn().addKeyValue("waitedMs", ANSWER_MS).log("The disk of the cold tier's cache does not answer: until it does, chunks are asked of the object store");
        }
        meters.diskLate();
        load.end(Outcome.LATE);
    }

    private void answered(Load load, boolean sound) {
        reading--;
        long tookMs = Math.min(ANSWER_MS, Math.max(0, clock.millis() - load.begunMs)); // clocks may be set back; and a disk that hung is not slow for long afterwards
        meanMs += (tookMs - meanMs) / MEAN_OF;
        if (!load.ended) {
            load.end(sound ? Outcome.SOUND : Outcome.NONE);
        } else if (--late == 0) {
            log.atInfo().log("The disk of the cold tier's cache answers again");
        }
        pump();
    }
}
