package io.firn.cold;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * One record of the cold tier. Key and values are read-only views that are valid while the callback that got the record runs; copy what is to be kept.
 *
 * @param timestampMs Unix milliseconds; -1 if none
 * @param key empty where it is null
 * @param value empty where it is null: a tombstone
 */
public record ColdRecord(long offset, long timestampMs, Optional<ByteBuffer> key, Optional<ByteBuffer> value, List<Header> headers) {

    /** A header; a name may come several times. */
    public record Header(String name, Optional<ByteBuffer> value) {}
}
