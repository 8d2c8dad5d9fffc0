package io.firn.hot.replication;

import io.firn.hot.epoch.LeaderEpochs;

/** A follower's log as it is when a decision is made. */
public record LogFacts(long logStartOffset, long logEndOffset, long durableOffset, LeaderEpochs epochs) {}
