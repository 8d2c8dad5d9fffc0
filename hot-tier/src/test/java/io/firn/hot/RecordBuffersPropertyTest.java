package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** A run of bytes in any number of buffers behaves as the same bytes in one buffer. */
class RecordBuffersPropertyTest {

    @Test
    void scatteredBytesReadAndWriteLikeOneBuffer() {
        Seeds.each(500, random -> {
            byte[] content = new byte[random.nextInt(200)];
            random.nextBytes(content);
            ByteBuffer whole = ByteBuffer.wrap(content.clone());
            RecordBuffers scattered = RecordBuffers.of(split(content, random));
            assertThat(scattered.sizeBytes()).isEqualTo(content.length);
            for (int step = 0; step < 100 && content.length > 0; step++) {
                accessBoth(whole, scattered, random);
            }
            assertThat(content(scattered)).isEqualTo(whole.array());
        });
    }

    @Test
    void sliceIsAViewOfTheSameBytes() {
        Seeds.each(300, random -> {
            byte[] content = new byte[1 + random.nextInt(100)];
            random.nextBytes(content);
            RecordBuffers scattered = RecordBuffers.of(split(content, random));
            int from = random.nextInt(content.length + 1);
            int to = from + random.nextInt(content.length + 1 - from);
            RecordBuffers slice = scattered.slice(from, to);
            assertThat(content(slice)).isEqualTo(Arrays.copyOfRange(content, from, to));
            if (to > from) {
                int at = random.nextInt(to - from);
                slice.putByte(at, (byte) (content[from + at] + 1));
                assertThat(scattered.byteAt(from + at)).isEqualTo((byte) (content[from + at] + 1));
            }
        });
    }

    @Test
    void accessOutsideIsRefused() {
        RecordBuffers bytes = RecordBuffers.of(ByteBuffer.allocate(3), ByteBuffer.allocate(6));
        assertThatThrownBy(() -> bytes.byteAt(9)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> bytes.byteAt(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> bytes.longAt(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> bytes.intAt(6)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> bytes.shortAt(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> bytes.putLong(2, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> bytes.intAt(Integer.MAX_VALUE)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> bytes.crc32c(3, 10)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> bytes.slice(5, 4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> RecordBuffers.of().byteAt(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void borrowedBuffersKeepPositionAndLimit() {
        ByteBuffer borrowed = ByteBuffer.allocateDirect(20).position(3).limit(17);
        RecordBuffers bytes = RecordBuffers.of(borrowed);
        bytes.crc32c(0, 14);
        bytes.nioBuffers()[0].position(5);
        assertThat(bytes.sizeBytes()).isEqualTo(14);
        assertThat(borrowed.position()).isEqualTo(3);
        assertThat(borrowed.limit()).isEqualTo(17);
        assertThat(bytes.nioBuffers()[0].remaining()).isEqualTo(14);
    }

    private static void accessBoth(ByteBuffer whole, RecordBuffers scattered, Random random) {
        int width = Math.min(1 << random.nextInt(4), Integer.highestOneBit(whole.capacity()));
        int index = random.nextInt(whole.capacity() - width + 1);
        long value = random.nextLong();
        switch (width) {
            case 1 -> {
                assertThat(scattered.byteAt(index)).isEqualTo(whole.get(index));
                scattered.putByte(index, (byte) value);
                whole.put(index, (byte) value);
            }
            case 2 -> {
                assertThat(scattered.shortAt(index)).isEqualTo(whole.getShort(index));
                scattered.putShort(index, (short) value);
                whole.putShort(index, (short) value);
            }
            case 4 -> {
                assertThat(scattered.intAt(index)).isEqualTo(whole.getInt(index));
                scattered.putInt(index, (int) value);
                whole.putInt(index, (int) value);
            }
            default -> {
                assertThat(scattered.longAt(index)).isEqualTo(whole.getLong(index));
                scattered.putLong(index, value);
                whole.putLong(index, value);
            }
        }
        int from = random.nextInt(whole.capacity() + 1);
        int to = from + random.nextInt(whole.capacity() + 1 - from);
        assertThat(scattered.crc32c(from, to)).isEqualTo(crc(whole.array(), from, to));
    }

    private static int crc(byte[] bytes, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, to - from);
        return (int) crc.getValue();
    }

    private static byte[] content(RecordBuffers bytes) {
        ByteBuffer content = ByteBuffer.allocate(bytes.sizeBytes());
        for (ByteBuffer buffer : bytes.nioBuffers()) {
            content.put(buffer);
        }
        return content.array();
    }

    /** The content in buffers of random sizes, some empty, some direct, all with a margin around the bytes. */
    private static ByteBuffer[] split(byte[] content, Random random) {
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int at = 0; at < content.length || random.nextInt(4) == 0; ) {
            int size = Math.min(content.length - at, random.nextInt(random.nextBoolean() ? 4 : 60));
            int margin = random.nextInt(3);
            ByteBuffer buffer = random.nextBoolean() ? ByteBuffer.allocate(size + 2 * margin) : ByteBuffer.allocateDirect(size + 2 * margin);
            buffer.put(margin, content, at, size).position(margin).limit(margin + size);
            buffers.add(buffer);
            at += size;
        }
        return buffers.toArray(ByteBuffer[]::new);
    }
}
