package io.firn.it.cluster;

/**
 * Something that goes wrong with a cluster, and how it is put right.
 *
 * @param what for the log
 * @param servesMeanwhile whether the cluster has to go on working while it lasts: after a single failure it does, without a majority it cannot
 * @param begin makes it go wrong
 * @param end puts it right; the brokers that are gone are started by the caller
 */
record Fault(String what, boolean servesMeanwhile, Runnable begin, Runnable end) {}
