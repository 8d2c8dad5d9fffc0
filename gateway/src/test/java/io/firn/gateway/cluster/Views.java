package io.firn.gateway.cluster;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/** Views of brokers without topics. */
final class Views {

    static final int CONTROLLER_EPOCH = 5;

    private Views() {}

    static BrokerView broker(int id, long epoch, boolean fenced) {
        return new BrokerView(id, epoch, new Incarnation(process(id), new Uuid(8, id)), List.of(Endpoint.client("h" + id, 9092), new Endpoint(Endpoint.PEER, "p" + id, 9093)), Optional.empty(), fenced, false, false);
    }

    static Uuid process(int id) {
        return new Uuid(7, id);
    }

    static ClusterView of(long version, BrokerView... brokers) {
        Map<Integer, BrokerView> byId = new HashMap<>();
        for (BrokerView broker : brokers) {
            byId.put(broker.id(), broker);
        }
        return new ClusterView(version, CONTROLLER_EPOCH, "c", byId, Map.of(), Map.of(), Map.of(), Map.of(), 0);
    }
}
