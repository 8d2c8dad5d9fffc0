package io.firn.cold.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Files in memory that can fail, be full and rot. Holds its users to the port: nothing is written twice, read before it was written, or used after it was deleted. */
final class SimRegions implements RegionFiles {

    long usableBytes = 1 << 30;
    boolean failing;
    boolean emptied;
    private boolean opened;
    /** Most bytes that were in files at a time. */
    long mostBytes;
    private final List<SimRegion> live = new ArrayList<>();

    @Override
    public void empty() throws IOException {
        failIfToldTo();
        emptied = true;
    }

    @Override
    public void open() throws IOException {
        failIfToldTo();
        opened = true;
    }

    @Override
    public Region create() throws IOException {
        failIfToldTo();
        if (!opened || !emptied) {
            throw new AssertionError("Used before it was opened");
        }
        SimRegion region = new SimRegion();
        live.add(region);
        return region;
    }

    @Override
    public long usableBytes() throws IOException {
        failIfToldTo();
        return usableBytes;
    }

    int files() {
        return live.size();
    }

    private long bytes() {
        return live.stream().mapToLong(SimRegion::end).sum();
    }

    /** One bit of each chunk. */
    void rot() {
        live.forEach(region -> region.written.values().forEach(bytes -> bytes[0] ^= 1));
    }

    private void failIfToldTo() throws IOException {
        if (failing) {
            throw new IOException("simulated");
        }
    }

    private final class SimRegion implements Region {

        private final TreeMap<Long, byte[]> written = new TreeMap<>();
        private boolean deleted;

        private long end() {
            return written.isEmpty() ? 0 : written.lastKey() + written.lastEntry().getValue().length;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            failIfToldTo();
            if (deleted || position < end()) {
                throw new AssertionError("Written over at " + position + ", deleted " + deleted);
            }
            byte[] bytes = new byte[source.remaining()];
            source.get(bytes);
            written.put(position, bytes);
            mostBytes = Math.max(mostBytes, bytes());
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            failIfToldTo();
            byte[] bytes = written.get(position);
            if (deleted || bytes == null) {
                throw new AssertionError("Read at " + position + " what is not there, deleted " + deleted);
            }
            int count = Math.min(target.remaining(), bytes.length);
            target.put(bytes, 0, count);
            return count;
        }

        @Override
        public void delete() throws IOException {
            if (deleted) {
                throw new AssertionError("Deleted twice");
            }
            deleted = true;
            live.remove(this);
            failIfToldTo();
        }
    }
}
