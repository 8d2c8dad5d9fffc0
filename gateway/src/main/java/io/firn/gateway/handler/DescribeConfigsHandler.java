package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.config.ConfigEntry;
import io.firn.gateway.config.StaticBrokerConfigs;
import io.firn.gateway.config.TopicConfigEntries;
import io.firn.gateway.group.GroupConfigEntries;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.telemetry.ClientMetricsEntries;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.DescribeConfigsRequest;

/** DescribeConfigs: topics, this broker, the cluster-wide defaults of brokers, groups, client metrics subscriptions, and this broker's loggers. Thread-safe: no state of its own. */
final class DescribeConfigsHandler implements ApiHandler {
    private final int brokerId;
    private final Metadata metadata;
    private final TopicConfigEntries topics;
    private final StaticBrokerConfigs broker;
    private final Supplier<GroupSettings> groups;
    private final BrokerLoggers loggers;

    DescribeConfigsHandler(int brokerId, Metadata metadata, TopicConfigEntries topics, StaticBrokerConfigs broker, Supplier<GroupSettings> groups) {
        this.brokerId = brokerId;
        this.metadata = metadata;
        this.topics = topics;
        this.broker = broker;
        this.groups = groups;
        this.loggers = new BrokerLoggers(brokerId);
    }

    @Override
    public void handle(Request request) {
        DescribeConfigsRequestData body = ((DescribeConfigsRequest) request.body()).data();
        ClusterView view = metadata.view();
        request.respond(new DescribeConfigsResponseData().setResults(body.resources().stream().map(resource -> result(view, body, resource)).toList()));
    }

    private DescribeConfigsResult result(ClusterView view, DescribeConfigsRequestData body, DescribeConfigsResource resource) {
        DescribeConfigsResult result = new DescribeConfigsResult().setResourceType(resource.resourceType()).setResourceName(resource.resourceName());
        try {
            Set<String> wanted = resource.configurationKeys() == null ? Set.of() : new HashSet<>(resource.configurationKeys());
            if (resource.resourceType() == ConfigResource.Type.BROKER_LOGGER.id()) {
                return result.setConfigs(loggers.describe(resource.resourceName(), wanted));
            }
            List<ConfigEntry> entries = entries(view, ConfigTarget.described(resource.resourceType(), resource.resourceName()));
            return result.setConfigs(entries.stream().filter(entry -> wanted.isEmpty() || wanted.contains(entry.name()))
                    .map(entry -> ConfigDescriptions.described(entry, body.includeSynonyms(), body.includeDocumentation())).toList());
        } catch (RuntimeException e) {
            ApiError error = Failures.of(e);
            return result.setErrorCode(error.error().code()).setErrorMessage(error.message()).setConfigs(List.of());
        }
    }

    private List<ConfigEntry> entries(ClusterView view, ConfigTarget target) {
        return switch (target.scope()) {
            case TOPIC -> topics.ofTopic(view, ConfigChanges.present(view, target));
            case BROKER -> target.name().isEmpty() ? topics.ofAllBrokers(view) : thisBroker(view, target);
            case GROUP -> GroupConfigEntries.ofGroup(groups.get(), ConfigChanges.present(view, target));
            case CLIENT_METRICS -> ClientMetricsEntries.of(ConfigChanges.present(view, target));
        };
    }

    private List<ConfigEntry> thisBroker(ClusterView view, ConfigTarget target) {
        if (target.broker() != brokerId) {
            throw new InvalidRequestException("Unexpected broker id, expected " + brokerId + " or empty string, but received " + target.name());
        }
        List<ConfigEntry> entries = new ArrayList<>(topics.ofBroker(view));
        entries.addAll(GroupConfigEntries.ofBroker(groups.get()));
        Set<String> named = new HashSet<>();
        entries.forEach(entry -> named.add(entry.name()));
        broker.entries(view).stream().filter(entry -> named.add(entry.name())).forEach(entries::add);
        entries.sort(Comparator.comparing(ConfigEntry::name));
        return entries;
    }
}
