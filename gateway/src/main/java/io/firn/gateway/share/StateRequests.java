package io.firn.gateway.share;

import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DeleteShareGroupStateRequestData;
import org.apache.kafka.common.message.InitializeShareGroupStateRequestData;
import org.apache.kafka.common.message.ReadShareGroupStateRequestData;
import org.apache.kafka.common.message.ReadShareGroupStateSummaryRequestData;
import org.apache.kafka.common.message.WriteShareGroupStateRequestData;
import org.apache.kafka.server.share.persister.PartitionIdData;
import org.apache.kafka.server.share.persister.PartitionIdLeaderEpochData;
import org.apache.kafka.server.share.persister.PartitionStateBatchData;
import org.apache.kafka.server.share.persister.PartitionStateData;
import org.apache.kafka.server.share.persister.PersisterStateBatch;

/** Requests to the share coordinator for one partition each, as it takes them. Pure functions. */
final class StateRequests {

    private StateRequests() {}

    static InitializeShareGroupStateRequestData initialize(String group, Uuid topic, PartitionStateData state) {
        return new InitializeShareGroupStateRequestData().setGroupId(group).setTopics(List.of(new InitializeShareGroupStateRequestData.InitializeStateData().setTopicId(topic)
                .setPartitions(List.of(new InitializeShareGroupStateRequestData.PartitionData().setPartition(state.partition()).setStateEpoch(state.stateEpoch())
                        .setStartOffset(state.startOffset())))));
    }

    static ReadShareGroupStateRequestData read(String group, Uuid topic, PartitionIdLeaderEpochData wanted) {
        return new ReadShareGroupStateRequestData().setGroupId(group).setTopics(List.of(new ReadShareGroupStateRequestData.ReadStateData().setTopicId(topic)
                .setPartitions(List.of(new ReadShareGroupStateRequestData.PartitionData().setPartition(wanted.partition()).setLeaderEpoch(wanted.leaderEpoch())))));
    }

    static ReadShareGroupStateSummaryRequestData summary(String group, Uuid topic, PartitionIdLeaderEpochData wanted) {
        return new ReadShareGroupStateSummaryRequestData().setGroupId(group).setTopics(List.of(new ReadShareGroupStateSummaryRequestData.ReadStateSummaryData().setTopicId(topic)
                .setPartitions(List.of(new ReadShareGroupStateSummaryRequestData.PartitionData().setPartition(wanted.partition()).setLeaderEpoch(wanted.leaderEpoch())))));
    }

    static DeleteShareGroupStateRequestData delete(String group, Uuid topic, PartitionIdData wanted) {
        return new DeleteShareGroupStateRequestData().setGroupId(group).setTopics(List.of(new DeleteShareGroupStateRequestData.DeleteStateData().setTopicId(topic)
                .setPartitions(List.of(new DeleteShareGroupStateRequestData.PartitionData().setPartition(wanted.partition())))));
    }

    static WriteShareGroupStateRequestData write(String group, Uuid topic, PartitionStateBatchData state) {
        return new WriteShareGroupStateRequestData().setGroupId(group).setTopics(List.of(new WriteShareGroupStateRequestData.WriteStateData().setTopicId(topic)
                .setPartitions(List.of(new WriteShareGroupStateRequestData.PartitionData().setPartition(state.partition()).setStateEpoch(state.stateEpoch())
                        .setLeaderEpoch(state.leaderEpoch()).setStartOffset(state.startOffset()).setDeliveryCompleteCount(state.deliveryCompleteCount())
                        .setStateBatches(state.stateBatches().stream().map(StateRequests::batch).toList())))));
    }

    private static WriteShareGroupStateRequestData.StateBatch batch(PersisterStateBatch batch) {
        return new WriteShareGroupStateRequestData.StateBatch().setFirstOffset(batch.firstOffset()).setLastOffset(batch.lastOffset())
                .setDeliveryState(batch.deliveryState()).setDeliveryCount(batch.deliveryCount());
    }
}
