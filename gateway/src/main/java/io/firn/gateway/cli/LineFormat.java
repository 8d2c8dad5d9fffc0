package io.firn.gateway.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * How a record is written as a line. Bytes stay as they are; a key, value or header value that is null is written {@code null}.
 *
 * @param keySeparator between key and value of a line that is produced; empty for lines without keys
 */
record LineFormat(Optional<byte[]> keySeparator) {

    private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);

    /**
     * @param key {@code null} for none, as Kafka's producer wants it
     */
    record KeyAndValue(byte[] key, byte[] value) {}

    KeyAndValue split(byte[] line) {
        int at = keySeparator.map(separator -> indexOf(line, separator)).orElse(-1);
        if (at < 0) {
            return new KeyAndValue(null, line);
        }
        int value = at + keySeparator.orElseThrow().length;
        return new KeyAndValue(Arrays.copyOf(line, at), Arrays.copyOfRange(line, value, line.length));
    }

    private static int indexOf(byte[] line, byte[] separator) {
        for (int i = 0; i + separator.length <= line.length && separator.length > 0; i++) {
            if (Arrays.equals(line, i, i + separator.length, separator, 0, separator.length)) {
                return i;
            }
        }
        return -1;
    }

    /** Writes {@code headers TAB key TAB value LF}, headers and key only when asked for. */
    static void write(ConsumerRecord<byte[], byte[]> record, boolean printHeaders, boolean printKey, OutputStream out) throws IOException {
        if (printHeaders) {
            boolean first = true;
            for (Header header : record.headers()) {
                if (!first) {
                    out.write(',');
                }
                first = false;
                out.write(header.key().getBytes(StandardCharsets.UTF_8));
                out.write('=');
                writeOrNull(header.value(), out);
            }
            out.write('\t');
        }
        if (printKey) {
            writeOrNull(record.key(), out);
            out.write('\t');
        }
        writeOrNull(record.value(), out);
        out.write('\n');
    }

    private static void writeOrNull(byte[] bytes, OutputStream out) throws IOException {
        out.write(bytes == null ? NULL : bytes);
    }
}
