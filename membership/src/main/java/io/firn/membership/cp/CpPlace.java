package io.firn.membership.cp;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * A member of the CP subsystem and where it listens. Immutable.
 *
 * @param brokerId its broker, or -1 where that is not known
 */
public record CpPlace(UUID uuid, int brokerId, String host, int port) {

    private static final int MAX_HOST_BYTES = 1024;

    public CpPlace {
        if (port < 0 || port > 0xffff || host.getBytes(StandardCharsets.UTF_8).length > MAX_HOST_BYTES) {
            throw new IllegalArgumentException("no member listens on " + host + ":" + port);
        }
    }

    public String address() {
        return host + ":" + port;
    }

    int sizeBytes() {
        return 16 + Integer.BYTES + 2 * Short.BYTES + host.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Appends {@code | uuid 16 | broker 4 | port 2 | length 2 | host |}. */
    void write(ByteBuffer to) {
        byte[] utf8 = host.getBytes(StandardCharsets.UTF_8);
        to.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits()).putInt(brokerId).putShort((short) port).putShort((short) utf8.length).put(utf8);
    }

    /** Reads what {@link #write} wrote. @throws java.nio.BufferUnderflowException if there is less */
    static CpPlace read(ByteBuffer from) {
        UUID uuid = new UUID(from.getLong(), from.getLong());
        int brokerId = from.getInt();
        int port = from.getShort() & 0xffff;
        byte[] utf8 = new byte[Math.min(from.getShort() & 0xffff, MAX_HOST_BYTES)];
        from.get(utf8);
        return new CpPlace(uuid, brokerId, new String(utf8, StandardCharsets.UTF_8), port);
    }
}
