package io.firn.retention;

import io.firn.cold.DeadTopics;

/** What the cluster says of its topics, and whether this broker is the one to look for those that are gone. Thread-safe. */
public interface TopicCensus extends DeadTopics.Cluster {

    /** As far as this broker knows; two who both believe it do no harm. */
    boolean inCharge();
}
