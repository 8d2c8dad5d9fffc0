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
 * garbage collector afterwards. If the JVM refuses direct memory, the pool stays as large as it got, and says so once; it asks again every {@value #ASK_AGAIN_MS} ms, since a refusal
 * takes the JVM half a second and a full collection, on the thread that wants the buffer.
 *
 * <p>Threading: confined to the reads thread.
 */
public final class BufferPool {

    static final long ASK_AGAIN_MS = 60_000;

    private static final Logger log = LoggerFactory.getLogger(BufferPool.class);

    private final int unitBytes;
    private final int capacityUnits;
    private final InstantSource clock;
    private final IntFunction<ByteBuffer> memory;
    private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();
    /** Written by the reads thread, read by metrics. */
    private volatile int usedUnits;
    private OptionalLong refusedMs = OptionalLong.empty();

    public BufferPool(int unitBytes, int capacityUnits, InstantSource clock) {
        this(unitBytes, capacityUnits, clock, ByteBuffer::allocateDirect);
    }

    /** @param memory makes buffers; may throw OutOfMemoryError */
    BufferPool(int unitBytes, int capacityUnits, InstantSource clock, IntFunction<ByteBuffer> memory) {
        this.unitBytes = unitBytes;
        this.capacityUnits = capacityUnits;
        this.clock = clock;
        this.memory = memory;
    }

    /** How many units a chunk of {@code bytes} takes. */
    public int units(int bytes) {
        return Math.max(1, (bytes + unitBytes - 1) / unitBytes);
    }

    public int capacityUnits() {
        return capacityUnits;
    }

    public int usedUnits() {
        return usedUnits;
    }

    /** A buffer of at least {@code bytes}; empty when the pool is used up. */
    Optional<ByteBuffer> take(int bytes) {
        int units = units(bytes);
        if (usedUnits + units > capacityUnits) {
            return Optional.empty();
        }
        ByteBuffer pooled = units == 1 ? idle.poll() : null;
        Optional<ByteBuffer> buffer = pooled != null ? Optional.of(pooled) : allocate(units == 1 ? unitBytes : bytes);
        if (buffer.isPresent()) {
            usedUnits = usedUnits + units;
        }
        return buffer;
    }

    private Optional<ByteBuffer> allocate(int bytes) {
        long nowMs = clock.millis();
        if (refusedMs.isPresent() && Math.abs(nowMs - refusedMs.getAsLong()) < ASK_AGAIN_MS) {
            return Optional.empty();
        }
        try {
            return Optional.of(memory.apply(bytes));
        } catch (OutOfMemoryError e) {
            if (refusedMs.isEmpty()) {
                log.atError().addKeyValue("usedUnits", usedUnits).addKeyValue("capacityUnits", capacityUnits).addKeyValue("unitBytes", unitBytes)
                        .log("Direct memory is smaller than the cold cache; raise -XX:MaxDirectMemorySize or lower the cache's size");
            }
            refusedMs = OptionalLong.of(nowMs);
            return Optional.empty();
        }
    }

    void give(ByteBuffer buffer) {
        usedUnits = usedUnits - units(buffer.capacity());
        if (buffer.capacity() == unitBytes) {
            idle.push(buffer);
        }
    }
}
