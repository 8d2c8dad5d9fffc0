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
        /**
         * Where clients still reach a broker that the others do not: those that look for a coordinator ask whom they have least to do with, which is that broker, and it names the old one for as
         * long as it hears of no other. Producers know the new leaders by their epochs.
         */
        PRODUCERS,
        /** Groups and transactions as well. */
        ALL
    }
}
