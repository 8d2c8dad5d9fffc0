package io.firn.gateway.transaction;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetrics;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetricsShard;
import org.apache.kafka.timeline.SnapshotRegistry;

/** The runtime wants metrics of each shard; Kafka has none for transactions. Immutable. */
final class UnmeasuredShards extends CoordinatorMetrics {

    private record Shard(TopicPartition topicPartition) implements CoordinatorMetricsShard {
        @Override
        public void record(String sensorName) {
            // Nothing is measured.
        }

        @Override
        public void record(String sensorName, double value) {
            // Nothing is measured.
        }

        @Override
        public void commitUpTo(long offset) {
            // Nothing is measured.
        }
    }

    @Override
    public CoordinatorMetricsShard newMetricsShard(SnapshotRegistry registry, TopicPartition partition) {
        return new Shard(partition);
    }

    @Override
    public void activateMetricsShard(CoordinatorMetricsShard shard) {
        // Nothing is measured.
    }

    @Override
    public void deactivateMetricsShard(CoordinatorMetricsShard shard) {
        // Nothing is measured.
    }

    @Override
    public void onUpdateLastCommittedOffset(TopicPartition partition, long offset) {
        // Nothing is measured.
    }
}
