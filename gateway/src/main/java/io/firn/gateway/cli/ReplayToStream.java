package io.firn.gateway.cli;

import io.firn.cold.ColdRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Records of several partitions on one stream: whole lines, those of a partition in their order, side by side with those of the others.
 *
 * <p>Each lane collects lines, up to {@value #LANE_BYTES} bytes and one record more, and writes them while it holds the lock. When the reader is gone ({@code | head}), what comes is thrown away and {@link #readerGone} says so.
 */
final class ReplayToStream implements ReplayTarget {

    private static final int LANE_BYTES = 1 << 16;

    private final OutputStream out;
    private final ReplayFormat format;
    private final ReentrantLock writing = new ReentrantLock();
    private final AtomicBoolean readerGone = new AtomicBoolean();

    ReplayToStream(OutputStream out, ReplayFormat format) {
        this.out = out;
        this.format = format;
    }

    @Override
    public Lane lane(int partition) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        return new Lane() {
            @Override
            public void write(ColdRecord record) {
                try {
                    format.write(partition, record, lines);
                } catch (IOException impossible) {
                    throw new IllegalStateException(impossible);
                }
                if (lines.size() >= LANE_BYTES) {
                    print(lines);
                }
            }

            @Override
            public void finish() {
                print(lines);
            }

            @Override
            public void close() {
                lines.reset();
            }
        };
    }

    private void print(ByteArrayOutputStream lines) {
        writing.lock();
        try {
            if (!readerGone.get()) {
                lines.writeTo(out);
                out.flush();
            }
        } catch (IOException failed) {
            gone(failed);
        } finally {
            writing.unlock();
        }
        lines.reset();
    }

    private void gone(IOException failed) {
        RecordOutput.refused(failed); // throws, unless the reader is gone
        readerGone.set(true);
    }

    /** Nobody reads any more: there is no use in going on. */
    boolean readerGone() {
        return readerGone.get();
    }

    @Override
    public void close() {
        // the stream is the process's
    }
}
