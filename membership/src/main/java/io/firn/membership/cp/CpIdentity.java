package io.firn.membership.cp;

import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.zip.CRC32C;

/**
 * What this process is in the CP subsystem, as its file {@code identity} says. Immutable.
 *
 * <p>One file holds all of it on purpose: stage, own name, founders and the list of groups change together or not at all, so that no crash leaves a member without the list
 * of the groups it has voted in.
 *
 * <pre>
 *  | FIRNCPID 8 | format 2 | stage 1 | uuid 16 | index of the members 8 |
 *  | founders: count 2, places | members: count 2, places | groups: count 2, groups | CRC32C 4 |     big-endian; see {@link CpPlace}, {@link CpGroup}
 * </pre>
 *
 * @param uuid own name in the Raft groups, chosen before anybody hears of it and kept over restarts
 * @param founders who forms or formed the CP subsystem; empty for who joined later
 * @param members the newest list of CP members this one has seen; only a hint where to look for them
 * @param membersIndex commit index of that list
 * @param groups every group this member may have voted or appended in; each has a log
 */
public record CpIdentity(Stage stage, UUID uuid, List<CpPlace> founders, List<CpPlace> members, long membersIndex, List<CpGroup> groups) {

    /** Where a process is on its way. */
    public enum Stage {
        /** It is no member: uses the CP subsystem of others. */
        OUTSIDE,
        /** The list of founders is fixed and it is among them; the others may not have got so far. */
        FOUNDING,
        /** It is a member. */
        MEMBER,
        /** It was removed, and everything here is being deleted. */
        WIPING
    }

    private static final long MAGIC = 0x4649524e43504944L;
    private static final short FORMAT = 1;
    private static final int MIN_BYTES = 8 + 2 + 1 + 16 + 8 + 3 * 2 + 4;
    private static final int MAX_COUNT = 1000;

    public CpIdentity {
        founders = List.copyOf(founders);
        members = List.copyOf(members);
        groups = List.copyOf(groups);
        if (founders.size() > MAX_COUNT || members.size() > MAX_COUNT || groups.size() > MAX_COUNT) {
            throw new IllegalArgumentException("more than " + MAX_COUNT + " founders, members or groups");
        }
    }

    static CpIdentity outside(UUID uuid) {
        return new CpIdentity(Stage.OUTSIDE, uuid, List.of(), List.of(), 0, List.of());
    }

    /** Whether it has a voice: its name is or may be known to others as that of a CP member. */
    public boolean speaks() {
        return stage == Stage.FOUNDING || stage == Stage.MEMBER;
    }

    CpIdentity at(Stage next) {
        return new CpIdentity(next, uuid, founders, members, membersIndex, groups);
    }

    CpIdentity foundedBy(List<CpPlace> places) {
        return new CpIdentity(Stage.FOUNDING, uuid, places, members, membersIndex, groups);
    }

    CpIdentity seeing(List<CpPlace> newest, long index) {
        return new CpIdentity(stage, uuid, founders, newest, index, groups);
    }

    CpIdentity with(CpGroup group) {
        List<CpGroup> more = new ArrayList<>(groups);
        more.add(group);
        return new CpIdentity(stage, uuid, founders, members, membersIndex, more);
    }

    CpIdentity without(CpGroup group) {
        return new CpIdentity(stage, uuid, founders, members, membersIndex, groups.stream().filter(other -> !other.equals(group)).toList());
    }

    byte[] encode() {
        int size = MIN_BYTES + sum(founders, CpPlace::sizeBytes) + sum(members, CpPlace::sizeBytes) + sum(groups, CpGroup::sizeBytes);
        ByteBuffer out = ByteBuffer.allocate(size);
        out.putLong(MAGIC).putShort(FORMAT).put((byte) stage.ordinal()).putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits()).putLong(membersIndex);
        out.putShort((short) founders.size());
        founders.forEach(place -> place.write(out));
        out.putShort((short) members.size());
        members.forEach(place -> place.write(out));
        out.putShort((short) groups.size());
        groups.forEach(group -> group.write(out));
        return out.putInt(crc(out.array(), size - 4)).array();
    }

    static CpIdentity decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length < MIN_BYTES || in.getLong() != MAGIC) {
            throw damaged();
        }
        short format = in.getShort();
        if (format != FORMAT) {
            throw new MetadataOpenFailed(Reason.TOO_NEW, "the identity file of the CP directory has format " + format + ", which this version of Firn does not know");
        }
        int end = bytes.length - 4;
        if (in.getInt(end) != crc(bytes, end)) {
            throw damaged();
        }
        try {
            CpIdentity identity = read(in.limit(end));
            if (in.hasRemaining()) {
                throw damaged();
            }
            return identity;
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw damaged();
        }
    }

    private static CpIdentity read(ByteBuffer in) {
        int stage = in.get();
        if (stage < 0 || stage >= Stage.values().length) {
            throw damaged();
        }
        UUID uuid = new UUID(in.getLong(), in.getLong());
        long index = in.getLong();
        return new CpIdentity(Stage.values()[stage], uuid, list(in, CpPlace::read), list(in, CpPlace::read), index, list(in, CpGroup::read));
    }

    private static <T> List<T> list(ByteBuffer in, Function<ByteBuffer, T> one) {
        int count = in.getShort() & 0xffff;
        List<T> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(one.apply(in));
        }
        return all;
    }

    private static <T> int sum(List<T> all, ToIntFunction<T> size) {
        return all.stream().mapToInt(size).sum();
    }

    private static MetadataOpenFailed damaged() {
        return new MetadataOpenFailed(Reason.DAMAGED, "the identity file of the CP directory is damaged: the disk of this CP member counts as lost; see \"replace a broker\" in the README");
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
