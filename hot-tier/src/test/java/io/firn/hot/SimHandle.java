package io.firn.hot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** An open {@link SimFile}. */
final class SimHandle implements DiskFile {

    private final SimDisk disk;
    private final Path path;
    private final SimFile file;
    private final int generation;
    private boolean closed;

    SimHandle(SimDisk disk, Path path, SimFile file, int generation) {
        this.disk = disk;
        this.path = path;
        this.file = file;
        this.generation = generation;
    }

    @Override
    public long sizeBytes() throws IOException {
        synchronized (disk.lock) {
            checkOpen();
            return file.sizeBytes();
        }
    }

    @Override
    public void append(ByteBuffer... buffers) throws IOException {
        synchronized (disk.lock) {
            checkOpen();
            file.modifiedMs = disk.nowMs();
            for (ByteBuffer buffer : buffers) {
                appendOne(buffer);
            }
        }
    }

    private void appendOne(ByteBuffer buffer) throws IOException {
        try {
            disk.check(SimDisk.Op.APPEND, path);
        } catch (IOException e) {
            file.append(buffer, disk.torn(buffer.remaining()));
            throw e;
        }
        long room = disk.roomBytes();
        if (room < buffer.remaining()) {
            file.append(buffer, (int) room);
            throw new DiskFullException("simulated disk is full", null);
        }
        file.append(buffer, buffer.remaining());
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        synchronized (disk.lock) {
            checkOpen();
            disk.check(SimDisk.Op.READ, path);
            return file.read(target, position);
        }
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.max(0, Math.min(count, sizeBytes() - position)));
        read(bytes, position);
        return target.write(bytes.flip());
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
        synchronized (disk.lock) {
            checkOpen();
            disk.check(SimDisk.Op.TRUNCATE, path);
            file.truncate((int) sizeBytes);
            file.modifiedMs = disk.nowMs();
        }
    }

    @Override
    public void force() throws IOException {
        synchronized (disk.lock) {
            checkOpen();
            disk.check(SimDisk.Op.FORCE, path);
            file.force();
        }
    }

    @Override
    public void close() {
        synchronized (disk.lock) {
            closed = true;
        }
    }

    private void checkOpen() throws IOException {
        disk.checkAlive(generation);
        if (closed) {
            throw new ClosedChannelException();
        }
    }
}
