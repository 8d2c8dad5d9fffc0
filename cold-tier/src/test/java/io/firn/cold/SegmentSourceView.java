package io.firn.cold;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Another source, to be overridden where a test wants it to misbehave. */
public class SegmentSourceView implements SegmentSource {

    private final SegmentSource source;

    public SegmentSourceView(SegmentSource source) {
        this.source = source;
    }

    @Override
    public long baseOffset() {
        return source.baseOffset();
    }

    @Override
    public long nextOffset() {
        return source.nextOffset();
    }

    @Override
    public long logSizeBytes() {
        return source.logSizeBytes();
    }

    @Override
    public long maxTimestampMs() {
        return source.maxTimestampMs();
    }

    @Override
    public int readLog(long position, ByteBuffer target) throws IOException {
        return source.readLog(position, target);
    }

    @Override
    public ByteBuffer offsetIndex() throws IOException {
        return source.offsetIndex();
    }

    @Override
    public ByteBuffer timeIndex() throws IOException {
        return source.timeIndex();
    }

    @Override
    public ByteBuffer transactionIndex() throws IOException {
        return source.transactionIndex();
    }

    @Override
    public ByteBuffer leaderEpochs() throws IOException {
        return source.leaderEpochs();
    }

    @Override
    public ByteBuffer producerSnapshot() throws IOException {
        return source.producerSnapshot();
    }
}
