package io.firn.hot;

/** Which producer epochs a coordinator's transaction marker may carry: depends on the transaction version (KIP-890) the coordinator works by. */
public enum MarkerRule {
    /** Transaction versions 0 and 1: markers carry the epoch of the records, so any epoch not below the newest is valid. */
    EPOCH_NOT_BELOW,
    /** Transaction version 2: the coordinator raises the epoch before each marker, so it must be above the newest; the same epoch is the retry of a marker when no transaction is open. */
    EPOCH_ABOVE
}
