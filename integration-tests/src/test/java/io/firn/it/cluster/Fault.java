package io.firn.it.cluster;

/**
 * Something that goes wrong with a cluster, and how it is put right.
 *
 * @param what for the log
 * @param meanwhile who has to be served while it lasts
 * @param begin makes it go wrong
 * @param end puts it right; the brokers that are gone are started by the caller
 */
record Fault(String what, Meanwhile meanwhile, Runnable begin, Runnable end) {

    enum Meanwhile {
        /** Without a majority nobody is. */
        NOBODY,
        /** Every producer and group. A transaction ends when its coordinator reaches the leaders of its partitions. */
        ALL_BUT_TRANSACTIONS,
        /** Every producer, group and transaction. */
        ALL,
        /** The same, of consumers that have caught up before: what one that lags needs may be in the cold tier alone. */
        ALL_CAUGHT_UP
    }
}
