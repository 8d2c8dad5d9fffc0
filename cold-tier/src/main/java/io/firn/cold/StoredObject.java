package io.firn.cold;

import java.util.Objects;

/**
 * An object as the store describes it.
 *
 * @param key its key
 * @param sizeBytes exact size
 * @param modifiedAtMs the store's clock when it was written, Unix milliseconds (S3 rounds down to seconds)
 */
public record StoredObject(String key, long sizeBytes, long modifiedAtMs) {
    public StoredObject {
        Objects.requireNonNull(key, "key");
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("sizeBytes " + sizeBytes);
        }
    }
}
