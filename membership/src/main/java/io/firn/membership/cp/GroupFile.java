package io.firn.membership.cp;

import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * A group's file: a header, a first frame with the whole state, frames with what was added since.
 *
 * <pre>
 *  0          8        10                          n
 *  | FIRNRAFT | format | group ({@link CpGroup}) | CRC32C 4 | frame 0 | frame 1 | …       big-endian
 * </pre>
 *
 * <p>Header and first frame get their name only when they are forced, so a bad one is damage; later frames see {@link GroupFrame}.
 *
 * <p>Immutable.
 *
 * @param frames number of frames
 * @param goodBytes up to the end of the last sound frame
 * @param tornBytes what is behind that, never acknowledged
 */
record GroupFile(CpGroup group, GroupState state, List<GroupRecord> history, long frames, long goodBytes, long tornBytes) {

    private static final long MAGIC = 0x4649524e52414654L;
    private static final short FORMAT = 1;

    /** A new file with this state. */
    static byte[] encode(CpGroup group, GroupState state) {
        ByteBuffer header = ByteBuffer.allocate(10 + group.sizeBytes() + 4);
        header.putLong(MAGIC).putShort(FORMAT);
        group.write(header);
        header.putInt(crc(header.array(), header.position()));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(header.array());
        out.writeBytes(GroupFrame.encode(0, state.records().stream().map(GroupRecord::encode).toList()).array());
        return out.toByteArray();
    }

    static GroupFile decode(String name, byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            CpGroup group = header(name, in);
            return frames(name, group, in);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw damaged(name, e.getMessage() == null ? "it ends within its header" : e.getMessage());
        }
    }

    private static CpGroup header(String name, ByteBuffer in) {
        if (in.getLong() != MAGIC) {
            throw damaged(name, "it does not begin as one");
        }
        short format = in.getShort();
        if (format != FORMAT) {
            throw new MetadataOpenFailed(Reason.TOO_NEW, "the CP log " + name + " has format " + format + ", which this version of Firn does not know");
        }
        CpGroup group = CpGroup.read(in);
        int crc = crc(in.array(), in.position());
        if (in.getInt() != crc) {
            throw damaged(name, "its header has a wrong checksum");
        }
        return group;
    }

    private static GroupFile frames(String name, CpGroup group, ByteBuffer in) {
        GroupState state = new GroupState();
        List<GroupRecord> history = new ArrayList<>();
        int at = in.position();
        long sequence = 0;
        while (at < in.limit() && GroupFrame.soundAt(in, at)) {
            if (GroupFrame.sequenceAt(in, at) != sequence) {
                throw damaged(name, "frame " + GroupFrame.sequenceAt(in, at) + " at byte " + at + " stands where frame " + sequence + " belongs");
            }
            ByteBuffer records = GroupFrame.recordsAt(in, at);
            at += GroupFrame.HEADER_BYTES + records.limit();
            while (records.hasRemaining()) {
                GroupRecord record = GroupRecord.read(records);
                if (record instanceof GroupRecord.Snapshot && sequence > 0) {
                    throw damaged(name, "there is a snapshot in frame " + sequence);
                }
                state.apply(record);
                history.add(record);
            }
            sequence++;
        }
        checkRest(name, in, at, sequence, state);
        return new GroupFile(group, state, history, sequence, at, in.limit() - at);
    }

    private static void checkRest(String name, ByteBuffer in, int at, long sequence, GroupState state) {
        if (sequence == 0 || state.members().isEmpty()) {
            throw damaged(name, "its first frame, which was forced before the file got its name, is not sound");
        }
        OptionalLong behind = at < in.limit() ? GroupFrame.nextSound(in, at) : OptionalLong.empty();
        if (behind.isPresent()) {
            throw damaged(name, "frame " + sequence + " at byte " + at + " is not sound but one behind it, at byte " + behind.getAsLong() + ", is");
        }
    }

    private static MetadataOpenFailed damaged(String name, String what) {
        return new MetadataOpenFailed(Reason.DAMAGED, "the CP log " + name + " is damaged: " + what + "; the disk of this CP member counts as lost, see \"replace a broker\" in the README");
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
