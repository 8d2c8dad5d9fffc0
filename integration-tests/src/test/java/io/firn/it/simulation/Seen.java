package io.firn.it.simulation;

import io.firn.hot.HotLog;

/** What the invariants have seen of a replica in one life of its broker. */
final class Seen {
    final HotLog log;
    long verifiedTo = -1;
    int leading = -1;
    /** Of a partition that allows unclean elections: the leader epoch that was looked at. */
    int ruling = -1;
    int epoch = -1;
    long highWatermark;
    long localStart;

    Seen(HotLog log) {
        this.log = log;
    }
}
