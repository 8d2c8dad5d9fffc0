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
 * @param fencesNewcomers whether a broker is fenced from its registration until somebody has seen it alive; else it leads on as if it had not been away
 * @param uncleanElection whether a topic that does not say lets brokers lead that were not in sync (Kafka's {@code unclean.leader.election.enable})
 */
public record Policy(int maxBrokers, int defaultReplicationFactor, int maxPartitionsPerTopic, int maxPartitions, int maxConfigsPerResource, int maxConfigValueChars,
        int maxConfiguredGroups, int maxClientResources, boolean fencesNewcomers, boolean uncleanElection) {

    /** One broker, whose id is fixed by its first registration: what it stored belongs to that id. It is its own controller, so that nobody could tell it from a dead one. */
    public static final Policy SINGLE_BROKER = new Policy(1, 1, 10_000, 200_000, 200, 8_192, 10_000, 10_000);

    /** Of a broker that leads on over its restarts, without unclean elections. */
    public Policy(int maxBrokers, int defaultReplicationFactor, int maxPartitionsPerTopic, int maxPartitions, int maxConfigsPerResource, int maxConfigValueChars,
            int maxConfiguredGroups, int maxClientResources) {
        this(maxBrokers, defaultReplicationFactor, maxPartitionsPerTopic, maxPartitions, maxConfigsPerResource, maxConfigValueChars, maxConfiguredGroups, maxClientResources,
                false, false);
    }

    /** Many brokers. */
    public static Policy cluster(int defaultReplicationFactor, boolean uncleanElection) {
        return new Policy(1_000, defaultReplicationFactor, 10_000, 1_000_000, 200, 8_192, 10_000, 10_000, true, uncleanElection);
    }
}
