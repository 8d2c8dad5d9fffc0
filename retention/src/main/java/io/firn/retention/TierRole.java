package io.firn.retention;

/** What this broker does about the cold tier of a partition. Immutable. */
sealed interface TierRole {

    /** Newest leader epoch of the partition as far as is known here. */
    int leaderEpoch();

    /** Writes it: offloads, drops, compacts. The manifest fences whoever did so under an earlier epoch. */
    record Leads(int leaderEpoch) implements TierRole {}

    /** Reads it, and lets the local disk go by where it ends. Nothing is written. */
    record Follows(int leaderEpoch) implements TierRole {}
}
