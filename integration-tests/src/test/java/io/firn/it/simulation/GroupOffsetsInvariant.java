package io.firn.it.simulation;

import io.firn.gateway.partition.Partition;

/** Committed group offsets never regress: what a coordinator answers is no older than what was acknowledged when it was asked. */
final class GroupOffsetsInvariant {

    private int acknowledged = -1;

    void acknowledged(int position) {
        acknowledged = Math.max(acknowledged, position);
    }

    int acknowledged() {
        return acknowledged;
    }

    void answered(int position, int atLeast, Partition by) {
        if (position < atLeast) {
            throw new Violation("committed group offsets never regress", Life.text(by) + " answers " + position + " although " + atLeast + " was acknowledged before it was asked");
        }
    }
}
