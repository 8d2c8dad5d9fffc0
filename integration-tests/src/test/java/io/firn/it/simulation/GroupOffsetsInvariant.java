package io.firn.it.simulation;

import io.firn.gateway.partition.Partition;
import java.util.Optional;

/**
 * Committed group offsets never regress: what a coordinator answers is no older than what was acknowledged when it was asked; for as long as one may not know that another leads ({@link LeaseInvariant}), than what was acknowledged
 * before that.
 */
final class GroupOffsetsInvariant {

    private int acknowledged = -1;

    void acknowledged(int position) {
        acknowledged = Math.max(acknowledged, position);
    }

    int acknowledged() {
        return acknowledged;
    }

    void answered(int position, int atLeast, Partition by, Optional<LeaseInvariant.Move> moved) {
        int least = moved.map(move -> Math.min(atLeast, move.acknowledged())).orElse(atLeast);
        if (position < least) {
            throw new Violation("committed group offsets never regress", Life.text(by) + " answers " + position + " although " + least + " was acknowledged before it was asked");
        }
    }
}
