package io.firn.hot.segment;

import io.firn.hot.CorruptStateException;
import io.firn.hot.LogStart;
import io.firn.hot.epoch.LeaderEpochs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Set;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A log beginning anew at an offset, with leader epochs and producers it did not read itself: file {@code log.start}, whose name in the directory is the commit.
 *
 * <pre>
 *  0         2        10               18            22       22+e            26+e        26+e+p
 * ┌─────────┬────────┬────────────────┬─────────────┬────────┬───────────────┬───────────┬─────────────┐
 * │ version │ offset │ logStartOffset │ e, bytes of │ epochs │ p, bytes of   │ producers │ CRC32C of   │   big-endian
 * │ 1 int16 │ int64  │ int64          │ epochs int32│        │ producers int32           │ what is before
 * └─────────┴────────┴────────────────┴─────────────┴────────┴───────────────┴───────────┴─────────────┘
 *
 *   step                                              power loss or kill after it leaves
 *   1 write and force log.start, force its name       the new beginning: the opening does 2 to 5
 *   2 checkpoint: begins at offset                    the same
 *   3 delete all segments and producer snapshots      the same
 *   4 write epochs and the snapshot, force the names  the same
 *   5 delete log.start, force that                    the new beginning
 * </pre>
 *
 * A crash in the middle of 1 leaves the old log, and the file perhaps under its temporary name. Doing 2 to 5 again changes nothing, since nothing is appended before 5 is forced.
 */
public record PendingStart(long offset, long logStartOffset, LeaderEpochs epochs, ByteBuffer producers) {

    static final String NAME = "log.start";

    private static final Logger LOG = LoggerFactory.getLogger(PendingStart.class);
    private static final short VERSION = 1;
    private static final int HEAD_BYTES = 18;

    /** @throws CorruptStateException when the epochs are not in their format */
    public static PendingStart of(LogStart start) throws CorruptStateException {
        return new PendingStart(start.offset(), start.logStartOffset(), LeaderEpochs.fromText(start.leaderEpochs().duplicate()).truncateFromEnd(start.offset()), start.producers());
    }

    ByteBuffer toBytes() {
        ByteBuffer text = epochs.toText();
        ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + 3 * Integer.BYTES + text.remaining() + producers.remaining());
        bytes.putShort(VERSION).putLong(offset).putLong(logStartOffset);
        bytes.putInt(text.remaining()).put(text).putInt(producers.remaining()).put(producers.duplicate());
        bytes.putInt(crc(bytes.duplicate().flip()));
        return bytes.flip();
    }

    static PendingStart fromBytes(ByteBuffer bytes) throws CorruptStateException {
        int bodyBytes = bytes.remaining() - Integer.BYTES;
        if (bodyBytes < HEAD_BYTES + 2 * Integer.BYTES || bytes.getInt(bodyBytes) != crc(bytes.duplicate().limit(bodyBytes)) || bytes.getShort() != VERSION) {
            throw new CorruptStateException("log start: damaged or of an unknown version");
        }
        long offset = bytes.getLong();
        long logStart = bytes.getLong();
        ByteBuffer text = part(bytes);
        return new PendingStart(offset, logStart, LeaderEpochs.fromText(text), part(bytes));
    }

    private static ByteBuffer part(ByteBuffer bytes) {
        int size = bytes.getInt();
        ByteBuffer part = bytes.slice(bytes.position(), size);
        bytes.position(bytes.position() + size);
        return part;
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** Step 1. */
    public void commit(LogDirectory directory) throws IOException {
        directory.write(NAME, toBytes());
        directory.force();
    }

    /** Steps 2 to 5. */
    public void finish(LogDirectory directory) throws IOException {
        SegmentFiles.writeCheckpoint(directory, new PartitionCheckpoint(offset, 0, logStartOffset, offset));
        for (long base : directory.offsets(LogDirectory.LOG)) {
            SegmentFiles.delete(directory, base);
        }
        SegmentFiles.keepSnapshots(directory, Set.of());
        SegmentFiles.writeEpochs(directory, epochs);
        SegmentFiles.writeSnapshot(directory, offset, producers.duplicate());
        directory.force();
        directory.deleteIfExists(NAME);
        directory.force();
    }

    /** Before anything else is looked at in a directory: does what a crash has left undone. */
    public static void finishPending(LogDirectory directory) throws IOException {
        try {
            PendingStart start = fromBytes(directory.read(NAME));
            LOG.atInfo().addKeyValue("directory", directory.path()).addKeyValue("offset", start.offset).log("finishing to begin the log anew");
            start.finish(directory);
        } catch (NoSuchFileException e) {
            LOG.atTrace().addKeyValue("directory", directory.path()).log("the log was not beginning anew");
        } catch (CorruptStateException e) {
            throw new CorruptLogException("the log was beginning anew, and where is not known: " + e.getMessage(), e);
        }
    }
}
