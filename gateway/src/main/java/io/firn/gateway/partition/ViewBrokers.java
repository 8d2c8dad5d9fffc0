package io.firn.gateway.partition;

import io.firn.hot.replication.Brokers;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import java.util.function.Supplier;

/** The brokers as the newest view tells of them. Thread-safe. */
record ViewBrokers(Supplier<ClusterView> view) implements Brokers {

    @Override
    public long epochOf(int brokerId) {
        BrokerView broker = view.get().brokers().get(brokerId);
        return broker == null ? UNKNOWN : broker.epoch();
    }

    @Override
    public boolean mayJoin(int brokerId) {
        BrokerView broker = view.get().brokers().get(brokerId);
        return broker != null && broker.active();
    }
}
