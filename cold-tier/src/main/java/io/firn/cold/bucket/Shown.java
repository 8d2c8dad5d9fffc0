package io.firn.cold.bucket;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;

/** Values as people read them. */
final class Shown {

    /** Bytes of a key or value that are shown. */
    private static final int PREVIEW_BYTES = 120;

    private Shown() {}

    static String time(long timeMs) {
        return timeMs < 0 ? "none" : Instant.ofEpochMilli(timeMs).toString();
    }

    static String range(long from, long to) {
        return "[" + from + "," + to + ")";
    }

    /** The beginning of the bytes, as text where they are text, else in hex. */
    static String bytes(ByteBuffer bytes) {
        ByteBuffer beginning = bytes.slice(bytes.position(), Math.min(bytes.remaining(), PREVIEW_BYTES));
        String rest = bytes.remaining() > PREVIEW_BYTES ? "…" : "";
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(beginning.duplicate()).toString();
            if (text.chars().noneMatch(Character::isISOControl)) {
                return '"' + text + '"' + rest;
            }
        } catch (CharacterCodingException noText) {
            return hex(beginning) + rest;
        }
        return hex(beginning) + rest;
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return "0x" + HexFormat.of().formatHex(copy);
    }
}
