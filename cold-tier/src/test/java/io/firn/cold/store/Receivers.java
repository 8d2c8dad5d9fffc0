package io.firn.cold.store;

import java.nio.ByteBuffer;
import java.util.List;

/** Receivers of bodies for tests of the client libraries. */
public final class Receivers {

    private Receivers() {}

    /** For as many bytes from {@code from} on as remain in {@code target}. */
    public static BodyReceiver ofRange(long from, ByteBuffer target) {
        return BodyReceiver.ofRange("test", from, List.of(target), full -> { });
    }

    /** For a whole small object. */
    public static BodyReceiver ofSmall() {
        return BodyReceiver.ofSmall("test");
    }
}
