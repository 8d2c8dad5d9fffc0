package io.firn.membership.cp;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * One change of a group's log, inside a {@link GroupFrame}.
 *
 * <pre>
 *  | type 1 | length 4 | body |                            big-endian
 *  1 members  | own uuid 16 | count 2 | uuids |            first record of a file
 *  2 term     | term 4 | has vote 1 | uuid 16 |            16 zeros without a vote
 *  3 entry    | index 8 | term 4 | bytes |                 follows the last index
 *  4 snapshot | index 8 | term 4 | bytes |                 only in the first frame of a file
 *  5 cut      | index 8 |                                  entries from here on are no more
 * </pre>
 *
 * <p>Immutable; the bytes must not be changed.
 */
public sealed interface GroupRecord {

    int HEADER_BYTES = 5;

    /** Who this member is in the group, and who began it. */
    record Members(UUID own, List<UUID> initial) implements GroupRecord {}

    /** The term, and whom this member votes for in it. */
    record Term(int term, Optional<UUID> vote) implements GroupRecord {}

    record Entry(long index, int term, byte[] bytes) implements GroupRecord {}

    /** The state as of an index, in place of all entries up to it. */
    record Snapshot(long index, int term, byte[] bytes) implements GroupRecord {}

    record Cut(long fromIndex) implements GroupRecord {}

    static byte[] encode(GroupRecord record) {
        if (record instanceof Members members) {
            ByteBuffer out = begin(1, 18 + 16 * members.initial().size());
            putUuid(out, members.own());
            out.putShort((short) members.initial().size());
            members.initial().forEach(uuid -> putUuid(out, uuid));
            return out.array();
        } else if (record instanceof Term term) {
            ByteBuffer out = begin(2, 21).putInt(term.term()).put((byte) (term.vote().isPresent() ? 1 : 0));
            term.vote().ifPresent(uuid -> putUuid(out, uuid));
            return out.array();
        } else if (record instanceof Entry entry) {
            return begin(3, 12 + entry.bytes().length).putLong(entry.index()).putInt(entry.term()).put(entry.bytes()).array();
        } else if (record instanceof Snapshot snapshot) {
            return begin(4, 12 + snapshot.bytes().length).putLong(snapshot.index()).putInt(snapshot.term()).put(snapshot.bytes()).array();
        }
        return begin(5, 8).putLong(((Cut) record).fromIndex()).array();
    }

    /** Reads the record at the position. @throws java.nio.BufferUnderflowException or IllegalArgumentException if there is no whole, sound one */
    static GroupRecord read(ByteBuffer from) {
        int type = from.get();
        int length = from.getInt();
        if (length < 0 || length > from.remaining()) {
            throw new IllegalArgumentException("a record of " + length + " bytes does not fit into its frame");
        }
        ByteBuffer body = from.slice(from.position(), length);
        from.position(from.position() + length);
        GroupRecord record = body(type, body);
        if (body.hasRemaining() && type != 2) {
            throw new IllegalArgumentException("a record of type " + type + " is too long");
        }
        return record;
    }

    private static GroupRecord body(int type, ByteBuffer body) {
        return switch (type) {
            case 1 -> new Members(uuid(body), uuids(body));
            case 2 -> new Term(body.getInt(), body.get() == 1 ? Optional.of(uuid(body)) : Optional.empty());
            case 3 -> new Entry(body.getLong(), body.getInt(), rest(body));
            case 4 -> new Snapshot(body.getLong(), body.getInt(), rest(body));
            case 5 -> new Cut(body.getLong());
            default -> throw new IllegalArgumentException("a record has the unknown type " + type);
        };
    }

    private static ByteBuffer begin(int type, int bodyBytes) {
        return ByteBuffer.allocate(HEADER_BYTES + bodyBytes).put((byte) type).putInt(bodyBytes);
    }

    private static void putUuid(ByteBuffer out, UUID uuid) {
        out.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
    }

    private static UUID uuid(ByteBuffer in) {
        return new UUID(in.getLong(), in.getLong());
    }

    private static List<UUID> uuids(ByteBuffer in) {
        int count = in.getShort() & 0xffff;
        List<UUID> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(uuid(in));
        }
        return all;
    }

    private static byte[] rest(ByteBuffer in) {
        byte[] bytes = new byte[in.remaining()];
        in.get(bytes);
        return bytes;
    }
}
