package io.firn.gateway.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Where {@code firn consume} writes, and whether anybody still reads it. Confined to one thread. */
final class RecordOutput {

    private static final int BUFFER_BYTES = 1 << 16;

    private final OutputStream out;
    private final boolean printHeaders;
    private final boolean printKey;

    RecordOutput(OutputStream out, boolean printHeaders, boolean printKey) {
        this.out = new BufferedOutputStream(out, BUFFER_BYTES);
        this.printHeaders = printHeaders;
        this.printKey = printKey;
    }

    /** The reader is gone ({@code | head}): no failure, but what was not flushed before was not read. */
    static final class ReaderGone extends Exception {
        private static final long serialVersionUID = 1L;
    }

    void write(ConsumerRecord<byte[], byte[]> record) throws ReaderGone {
        try {
            LineFormat.write(record, printHeaders, printKey, out);
        } catch (IOException failed) {
            throw refused(failed);
        }
    }

    void flush() throws ReaderGone {
        try {
            out.flush();
        } catch (IOException failed) {
            throw refused(failed);
        }
    }

    /** Java tells a broken pipe only by the system's words for it. */
    static ReaderGone refused(IOException failed) {
        String message = String.valueOf(failed.getMessage());
        if (message.toLowerCase(Locale.ROOT).contains("pipe")) {
            return new ReaderGone();
        }
        throw new CliFailure(Main.FAILED, "cannot write to standard output: " + message);
    }
}
