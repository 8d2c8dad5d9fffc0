package io.firn.retention;

import io.firn.cold.SegmentSource;
import io.firn.hot.SealedSegment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A sealed local segment as the cold tier wants it. It remembers whether the local disk failed to deliver, so that a bad disk is not taken for a
 * bucket that is away.
 *
 * <p>Threading: as {@link SealedSegment}: any thread that may block.
 */
final class SealedSource implements SegmentSource {
    private final SealedSegment segment;
    private final AtomicReference<Exception> localFailure = new AtomicReference<>();

    SealedSource(SealedSegment segment) {
        this.segment = segment;
    }

    /** What went wrong on the local disk, if anything did. */
    Optional<Exception> localFailure() {
        return Optional.ofNullable(localFailure.get());
    }

    @Override
    public long baseOffset() {
        return segment.baseOffset();
    }

    @Override
    public long nextOffset() {
        return segment.nextOffset();
    }

    @Override
    public long logSizeBytes() {
        return segment.sizeBytes();
    }

    @Override
    public long maxTimestampMs() {
        return segment.maxTimestampMs();
    }

    @Override
    public int readLog(long position, ByteBuffer target) throws IOException {
        return local(() -> segment.readLog(position, target));
    }

    @Override
    public ByteBuffer offsetIndex() throws IOException {
        return local(segment::offsetIndex);
    }

    @Override
    public ByteBuffer timeIndex() throws IOException {
        return local(segment::timeIndex);
    }

    @Override
    public ByteBuffer transactionIndex() throws IOException {
        return local(segment::transactionIndex);
    }

    @Override
    public ByteBuffer leaderEpochs() throws IOException {
        return local(segment::leaderEpochs);
    }

    @Override
    public ByteBuffer producerSnapshot() throws IOException {
        return local(segment::producerSnapshot);
    }

    /** The files may go now. */
    void release() {
        segment.release();
    }

    private <T> T local(LocalRead<T> read) throws IOException {
        try {
            return read.run();
        } catch (IOException | RuntimeException e) {
            localFailure.compareAndSet(null, e);
            throw e;
        }
    }

    private interface LocalRead<T> {
        T run() throws IOException;
    }
}
