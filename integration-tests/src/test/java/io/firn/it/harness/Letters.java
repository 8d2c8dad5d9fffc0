package io.firn.it.harness;

import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Compares what was read with what was sent. A difference is told by the first record that has one: lists of thousands help nobody. */
public final class Letters {

    private Letters() {}

    /** {@code read} are exactly {@code sent}, at contiguous offsets from {@code firstOffset} on. */
    public static void verify(String what, List<ConsumerRecord<byte[], byte[]>> read, List<Letter> sent, long firstOffset) {
        int common = Math.min(read.size(), sent.size());
        for (int i = 0; i < common; i++) {
            if (read.get(i).offset() != firstOffset + i) {
                throw new AssertionError(what + ": offset " + read.get(i).offset() + " instead of " + (firstOffset + i));
            }
            if (!Letter.of(read.get(i)).equals(sent.get(i))) {
                throw new AssertionError(what + " at offset " + (firstOffset + i) + ": " + Letter.of(read.get(i)) + " instead of " + sent.get(i));
            }
        }
        if (read.size() != sent.size()) {
            throw new AssertionError(what + ": " + read.size() + " records instead of " + sent.size());
        }
    }

    /** The same from offset 0. */
    public static void verify(String what, List<ConsumerRecord<byte[], byte[]>> read, List<Letter> sent) {
        verify(what, read, sent, 0);
    }
}
