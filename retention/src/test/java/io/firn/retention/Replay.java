package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdRead;
import io.firn.hot.FileRange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;

/** Reads a rig's log as a consumer does and compares every batch with what was written, byte by byte. */
final class Replay {
    int hotReads;
    int coldReads;

    private final TieredRig rig;

    Replay(TieredRig rig) {
        this.rig = rig;
    }

    static Replay of(TieredRig rig, int maxBytes) {
        Replay replay = new Replay(rig);
        replay.everythingFrom(rig.onLoop(rig.log::logStartOffset), maxBytes);
        return replay;
    }

    /** Reads from {@code from} to the end; each whole batch must be the one written at its offset, without a gap. */
    void everythingFrom(long from, int maxBytes) {
        long end = rig.onLoop(rig.hot::logEndOffset);
        long next = from;
        while (next < end) {
            next = one(next, maxBytes, end);
        }
        assertThat(rig.onLoop(() -> rig.log.read(end, maxBytes, Long.MAX_VALUE, true))).isInstanceOf(TieredRead.AtEnd.class);
    }

    private long one(long offset, int maxBytes, long end) {
        TieredRead read = rig.onLoop(() -> rig.log.read(offset, maxBytes, end, true));
        if (read instanceof TieredRead.Hot hot) {
            hotReads++;
            return check(offset, bytes(hot.range()));
        } else if (read instanceof TieredRead.Cold cold) {
            coldReads++;
            return check(offset, bytes(rig.get(cold.read())));
        }
        throw new AssertionError("read at " + offset + ": " + read);
    }

    /** The bytes of a read at {@code offset} are the batches written there; the offset where the next read begins. */
    long check(long offset, ByteBuffer bytes) {
        long next = offset;
        while (bytes.remaining() >= 12 && bytes.remaining() >= 12 + bytes.getInt(bytes.position() + 8)) {
            long base = bytes.getLong(bytes.position());
            byte[] batch = new byte[12 + bytes.getInt(bytes.position() + 8)];
            bytes.get(batch);
            Map.Entry<Long, byte[]> expected = rig.written.floorEntry(next);
            assertThat(base).as("base offset of the batch at %s", next).isEqualTo(expected.getKey());
            assertThat(batch).as("batch at %s", base).isEqualTo(expected.getValue());
            next = rig.written.higherKey(base) == null ? rig.onLoop(rig.hot::logEndOffset) : rig.written.higherKey(base);
        }
        assertThat(next).as("a read at %s makes progress", offset).isGreaterThan(offset);
        return next;
    }

    /** Takes the bytes and releases what held them. */
    static ByteBuffer bytes(FileRange range) {
        try {
            ByteBuffer bytes = ByteBuffer.allocate(range.sizeBytes());
            range.read(0, bytes);
            return bytes.flip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            range.release();
        }
    }

    static ByteBuffer bytes(ColdRead read) {
        try {
            ByteBuffer bytes = ByteBuffer.allocate(read.sizeBytes());
            for (ByteBuffer buffer : read.buffers()) {
                bytes.put(buffer.duplicate());
            }
            return bytes.flip();
        } finally {
            read.release();
        }
    }
}
