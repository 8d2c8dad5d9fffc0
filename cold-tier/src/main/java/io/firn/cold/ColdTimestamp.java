package io.firn.cold;

/** A record found by time: its timestamp (Unix milliseconds), its offset and its leader epoch (-1 unknown). */
public record ColdTimestamp(long timestampMs, long offset, int leaderEpoch) {}
