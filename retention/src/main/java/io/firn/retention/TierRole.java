package io.firn.retention;

/** What this broker does about the cold tier of a partition. Immutable. */
sealed interface TierRole {

    /** Newest leader epoch of the partition as far as is known here; -1 while none is. */
    int leaderEpoch();

    /** The epoch to open the cold log with: any will do for one that writes nothing. */
    default int openingEpoch() {
        return Math.max(0, leaderEpoch());
    }

    /** Writes it: offloads, drops, compacts. The manifest fences whoever did so under an earlier epoch. */
    record Leads(int leaderEpoch) implements TierRole {}

    /** Reads it, and lets the local disk go by where it ends. Nothing is written. */
    record Follows(int leaderEpoch) implements TierRole {
        /** Nobody has said yet who leads. */
        static final Follows NOBODY = new Follows(-1);
    }
}
