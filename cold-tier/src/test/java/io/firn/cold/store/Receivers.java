package io.firn.cold.store;

import io.firn.cold.ObjectStore;
import java.nio.ByteBuffer;
import java.util.List;

/** Receivers of bodies for tests of the client libraries. */
public final class Receivers {

    private Receivers() {}

    /** For as many bytes from {@code from} on as remain in {@code target}. */
    public static BodyReceiver ofRange(long from, ByteBuffer target) {
        return BodyReceiver.ofRange("test", from, List.of(target), full -> { });
    }

    /** For as many bytes from 0 on as remain in {@code targets}. */
    public static BodyReceiver ofTargets(List<ByteBuffer> targets, ObjectStore.Progress progress) {
        return BodyReceiver.ofRange("test", 0, targets, progress);
    }

    /** For a whole small object. */
    public static BodyReceiver ofSmall() {
        return BodyReceiver.ofSmall("test");
    }
}
