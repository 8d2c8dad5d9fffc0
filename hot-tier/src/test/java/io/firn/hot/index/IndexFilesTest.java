package io.firn.hot.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class IndexFilesTest {

    private static final long BASE = 1000;

    @Test
    void offsetIndexBytesAreKafkasFormat() {
        OffsetIndex index = OffsetIndex.empty(BASE);
        index.append(1004, 0x100);
        index.append(1009, 0x2345);
        assertThat(hex(index.toBytes())).isEqualTo("00000004" + "00000100" + "00000009" + "00002345");
    }

    @Test
    void timeIndexBytesAreKafkasFormat() {
        TimeIndex index = TimeIndex.empty(BASE);
        index.append(0x1234, 1004);
        index.append(0x1234, 1005);
        index.append(0x1235, 1005);
        assertThat(hex(index.toBytes())).isEqualTo("0000000000001234" + "00000004" + "0000000000001235" + "00000005");
    }

    @Test
    void transactionIndexBytesAreKafkasFormat() {
        TransactionIndex index = TransactionIndex.empty(BASE);
        index.append(new AbortedTransaction(7, 900, 1001, 950));
        assertThat(hex(index.toBytes())).isEqualTo("0000" + "0000000000000007" + "0000000000000384" + "00000000000003e9" + "00000000000003b6");
    }

    @Test
    void lookupsBelowTheFirstEntryBeginAtTheSegmentsStart() {
        OffsetIndex offsets = OffsetIndex.empty(BASE);
        assertThat(offsets.positionBefore(BASE)).isZero();
        assertThat(offsets.ceilingSlotOfPosition(0)).isEqualTo(-1);
        offsets.append(1004, 100);
        assertThat(offsets.floorSlot(1003)).isEqualTo(-1);
        assertThat(offsets.positionBefore(1003)).isZero();
        assertThat(offsets.positionBefore(1004)).isEqualTo(100);
        TimeIndex times = TimeIndex.empty(BASE);
        times.append(50, 1004);
        assertThat(times.offsetBefore(50)).isEqualTo(BASE);
        assertThat(times.offsetBefore(51)).isEqualTo(1004);
        assertThat(times.offsetBefore(Long.MIN_VALUE)).isEqualTo(BASE);
    }

    @Test
    void recordsWithoutTimestampLeaveNoTimeEntry() {
        TimeIndex index = TimeIndex.empty(BASE);
        index.append(-1, BASE);
        assertThat(index.entries()).isZero();
    }

    @Test
    void offsetsThatDoNotFitThirtyOneBitsCannotBeHeld() {
        OffsetIndex index = OffsetIndex.empty(BASE);
        assertThat(index.canHold(BASE + Integer.MAX_VALUE)).isTrue();
        assertThat(index.canHold(BASE + Integer.MAX_VALUE + 1L)).isFalse();
        assertThat(index.canHold(BASE - 1)).isFalse();
        assertThatThrownBy(() -> index.append(BASE + Integer.MAX_VALUE + 1L, 5)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void entriesOutOfOrderAreAProgrammersError() {
        OffsetIndex offsets = OffsetIndex.empty(BASE);
        offsets.append(1004, 100);
        assertThatThrownBy(() -> offsets.append(1004, 200)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> offsets.append(1005, 100)).isInstanceOf(IllegalArgumentException.class);
        TimeIndex times = TimeIndex.empty(BASE);
        times.append(5, 1004);
        assertThatThrownBy(() -> times.append(6, 1003)).isInstanceOf(IllegalArgumentException.class);
        TransactionIndex transactions = TransactionIndex.empty(BASE);
        assertThatThrownBy(() -> transactions.append(new AbortedTransaction(1, 5, BASE - 1, 5))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> transactions.append(new AbortedTransaction(1, 2000, 1500, 5))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void fileThatIsNoWholeEntriesIsRefused() {
        for (int size = 1; size < 100; size++) {
            ByteBuffer file = ByteBuffer.allocate(size);
            if (size % OffsetIndex.ENTRY_BYTES != 0) {
                assertThatThrownBy(() -> OffsetIndex.fromBytes(BASE, file)).isInstanceOf(CorruptStateException.class);
            }
            if (size % TimeIndex.ENTRY_BYTES != 0) {
                assertThatThrownBy(() -> TimeIndex.fromBytes(BASE, file)).isInstanceOf(CorruptStateException.class);
            }
            if (size % TransactionIndex.ENTRY_BYTES != 0) {
                assertThatThrownBy(() -> TransactionIndex.fromBytes(BASE, file)).isInstanceOf(CorruptStateException.class);
            }
        }
    }

    @Test
    void fileThatDoesNotIncreaseIsRefused() {
        assertCorruptOffsets("00000004" + "00000100" + "00000004" + "00000200");
        assertCorruptOffsets("00000004" + "00000100" + "00000005" + "00000100");
        assertCorruptOffsets("00000004" + "00000100" + "00000000" + "00000000");
        assertCorruptOffsets("80000004" + "00000100");
        assertCorruptOffsets("00000004" + "80000100");
        assertCorruptTimes("0000000000001234" + "80000004");
        assertCorruptTimes("0000000000001234" + "00000004" + "0000000000001234" + "00000005");
        assertCorruptTimes("0000000000001234" + "00000004" + "0000000000001235" + "00000003");
        assertCorruptTransactions("0001" + "0000000000000007" + "0000000000000384" + "00000000000003e9" + "00000000000003b6");
        assertCorruptTransactions("0000" + "0000000000000007" + "0000000000000384" + "00000000000003e7" + "00000000000003b6");
        assertCorruptTransactions("0000" + "0000000000000007" + "00000000000003ea" + "00000000000003e9" + "00000000000003b6");
        assertCorruptTransactions(("0000" + "0000000000000007" + "0000000000000384" + "00000000000003e9" + "00000000000003b6").repeat(2));
    }

    @Test
    void truncationDropsTheEntriesAtAndAboveTheOffset() {
        OffsetIndex offsets = OffsetIndex.empty(BASE);
        TimeIndex times = TimeIndex.empty(BASE);
        TransactionIndex transactions = TransactionIndex.empty(BASE);
        for (int i = 1; i <= 200; i++) {
            offsets.append(BASE + 10 * i, 100 * i);
            times.append(i, BASE + 10 * i);
            transactions.append(new AbortedTransaction(1, BASE, BASE + 10 * i, BASE));
        }
        ByteBuffer before = offsets.toBytes();
        offsets.truncateTo(BASE + 50);
        times.truncateTo(BASE + 51);
        transactions.truncateTo(BASE + 50);
        assertThat(offsets.entries()).isEqualTo(4);
        assertThat(times.entries()).isEqualTo(5);
        assertThat(transactions.entries()).isEqualTo(4);

        offsets.append(BASE + 51, 777);
        assertThat(offsets.position(4)).isEqualTo(777);
        assertThat(before.getInt(4 * 8 + 4)).as("a view taken before the truncation").isEqualTo(500);
    }

    @Test
    void indexReadFromAFileGrowsInACopy() throws CorruptStateException {
        ByteBuffer file = ByteBuffer.wrap(HexFormat.of().parseHex("00000004" + "00000100" + "ffffffffffffffff")).limit(8);
        OffsetIndex index = OffsetIndex.fromBytes(BASE, file);
        index.append(1010, 0x200);
        assertThat(hex(index.toBytes())).isEqualTo("00000004" + "00000100" + "0000000a" + "00000200");
        assertThat(file.getLong(0)).isEqualTo(0x0000000400000100L);
        assertThat(file.limit(16).getLong(8)).isEqualTo(-1);
    }

    private static void assertCorruptOffsets(String hex) {
        assertThatThrownBy(() -> OffsetIndex.fromBytes(BASE, parse(hex))).isInstanceOf(CorruptStateException.class);
    }

    private static void assertCorruptTimes(String hex) {
        assertThatThrownBy(() -> TimeIndex.fromBytes(BASE, parse(hex))).isInstanceOf(CorruptStateException.class);
    }

    private static void assertCorruptTransactions(String hex) {
        assertThatThrownBy(() -> TransactionIndex.fromBytes(BASE, parse(hex))).isInstanceOf(CorruptStateException.class);
    }

    private static ByteBuffer parse(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex));
    }

    private static String hex(ByteBuffer bytes) {
        byte[] array = new byte[bytes.remaining()];
        bytes.get(array);
        return HexFormat.of().formatHex(array);
    }
}
