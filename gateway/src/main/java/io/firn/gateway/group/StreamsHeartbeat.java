package io.firn.gateway.group;

import java.util.List;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;

/**
 * What the coordinator says to a streams group's heartbeat.
 *
 * @param missing internal topics that the group needs and somebody has to create
 */
public record StreamsHeartbeat(StreamsGroupHeartbeatResponseData answer, List<CreatableTopic> missing) {

    public StreamsHeartbeat {
        missing = List.copyOf(missing);
    }
}
