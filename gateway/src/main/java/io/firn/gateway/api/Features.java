package io.firn.gateway.api;

import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKeyCollection;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKeyCollection;

/**
 * The one table of cluster features (KIP-584): what a client may build on beside API versions. Immutable.
 *
 * <p>A feature here is a matter of the release, not of the cluster: exactly one level of each is served, so that supported and finalized levels are the same. Levels mean what they
 * mean in Apache Kafka 4.3. Not in the table, because nothing here is behind them: {@code kraft.version}, {@code eligible.leader.replicas.version}.
 */
public final class Features {

    private static final List<Feature> ALL = List.of(
            // KIP-848: the consumer group protocol.
            new Feature("group.version", 1),
            // What the metadata can hold, in KRaft's count: 30 is IBP_4_3. Tools compare it with the other features' needs.
            new Feature("metadata.version", 30),
            // KIP-932: share groups.
            new Feature("share.version", 1),
            // KIP-1071: the streams group protocol.
            new Feature("streams.version", 1),
            // KIP-890: each end of a transaction raises the epoch, and producers let the broker add partitions.
            new Feature("transaction.version", 2));

    private Features() {}

    /** One feature and its level in force. */
    public record Feature(String name, int level) {}

    public static Optional<Feature> named(String name) {
        return ALL.stream().filter(feature -> feature.name().equals(name)).findFirst();
    }

    public static List<Feature> all() {
        return ALL;
    }

    static SupportedFeatureKeyCollection supported() {
        SupportedFeatureKeyCollection supported = new SupportedFeatureKeyCollection();
        ALL.forEach(feature -> supported.add(new SupportedFeatureKey().setName(feature.name()).setMinVersion((short) feature.level()).setMaxVersion((short) feature.level())));
        return supported;
    }

    static FinalizedFeatureKeyCollection finalized() {
        FinalizedFeatureKeyCollection finalized = new FinalizedFeatureKeyCollection();
        ALL.forEach(feature -> finalized.add(new FinalizedFeatureKey().setName(feature.name()).setMinVersionLevel((short) feature.level()).setMaxVersionLevel((short) feature.level())));
        return finalized;
    }
}
