package io.firn.hot;

/** A leader epoch and the exclusive end of its records. */
public record EpochEnd(int leaderEpoch, long endOffset) {}
