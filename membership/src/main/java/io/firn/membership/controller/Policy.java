package io.firn.membership.controller;

/**
 * Limits and defaults the controller decides by; the same on all brokers of a cluster. A command that would exceed a limit is refused.
 *
 * @param maxBrokers brokers with different ids that may ever register
 * @param defaultReplicationFactor for topics created with -1
 * @param maxPartitionsPerTopic keeps one entry, and the copying of one topic's partitions, small
 * @param maxPartitions of all topics; bounds view, snapshot and start-up time
 * @param maxConfigsPerResource overrides of one topic, broker or group
 * @param maxConfigValueChars length of one override's name or value
 * @param maxConfiguredGroups groups with overrides: their names come from clients
 * @param maxClientResources client metrics subscriptions, entities with quotas, users with credentials: so many of each
 */
public record Policy(int maxBrokers, int defaultReplicationFactor, int maxPartitionsPerTopic, int maxPartitions, int maxConfigsPerResource, int maxConfigValueChars,
        int maxConfiguredGroups, int maxClientResources) {

    /** One broker, whose id is fixed by its first registration: what it stored belongs to that id. */
    public static final Policy SINGLE_BROKER = new Policy(1, 1, 10_000, 200_000, 200, 8_192, 10_000, 10_000);
}
