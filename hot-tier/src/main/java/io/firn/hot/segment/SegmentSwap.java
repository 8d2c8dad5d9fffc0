package io.firn.hot.segment;

import io.firn.hot.CorruptStateException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rewritten segments taking the place of a run of old ones: file {@code segment.swap}, whose name in the directory is the commit.
 *
 * <pre>
 *  0         2            10         18      22               22 + 8·count
 * ┌─────────┬────────────┬──────────┬───────┬────────────────┬─────────────┐
 * │ version │ fromOffset │ toOffset │ count │ base offsets   │ CRC32C of   │   big-endian
 * │ 1 int16 │ int64      │ int64    │ int32 │ count × int64  │ what is before
 * └─────────┴────────────┴──────────┴───────┴────────────────┴─────────────┘
 *
 *   step                                              power loss or kill after it leaves
 *   1 write and force N.log.cleaned and its indexes   the old segments; .cleaned files are removed
 *   2 force the names of 1                            the same
 *   3 checkpoint: gaps may lie below toOffset         the same; gaps would be believed there
 *   4 write and force segment.swap, force its name    the new segments: recovery does 5 to 8
 *   5 rename the old files away (to .deleted)         the same
 *   6 rename each .cleaned file to its name           the same; a .cleaned file that is not there has its name already
 *   7 force the names of 5 and 6                      the same
 *   8 delete segment.swap, force that                 the new segments
 * </pre>
 *
 * <p><i>Why any order of 5 and 6 on the disk is good</i>: {@code segment.swap} is there until both are forced. A name {@code N.log} with a {@code N.log.cleaned} beside it is the
 * old file, without it the new one; old files whose base is not among the new ones are deleted. Doing 5 to 8 again changes nothing.
 *
 * <p>Nothing else happens in the directory between 4 and 8: they are one piece of work of the log's lane. A step that fails from 4 on takes the log offline; the next opening finishes.
 *
 * @param fromOffset base offset of the first old segment, and of the first new one
 * @param toOffset where the segment after the run begins
 * @param baseOffsets of the new segments, ascending
 */
public record SegmentSwap(long fromOffset, long toOffset, List<Long> baseOffsets) {

    /** Follows the name of a file that is to take another's place. */
    public static final String CLEANED = ".cleaned";

    static final String NAME = "segment.swap";

    private static final Logger LOG = LoggerFactory.getLogger(SegmentSwap.class);
    private static final short VERSION = 1;
    private static final int HEAD_BYTES = 22;

    public SegmentSwap {
        baseOffsets = List.copyOf(baseOffsets);
        if (baseOffsets.isEmpty() || baseOffsets.get(0) != fromOffset || baseOffsets.get(baseOffsets.size() - 1) >= toOffset) {
            throw new IllegalArgumentException("segments " + baseOffsets + " for [" + fromOffset + ", " + toOffset + ")");
        }
    }

    ByteBuffer toBytes() {
        ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + Long.BYTES * baseOffsets.size() + Integer.BYTES);
        bytes.putShort(VERSION).putLong(fromOffset).putLong(toOffset).putInt(baseOffsets.size());
        baseOffsets.forEach(bytes::putLong);
        bytes.putInt(crc(bytes.duplicate().flip()));
        return bytes.flip();
    }

    static SegmentSwap fromBytes(ByteBuffer bytes) throws CorruptStateException {
        int bodyBytes = bytes.remaining() - Integer.BYTES;
        if (bodyBytes < HEAD_BYTES || bytes.getInt(bodyBytes) != crc(bytes.duplicate().limit(bodyBytes)) || bytes.getShort() != VERSION) {
            throw new CorruptStateException("segment swap: damaged or of an unknown version");
        }
        long from = bytes.getLong();
        long to = bytes.getLong();
        List<Long> bases = new ArrayList<>();
        for (int left = bytes.getInt(); left > 0 && bytes.remaining() > Integer.BYTES; left--) {
            bases.add(bytes.getLong());
        }
        try {
            return new SegmentSwap(from, to, bases);
        } catch (IllegalArgumentException e) {
            throw new CorruptStateException("segment swap: " + e.getMessage());
        }
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** Step 4. When it fails and the file is not there, nothing has happened. */
    public void commit(LogDirectory directory) throws IOException {
        directory.write(NAME, toBytes());
        directory.force();
    }

    /** Whether {@link #commit} has got as far as the name, in this process's eyes. */
    public static boolean isPending(LogDirectory directory) throws IOException {
        return directory.exists(NAME);
    }

    /** Steps 6 to 8, and 5 for what is still there under its own name. */
    public void finish(LogDirectory directory) throws IOException {
        for (String suffix : SegmentFiles.ALL) {
            for (long base : directory.offsets(suffix)) {
                if (base >= fromOffset && base < toOffset && !baseOffsets.contains(base)) {
                    directory.deleteIfExists(LogDirectory.fileName(base, suffix));
                }
            }
            for (long base : baseOffsets) {
                directory.renameIfExists(LogDirectory.fileName(base, suffix) + CLEANED, LogDirectory.fileName(base, suffix));
            }
        }
        directory.force();
        directory.deleteIfExists(NAME);
        directory.force();
    }

    /** Before anything else is looked at in a directory: does what a crash has left undone. */
    public static void finishPending(LogDirectory directory) throws IOException {
        try {
            SegmentSwap swap = fromBytes(directory.read(NAME));
            LOG.atInfo().addKeyValue("directory", directory.path()).addKeyValue("swap", swap).log("finishing a replacement of segments");
            swap.finish(directory);
        } catch (NoSuchFileException e) {
            LOG.atTrace().addKeyValue("directory", directory.path()).log("no replacement of segments was under way");
        } catch (CorruptStateException e) {
            throw new CorruptLogException("a replacement of segments was under way, and what it was is not known: " + e.getMessage(), e);
        }
    }
}
