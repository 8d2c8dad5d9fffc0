package io.firn.hot;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** Bytes of a file of {@link SimDisk}: as the process sees them, and on the platter. Guarded by the disk's lock. */
final class SimFile implements SimDisk.SimNode {

    private byte[] live = new byte[64];
    private int size;
    private byte[] durable = new byte[0];
    long modifiedMs;

    int sizeBytes() {
        return size;
    }

    byte[] bytes() {
        return Arrays.copyOf(live, size);
    }

    void append(ByteBuffer buffer, int count) {
        if (size + count > live.length) {
            live = Arrays.copyOf(live, Math.max(size + count, live.length * 2));
        }
        buffer.get(live, size, count);
        size += count;
    }

    int read(ByteBuffer target, long position) {
        int count = (int) Math.max(0, Math.min(target.remaining(), size - position));
        if (count > 0) {
            target.put(live, (int) position, count);
        }
        return count;
    }

    void truncate(int newSize) {
        if (newSize < size) {
            Arrays.fill(live, newSize, size, (byte) 0);
            size = newSize;
        }
    }

    void force() {
        durable = bytes();
    }

    void flip(int position, int bit) {
        live[position] ^= (byte) (1 << bit);
        if (position < durable.length) {
            durable[position] ^= (byte) (1 << bit);
        }
    }

    void cut(int sizeBytes) {
        truncate(sizeBytes);
        force();
    }

    /** Size: the old, the new, or between. Each sector: old, new or, where there is no old, zeros. */
    void crash(Random random) {
        int least = Math.min(durable.length, size);
        int most = Math.max(durable.length, size);
        int newSize = switch (random.nextInt(3)) {
            case 0 -> durable.length;
            case 1 -> size;
            default -> least + random.nextInt(most - least + 1);
        };
        byte[] after = new byte[newSize];
        boolean orderly = random.nextBoolean();
        for (int from = 0; from < newSize; from += SimDisk.SECTOR_BYTES) {
            int to = Math.min(newSize, from + SimDisk.SECTOR_BYTES);
            boolean takeNew = orderly || random.nextBoolean();
            byte[] source = takeNew ? live : durable;
            int available = takeNew ? size : durable.length;
            int end = Math.min(to, available);
            if (end > from) {
                System.arraycopy(source, from, after, from, end - from);
            }
        }
        live = Arrays.copyOf(after, Math.max(64, newSize));
        size = newSize;
        force();
    }
}
