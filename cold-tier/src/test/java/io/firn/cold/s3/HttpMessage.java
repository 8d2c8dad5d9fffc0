package io.firn.cold.s3;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The head of an HTTP/1.1 request or answer, byte for byte, and how to read the body that follows it. For {@link FaultProxy}; holds whole bodies in memory.
 *
 * @param bytes the head with its closing empty line
 * @param bodyless whether no body follows whatever the headers say (the answer to a HEAD)
 */
record HttpMessage(byte[] bytes, boolean bodyless) {

    private static final int HEAD_LIMIT_BYTES = 64 << 10;

    /** Empty at the end of the stream. */
    static Optional<HttpMessage> read(InputStream in, boolean bodyless) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int matched = 0;
        while (matched < 4) {
            int b = in.read();
            if (b < 0 || head.size() > HEAD_LIMIT_BYTES) {
                return Optional.empty();
            }
            head.write(b);
            matched = b == "\r\n\r\n".charAt(matched) ? matched + 1 : b == '\r' ? 1 : 0;
        }
        return Optional.of(new HttpMessage(head.toByteArray(), bodyless));
    }

    String firstLine() {
        return text().substring(0, text().indexOf("\r\n"));
    }

    boolean isInterim() {
        return firstLine().startsWith("HTTP/1.1 1");
    }

    Optional<String> header(String name) {
        return text().lines().skip(1).filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ":")).map(line -> line.substring(name.length() + 1).trim()).findFirst();
    }

    /** The same without this header. */
    HttpMessage without(String name) {
        String kept = text().lines().filter(line -> !line.toLowerCase(Locale.ROOT).startsWith(name + ":")).collect(Collectors.joining("\r\n", "", "\r\n"));
        return new HttpMessage(kept.getBytes(StandardCharsets.ISO_8859_1), bodyless);
    }

    private String text() {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** The body as it is on the wire, chunk headers included. */
    byte[] body(InputStream in) throws IOException {
        boolean none = bodyless || firstLine().startsWith("HTTP/1.1 204") || firstLine().startsWith("HTTP/1.1 304");
        if (none) {
            return new byte[0];
        }
        if (header("transfer-encoding").filter("chunked"::equalsIgnoreCase).isPresent()) {
            return chunks(in);
        }
        return exactly(in, Integer.parseInt(header("content-length").orElse("0")));
    }

    private static byte[] exactly(InputStream in, int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("Body cut short");
        }
        return bytes;
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        int size;
        do {
            StringBuilder line = new StringBuilder();
            while (line.indexOf("\r\n") < 0) {
                line.append((char) exactly(in, 1)[0]);
            }
            size = Integer.parseInt(line.toString().trim(), 16);
            all.writeBytes(line.toString().getBytes(StandardCharsets.ISO_8859_1));
            all.writeBytes(exactly(in, size + 2));
        } while (size > 0);
        return all.toByteArray();
    }
}
