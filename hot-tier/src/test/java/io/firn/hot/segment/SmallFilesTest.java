package io.firn.hot.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** Formats of the files that are ours alone: bytes that were written once are read for ever. */
final class SmallFilesTest {

    private static ByteBuffer hex(String bytes) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(bytes.replace(" ", "")));
    }

    private static ByteBuffer signed(String body) {
        ByteBuffer bytes = hex(body);
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate());
        return ByteBuffer.allocate(bytes.remaining() + 4).put(bytes).putInt((int) crc.getValue()).flip();
    }

    @Test
    void aCheckpointIsWrittenAsVersionTwo() throws CorruptStateException {
        PartitionCheckpoint checkpoint = new PartitionCheckpoint(0x500, 0x40, 0x10, 0x20, 0x300, 0x2ff);
        ByteBuffer golden = signed("0002 0000000000000500 00000040 0000000000000010 0000000000000020 0000000000000300 00000000000002ff");
        assertThat(checkpoint.toBytes()).isEqualTo(golden);
        assertThat(PartitionCheckpoint.fromBytes(golden)).isEqualTo(checkpoint);
    }

    @Test
    void aCheckpointOfVersionOneIsOfALogNeverCompacted() throws CorruptStateException {
        ByteBuffer old = signed("0001 0000000000000500 00000040 0000000000000010 0000000000000020");
        assertThat(PartitionCheckpoint.fromBytes(old)).isEqualTo(new PartitionCheckpoint(0x500, 0x40, 0x10, 0x20, 0, 0));
    }

    @Test
    void aDamagedOrUnknownCheckpointIsRefused() {
        ByteBuffer bytes = new PartitionCheckpoint(5, 0, 0, 0, 3, 2).toBytes();
        for (int at = 0; at < bytes.limit(); at++) {
            ByteBuffer damaged = ByteBuffer.allocate(bytes.limit()).put(bytes.duplicate()).flip();
            damaged.put(at, (byte) (damaged.get(at) ^ 4));
            assertThatThrownBy(() -> PartitionCheckpoint.fromBytes(damaged)).isInstanceOf(CorruptStateException.class);
        }
        ByteBuffer unknown = signed("0003 0000000000000500 00000040 0000000000000010 0000000000000020 0000000000000300 00000000000002ff");
        assertThatThrownBy(() -> PartitionCheckpoint.fromBytes(unknown)).isInstanceOf(CorruptStateException.class).hasMessageContaining("version 3");
    }

    @Test
    void aSwapNamesTheRangeAndItsNewSegments() throws CorruptStateException {
        SegmentSwap swap = new SegmentSwap(0x10, 0x90, List.of(0x10L, 0x55L));
        ByteBuffer golden = signed("0001 0000000000000010 0000000000000090 00000002 0000000000000010 0000000000000055");
        assertThat(swap.toBytes()).isEqualTo(golden);
        assertThat(SegmentSwap.fromBytes(golden)).isEqualTo(swap);
        golden.put(20, (byte) 1);
        assertThatThrownBy(() -> SegmentSwap.fromBytes(golden.rewind())).isInstanceOf(CorruptStateException.class);
    }
}
