package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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

    // Read into the target itself

    private static ReadableByteChannel socket(String content) {
        return Channels.newChannel(new ByteArrayInputStream(content.getBytes(StandardCharsets.US_ASCII)));
    }

    private static void read(BodyReceiver receiver, int limit, String content) throws IOException {
        assertThat(receiver.read(socket(content), receiver.room(limit).orElseThrow())).isEqualTo(content.length());
    }

    @Test
    void whatWasReadIntoItsTargetCountsWhenItComesAsAPieceAndIsNotCopied() throws IOException {
        List<Integer> told = new ArrayList<>();
        ByteBuffer first = ByteBuffer.allocateDirect(5).position(1).limit(4);
        ByteBuffer third = ByteBuffer.allocateDirect(4);
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, List.of(first, ByteBuffer.allocateDirect(0), third), told::add);
        receiver.begin(7, "bytes 0-6/7");
        receiver.accept(ascii("a"));
        assertThat(receiver.room(100)).as("of one target").hasValueSatisfying(room -> assertThat(room.remaining()).isEqualTo(2));
        read(receiver, 100, "bc");
        assertThat(told).isEmpty();
        assertThat(receiver.room(100)).as("before the piece has come").isEmpty();
        receiver.accept(ascii("?"));
        assertThat(told).isEmpty();
        receiver.accept(ascii("?"));
        assertThat(told).containsExactly(1);
        read(receiver, 3, "def");
        receiver.accept(ascii("???"));
        receiver.accept(ascii("g"));
        assertThat(told).containsExactly(1, 2, 3);
        receiver.end();
        assertThat(receiver.room(100)).as("when all is full").isEmpty();
        assertThat(text(first)).isEqualTo("abc");
        assertThat(text(third)).isEqualTo("defg");
    }

    @Test
    void whatWasReadAndHasNotComeIsLackingAtTheEnd() throws IOException {
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, List.of(ByteBuffer.allocateDirect(2)), full -> {});
        receiver.begin(2, "bytes 0-1/2");
        read(receiver, 2, "ab");
        assertThatThrownBy(receiver::end).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void aPieceThatWasReadIntoItsTargetInPartIsRefused() throws IOException {
        ByteBuffer target = ByteBuffer.allocateDirect(4);
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, List.of(target), full -> {});
        receiver.begin(4, "bytes 0-3/4");
        read(receiver, 2, "ab");
        assertThatThrownBy(() -> receiver.accept(ascii("abc"))).isInstanceOf(IllegalStateException.class);
        assertThat(target.get(2)).isZero();
    }

    @Test
    void aReadThatBringsNothingOrFailsLeavesAllAsItWas() throws IOException {
        ByteBuffer target = ByteBuffer.allocateDirect(2);
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, List.of(target), full -> {});
        receiver.begin(2, "bytes 0-1/2");
        ReadableByteChannel closed = socket("");
        closed.close();
        assertThatThrownBy(() -> receiver.read(closed, receiver.room(2).orElseThrow())).isInstanceOf(IOException.class);
        assertThat(receiver.read(socket(""), receiver.room(2).orElseThrow())).isEqualTo(-1);
        receiver.accept(ascii("ab"));
        receiver.end();
        assertThat(text(target)).isEqualTo("ab");
    }

    @Test
    void thereIsNoRoomOnTheHeapAndNoneAfterTheEnd() throws IOException {
        assertThat(BodyReceiver.ofRange("key", 0, List.of(ByteBuffer.allocate(2)), full -> {}).room(2)).isEmpty();
        ByteBuffer target = ByteBuffer.allocateDirect(2);
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, List.of(target), full -> {});
        ByteBuffer room = receiver.room(2).orElseThrow();
        receiver.close();
        assertThat(receiver.room(2)).isEmpty();
        assertThat(receiver.read(socket("ab"), room)).isZero();
        assertThat(target.get(0)).isZero();
    }

    @Test
    void closingWaitsForAReadThatIsUnderWay() throws IOException, InterruptedException {
        ByteBuffer target = ByteBuffer.allocateDirect(2);
        BodyReceiver receiver = BodyReceiver.ofRange("key", 0, List.of(target), full -> {});
        AtomicBoolean closed = new AtomicBoolean();
        AtomicReference<Boolean> closedDuringTheRead = new AtomicReference<>();
        Thread closing = new Thread(() -> {
            receiver.close();
            closed.set(true);
        });
        receiver.read(new SimSocket(into -> {
            closing.start();
            while (closing.getState() != Thread.State.BLOCKED && closing.isAlive()) {
                Thread.onSpinWait();
            }
            closedDuringTheRead.set(closed.get());
            into.put(ascii("ab"));
            return 2;
        }), receiver.room(2).orElseThrow());
        closing.join();
        assertThat(closedDuringTheRead).hasValue(false);
    }

    private interface Reading {
        int into(ByteBuffer target);
    }

    private record SimSocket(Reading reading) implements ReadableByteChannel {

        @Override
        public int read(ByteBuffer target) {
            return reading.into(target);
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
