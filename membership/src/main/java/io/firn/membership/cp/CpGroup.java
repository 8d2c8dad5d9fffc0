package io.firn.membership.cp;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Names a Raft group. Immutable.
 *
 * @param seed grows with each reset of the CP subsystem; Firn never resets one, so it is 0
 * @param id number of the group within the seed
 */
public record CpGroup(String name, long seed, long id) {

    private static final String SUFFIX = ".raft";
    private static final int MAX_NAME_BYTES = 1024;

    public CpGroup {
        if (seed < 0 || id < 0 || name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
            throw new IllegalArgumentException("no group is named " + name + ", " + seed + ", " + id);
        }
    }

    /** Name of the group's file: by number, since names may contain anything. */
    String fileName() {
        return seed + "-" + id + SUFFIX;
    }

    static boolean isFileName(String file) {
        return file.endsWith(SUFFIX);
    }

    int sizeBytes() {
        return 2 * Long.BYTES + Short.BYTES + name.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Appends {@code | seed 8 | id 8 | length 2 | name |}. */
    void write(ByteBuffer to) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        to.putLong(seed).putLong(id).putShort((short) utf8.length).put(utf8);
    }

    /** Reads what {@link #write} wrote. @throws java.nio.BufferUnderflowException if there is less */
    static CpGroup read(ByteBuffer from) {
        long seed = from.getLong();
        long id = from.getLong();
        byte[] utf8 = new byte[Math.min(from.getShort() & 0xffff, MAX_NAME_BYTES)];
        from.get(utf8);
        return new CpGroup(new String(utf8, StandardCharsets.UTF_8), seed, id);
    }
}
