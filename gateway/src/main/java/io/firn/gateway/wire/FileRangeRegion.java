package io.firn.gateway.wire;

import io.firn.hot.FileRange;
import io.netty.channel.FileRegion;
import io.netty.util.AbstractReferenceCounted;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/**
 * A part of a segment file on its way to a socket: Netty calls {@link #transferTo} with the socket itself, so that the kernel copies.
 *
 * <p>Holds one reference to the range from construction to deallocation. Threading: confined to the connection's loop.
 */
final class FileRangeRegion extends AbstractReferenceCounted implements FileRegion {

    private final FileRange range;
    private final int start;
    private final int count;
    private long transferred;

    /** The {@code count} bytes from {@code start} of {@code range}; takes a reference of its own. */
    FileRangeRegion(FileRange range, int start, int count) {
        this.range = range.retain();
        this.start = start;
        this.count = count;
    }

    @Override
    public long position() {
        return start;
    }

    @Override
    @Deprecated
    public long transfered() {
        return transferred;
    }

    @Override
    public long transferred() {
        return transferred;
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public long transferTo(WritableByteChannel target, long position) throws IOException {
        long left = count - position;
        if (left <= 0) {
            return 0;
        }
        long sent = range.transferTo(start + position, left, target);
        if (sent > 0) {
            transferred += sent;
        }
        return sent;
    }

    @Override
    protected void deallocate() {
        range.release();
    }

    @Override
    public FileRegion retain() {
        super.retain();
        return this;
    }

    @Override
    public FileRegion retain(int increment) {
        super.retain(increment);
        return this;
    }

    @Override
    public FileRegion touch() {
        return this;
    }

    @Override
    public FileRegion touch(Object hint) {
        return this;
    }
}
