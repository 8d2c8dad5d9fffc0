package io.firn.hot.replication;

/**
 * @param brokerId this broker
 * @param minInSync {@code min.insync.replicas}
 * @param maxLagMs {@code replica.lag.time.max.ms}: a follower that was not caught up for so long leaves the ISR
 * @param tiered whether an empty replica looks into the cold tier before it copies
 */
public record ReplicaSettings(int brokerId, int minInSync, long maxLagMs, boolean tiered) {}
