package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What counts as the whole body, and what no longer touches its targets. */
class BodyReceiverTest {

    private static ByteBuffer ascii(String text) {
        return StandardCharsets.US_ASCII.encode(text);
    }

    private static String text(ByteBuffer buffer) {
        return StandardCharsets.US_ASCII.decode(buffer.duplicate()).toString();
    }

    @Test
    void piecesAreSpreadOverTheTargetsWhateverTheirBorders() {
        ByteBuffer first = ByteBuffer.allocate(5).position(1).limit(4);
        ByteBuffer second = ByteBuffer.allocateDirect(4);
        BodyReceiver receiver = BodyReceiver.ofRange("key", 10, List.of(first, second), full -> {});
        assertThat(receiver.rangeHeader()).contains("bytes=10-16");
        receiver.begin(7, "bytes 10-16/100");
        receiver.accept(ascii("ab"));
        receiver.accept(ascii("cdef"));
        receiver.accept(ascii("g"));
        receiver.end();
        assertThat(text(first)).isEqualTo("abc");
        assertThat(text(second)).isEqualTo("defg");
    }

    @Test
    void eachTargetIsToldWhenItIsFullAndNoneAfterTheEnd() {
        List<Integer> told = new ArrayList<>();
        List<ByteBuffer> targets = List.of(ByteBuffer.allocate(2), ByteBuffer.allocate(0), ByteBuffer.allocate(2), ByteBuffer.allocate(2), ByteBuffer.allocate(2));
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, targets, told::add);
        receiver.begin(8, "bytes 0-7/8");
        receiver.accept(ascii("a"));
        assertThat(told).isEmpty();
        receiver.accept(ascii("b"));
        receiver.accept(ascii("cdef"));
        assertThat(told).containsExactly(1, 4);
        receiver.close();
        receiver.accept(ascii("gh"));
        assertThat(told).containsExactly(1, 4);
    }

    @Test
    void aBodyThatEndsEarlyOrGoesOnIsUnavailable() {
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, List.of(ByteBuffer.allocate(3)), full -> {});
        receiver.begin(3, "bytes 0-2/3");
        receiver.accept(ascii("ab"));
        assertThatThrownBy(receiver::end).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThatThrownBy(() -> receiver.accept(ascii("cd"))).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void anObjectShorterThanTheRangeIsCorrupt() {
        BodyReceiver receiver = BodyReceiver.ofRange("key", 5, List.of(ByteBuffer.allocate(10)), full -> {});
        assertThatThrownBy(() -> receiver.begin(5, "bytes 5-9/10")).isInstanceOf(ColdStoreException.Corrupt.class);
    }

    @Test
    void anAnswerToAnotherRequestIsUnavailable() {
        BodyReceiver receiver = BodyReceiver.ofRange("key", 5, List.of(ByteBuffer.allocate(5)), full -> {});
        assertThatThrownBy(() -> receiver.begin(5, "bytes 50-54/100")).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("50-54");
        assertThatThrownBy(() -> receiver.begin(5, "bytes 0-4/5")).as("of a shorter object").isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void aStoreThatIgnoresRangesIsMisconfigured() {
        BodyReceiver receiver = BodyReceiver.ofRange("key", 5, List.of(ByteBuffer.allocate(10)), full -> {});
        assertThatThrownBy(() -> receiver.begin(100, "")).isInstanceOf(ColdStoreException.Misconfigured.class);
    }

    @Test
    void aSmallObjectIsTakenWholeUpToTheLimit() {
        BodyReceiver receiver = BodyReceiver.ofSmall("key");
        assertThat(receiver.rangeHeader()).isEmpty();
        receiver.begin(3, "");
        receiver.accept(ascii("abc"));
        receiver.end();
        assertThat(text(receiver.small())).isEqualTo("abc");
        BodyReceiver tooLarge = BodyReceiver.ofSmall("key");
        assertThatThrownBy(() -> tooLarge.begin(ObjectStore.SMALL_OBJECT_LIMIT_BYTES + 1, "")).isInstanceOf(ColdStoreException.Corrupt.class);
        BodyReceiver unknown = BodyReceiver.ofSmall("key");
        assertThatThrownBy(() -> unknown.begin(-1, "")).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void afterItsEndNothingIsWrittenAnyMore() {
        ByteBuffer target = ByteBuffer.allocate(4);
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, List.of(target), full -> {});
        receiver.begin(4, "bytes 0-3/4");
        receiver.accept(ascii("ab"));
        receiver.close();
        receiver.accept(ascii("cd"));
        assertThat(target.get(2)).isZero();
    }
}
