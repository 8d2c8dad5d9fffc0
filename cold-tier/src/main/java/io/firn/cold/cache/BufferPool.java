package io.firn.cold.cache;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Direct buffers of one size, made when first needed, used again for ever: the memory of the chunk cache and its bound.
 *
 * <p>A chunk larger than that size (a segment written under a larger setting) gets a buffer of its own that counts as several and is left to the
 * garbage collector afterwards; as many idle ones as would be too much beside it are left to it, too. If the JVM refuses direct memory, the pool stays as large as it got, and says so once; it asks again every {@value #ASK_AGAIN_MS} ms, since a refusal
 * takes the JVM half a second and a full collection, on the thread that wants the buffer.
 *
 * <p><b>Making takes time</b>: the JVM clears the memory, and the system gives it page by page, 1 to 3 ms a MiB in all (measured on 2 busy cores). Tasks of the reads may run on an event loop; so no more than {@value #MAKE_BYTES} bytes, or one buffer if that is
 * larger, are made between two calls of {@link #beginTask}, and who needs more goes on in a task that begins with that.
 *
 * <p>Threading: confined to the reads thread.
 */
public final class BufferPool {

    static final long ASK_AGAIN_MS = 60_000;

    /** What an ordinary read takes, so that it needs no further task. */
    static final int MAKE_BYTES = 2 << 20;

    private static final Logger log = LoggerFactory.getLogger(BufferPool.class);

    private final int unitBytes;
    private final int capacityUnits;
    private final InstantSource clock;
    private final IntFunction<ByteBuffer> memory;
    private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();
    /** Written by the reads thread, read by metrics. */
    private volatile int usedUnits;
    private OptionalLong refusedMs = OptionalLong.empty();
    private long madeBytes;
    /** Buffers that were made to be used again. */
    private int pooled;

    public BufferPool(int unitBytes, int capacityUnits, InstantSource clock) {
        this(unitBytes, capacityUnits, clock, BufferPool::aligned);
    }

    /** @param memory makes buffers; may throw OutOfMemoryError */
    BufferPool(int unitBytes, int capacityUnits, InstantSource clock, IntFunction<ByteBuffer> memory) {
        this.unitBytes = unitBytes;
        this.capacityUnits = capacityUnits;
        this.clock = clock;
        this.memory = memory;
    }

    /** Direct memory that a disk can be read to and written from past the page cache. */
    private static ByteBuffer aligned(int bytes) {
        return ByteBuffer.allocateDirect((int) directBytes(bytes)).alignedSlice(RegionFiles.ALIGNMENT).slice(0, bytes);
    }

    /** Direct memory that the JVM has to allow for a buffer of {@code bytes}. */
    public static long directBytes(int bytes) {
        return DiskLimits.aligned(bytes) + RegionFiles.ALIGNMENT;
    }

    /** How many units a chunk of {@code bytes} takes. */
    public int units(int bytes) {
        return Math.max(1, (bytes + unitBytes - 1) / unitBytes);
    }

    public int unitBytes() {
        return unitBytes;
    }

    public int capacityUnits() {
        return capacityUnits;
    }

    /** Memory there is, in use or to be used again. */
    public int madeUnits() {
        return usedUnits + idle.size();
    }

    public int usedUnits() {
        return usedUnits;
    }

    /** A task that may make buffers begins. */
    public void beginTask() {
        madeBytes = 0;
    }

    /** Whether a chunk of {@code bytes} can be had, or refused, without making more memory than one task may. */
    boolean affords(int bytes) {
        boolean makesNone = units(bytes) == 1 && (!idle.isEmpty() || pooled == capacityUnits);
        return makesNone || madeBytes == 0 || madeBytes + Math.max(bytes, unitBytes) <= MAKE_BYTES;
    }

    /** A buffer of at least {@code bytes}; empty when the pool is used up. */
    Optional<ByteBuffer> take(int bytes) {
        int units = units(bytes);
        if (usedUnits + units > capacityUnits) {
            return Optional.empty();
        }
        ByteBuffer again = units == 1 ? idle.poll() : null;
        Optional<ByteBuffer> buffer = again != null ? Optional.of(again) : allocate(units, units == 1 ? unitBytes : bytes);
        if (buffer.isPresent()) {
            usedUnits = usedUnits + units;
        }
        return buffer;
    }

    private Optional<ByteBuffer> allocate(int units, int bytes) {
        long nowMs = clock.millis();
        if (refusedMs.isPresent() && Math.abs(nowMs - refusedMs.getAsLong()) < ASK_AGAIN_MS) {
            return Optional.empty();
        }
        while (madeUnits() + units > capacityUnits) {
            idle.poll(); // for a chunk of several units: what lies idle would be memory beside the bound
            pooled--;
        }
        try {
            ByteBuffer made = memory.apply(bytes);
            madeBytes += bytes;
            pooled += bytes == unitBytes ? 1 : 0;
            return Optional.of(made);
        } catch (OutOfMemoryError e) {
            if (refusedMs.isEmpty()) {
                log.atError().addKeyValue("usedUnits", usedUnits).addKeyValue("capacityUnits", capacityUnits).addKeyValue("unitBytes", unitBytes)
                        .log("Direct memory is smaller than the cold cache; raise -XX:MaxDirectMemorySize or lower the cache's size");
            }
            refusedMs = OptionalLong.of(nowMs);
            return Optional.empty();
        }
    }

    /** One that is in use and never comes back: the disk may write to it as long as it hangs. Another may be made in its place, so that for that time there is so much memory more. */
    void lose(ByteBuffer buffer) {
        usedUnits = usedUnits - units(buffer.capacity());
        pooled -= buffer.capacity() == unitBytes ? 1 : 0;
    }

    void give(ByteBuffer buffer) {
        usedUnits = usedUnits - units(buffer.capacity());
        if (buffer.capacity() == unitBytes) {
            idle.push(buffer);
        }
    }
}
