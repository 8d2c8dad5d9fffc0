package io.firn.cold;

import java.util.Objects;
import java.util.Optional;

/**
 * An object that counts and is not what it should be.
 *
 * @param what for people
 * @param missing whether it is not there at all
 * @param segment empty if it is a manifest page
 */
public record ColdDamage(String key, String what, boolean missing, Optional<ColdSegment> segment) {
    public ColdDamage {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(what, "what");
        Objects.requireNonNull(segment, "segment");
    }
}
