package io.firn.gateway.handler;

import io.firn.membership.ClusterView;
import io.firn.membership.Command.ConfigScope;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.internals.Topic;

/** What configs are asked for or changed of: a topic, a broker ("" is the cluster-wide default), a group, or a client metrics subscription. */
record ConfigTarget(ConfigScope scope, String name) {
    /** @throws org.apache.kafka.common.errors.ApiException for a kind of resource without configs here, or a name that cannot be */
    static ConfigTarget of(byte resourceType, String name) {
        return switch (ConfigResource.Type.forId(resourceType)) {
            case TOPIC -> topic(name);
            case BROKER -> broker(name);
            case GROUP -> group(name);
            case CLIENT_METRICS -> clientMetrics(name);
            default -> throw new InvalidRequestException("Unknown resource type " + resourceType);
        };
    }

    private static ConfigTarget topic(String name) {
        if (name.isEmpty()) {
            throw new InvalidRequestException("Default topic resources are not allowed.");
        }
        Topic.validate(name);
        return new ConfigTarget(ConfigScope.TOPIC, name);
    }

    private static ConfigTarget group(String name) {
        if (name.isEmpty()) {
            throw new InvalidRequestException("Default group resources are not allowed.");
        }
        return new ConfigTarget(ConfigScope.GROUP, name);
    }

    private static ConfigTarget clientMetrics(String name) {
        if (name.isEmpty()) {
            throw new InvalidRequestException("Subscription name can't be empty");
        }
        return new ConfigTarget(ConfigScope.CLIENT_METRICS, name);
    }

    private static ConfigTarget broker(String name) {
        ConfigTarget target = new ConfigTarget(ConfigScope.BROKER, name);
        if (!name.isEmpty()) {
            target.broker();
        }
        return target;
    }

    /** The broker's id, or {@link ClusterView#ALL_BROKERS}. */
    int broker() {
        if (name.isEmpty()) {
            return ClusterView.ALL_BROKERS;
        }
        try {
            return Integer.parseInt(name);
        } catch (NumberFormatException e) {
            throw new InvalidRequestException("Broker id must be an integer, but it is: " + name);
        }
    }
}
