package io.firn.hot;

/** When an appended batch counts as this replica's own (setting {@code log.durability}). */
public enum Durability {
    /** After its bytes were forced to the disk, by group commit. The default. */
    FSYNC,
    /** As soon as the operating system has the bytes; survives a kill of the process, not a power loss. */
    OS
}
