package io.firn.hot;

/** A record found by time: its timestamp (Unix milliseconds), its offset, and its leader epoch (-1 unknown). */
public record TimestampedOffset(long timestampMs, long offset, int leaderEpoch) {}
