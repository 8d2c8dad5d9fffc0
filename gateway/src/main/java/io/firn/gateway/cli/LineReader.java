package io.firn.gateway.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * Cuts a stream into lines of bytes, without looking at their encoding. A line ends with a line feed, which is not part of it; the last one may
 * lack it. Confined to one thread.
 */
final class LineReader {

    private static final int BUFFER_BYTES = 1 << 16;

    private final InputStream in;
    private final int maxLineBytes;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private long lines;

    LineReader(InputStream in, int maxLineBytes) {
        this.in = in;
        this.maxLineBytes = maxLineBytes;
    }

    /** The next line, or nothing at the end. A line longer than the limit is a {@link CliFailure}. */
    Optional<byte[]> next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        boolean any = false;
        while (fill()) {
            any = true;
            int end = position;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            append(line, end - position);
            boolean complete = end < limit;
            position = complete ? end + 1 : end;
            if (complete) {
                break;
            }
        }
        if (!any) {
            return Optional.empty();
        }
        lines++;
        return Optional.of(line.toByteArray());
    }

    /** Lines read so far. */
    long lines() {
        return lines;
    }

    /** Whether the next line has to be waited for. */
    boolean wouldWait() throws IOException {
        return position == limit && in.available() == 0;
    }

    private void append(ByteArrayOutputStream line, int bytes) {
        if (line.size() + bytes > maxLineBytes) {
            throw new CliFailure(Main.FAILED, "line " + (lines + 1) + " is longer than " + maxLineBytes + " bytes");
        }
        line.write(buffer, position, bytes);
    }

    private boolean fill() throws IOException {
        if (position < limit) {
            return true;
        }
        int read = in.read(buffer);
        position = 0;
        limit = Math.max(read, 0);
        return read > 0;
    }
}
