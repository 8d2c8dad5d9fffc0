package io.firn.retention;

import io.firn.cold.ColdRead;
import io.firn.hot.FileRange;
import java.util.concurrent.CompletableFuture;

/** Where the bytes for a read are. */
public sealed interface TieredRead {

    /** In a local segment. The receiver owns one reference. */
    record Hot(FileRange range) implements TieredRead {}

    /** On their way from the cold tier. Whoever receives the result releases it; completes on the partition's loop, fails with {@link io.firn.cold.ColdStoreException}. */
    record Cold(CompletableFuture<ColdRead> read) implements TieredRead {}

    /** Nothing to read at this offset yet. */
    record AtEnd() implements TieredRead {}

    record OutOfRange() implements TieredRead {}

    /** The bytes exist but cannot be reached now (cold tier not opened yet, or the bucket is away). Retriable. */
    record Unavailable(String reason) implements TieredRead {}

    /** A tier is out of service until an operator acts, or the offset is in neither. */
    record Offline(String reason) implements TieredRead {}
}
