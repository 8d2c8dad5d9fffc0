package io.firn.gateway.share;

import org.apache.kafka.common.TopicIdPartition;

/** A share partition: one partition as one share group sees it. */
record ShareKey(String group, TopicIdPartition partition) {}
