package io.firn.gateway.handler;

import io.firn.membership.ClusterView;
import io.firn.membership.Command.ConfigScope;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.internals.Topic;

/** What configs are asked for or changed of: a topic, a broker ("" is the cluster-wide default), a group, or a client metrics subscription. */
record ConfigTarget(ConfigScope scope, String name) {
    /** What is to be changed. @throws org.apache.kafka.common.errors.ApiException for a kind of resource without configs here, or a name that cannot be */
    static ConfigTarget of(byte resourceType, String name) {
        return switch (ConfigResource.Type.forId(resourceType)) {
            case TOPIC -> topic(name);
            case BROKER -> broker(name, "Node");
            case GROUP -> new ConfigTarget(ConfigScope.GROUP, named(name, "Default group resources are not allowed."));
            case CLIENT_METRICS -> new ConfigTarget(ConfigScope.CLIENT_METRICS, named(name, "Subscription name can't be empty"));
            default -> throw new InvalidRequestException("Unknown resource type " + resourceType);
        };
    }

    /** What is to be described: what is wrong with a name is said in other words then, as in Kafka. @throws org.apache.kafka.common.errors.ApiException as above */
    static ConfigTarget described(byte resourceType, String name) {
        return switch (ConfigResource.Type.forId(resourceType)) {
            case TOPIC -> {
                Topic.validate(name);
                yield new ConfigTarget(ConfigScope.TOPIC, name);
            }
            case BROKER -> broker(name, "Broker");
            case GROUP -> new ConfigTarget(ConfigScope.GROUP, named(name, "Group name must not be empty"));
            case CLIENT_METRICS -> new ConfigTarget(ConfigScope.CLIENT_METRICS, named(name, "Client metrics subscription name must not be empty"));
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

    private static String named(String name, String ifEmpty) {
        if (name.isEmpty()) {
            throw new InvalidRequestException(ifEmpty);
        }
        return name;
    }

    private static ConfigTarget broker(String name, String word) {
        ConfigTarget target = new ConfigTarget(ConfigScope.BROKER, name);
        try {
            target.broker();
        } catch (NumberFormatException e) {
            throw new InvalidRequestException(word + " id must be an integer, but it is: " + name);
        }
        return target;
    }

    /** The broker's id, or {@link ClusterView#ALL_BROKERS}. */
    int broker() {
        return name.isEmpty() ? ClusterView.ALL_BROKERS : Integer.parseInt(name);
    }
}
