package io.firn.it.cp;

import io.firn.membership.storage.AppendFile;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A folder that ends its process, or is full, at a chosen moment. The process is ended from within as {@code kill -9} would: with nothing run any more.
 *
 * <p>Fault {@code halt:N} ends it at the N-th change, counted from 1, just before the change; {@code -} is none.
 */
final class FaultyFolder implements Folder {

    private final Folder folder;
    private final int haltAt;
    private final AtomicInteger changes = new AtomicInteger();
    private volatile boolean full;

    FaultyFolder(Folder folder, String fault) {
        this.folder = folder;
        this.haltAt = fault.startsWith("halt:") ? Integer.parseInt(fault.substring("halt:".length())) : Integer.MAX_VALUE;
    }

    void fill() {
        full = true;
    }

    private void change() throws IOException {
        if (changes.incrementAndGet() >= haltAt) {
            Runtime.getRuntime().halt(9);
        }
        if (full) {
            throw new IOException("No space left on device");
        }
    }

    @Override
    public Set<String> names() throws IOException {
        return folder.names();
    }

    @Override
    public byte[] read(String name) throws IOException {
        return folder.read(name);
    }

    @Override
    public AppendFile append(String name) throws IOException {
        change();
        return new FaultyFile(folder.append(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        change();
        folder.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        change();
        folder.delete(name);
    }

    @Override
    public void force() throws IOException {
        change();
        folder.force();
    }

    @Override
    public long usableBytes() throws IOException {
        return full ? 0 : folder.usableBytes();
    }

    @Override
    public void close() {
        folder.close();
    }

    private final class FaultyFile implements AppendFile {
        private final AppendFile file;

        FaultyFile(AppendFile file) {
            this.file = file;
        }

        @Override
        public void append(ByteBuffer bytes) throws IOException {
            change();
            file.append(bytes);
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            change();
            file.truncate(sizeBytes);
        }

        @Override
        public void force() throws IOException {
            change();
            file.force();
        }

        @Override
        public long sizeBytes() {
            return file.sizeBytes();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
