package io.firn.membership;

import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * A broker as its cluster connection shows it. Immutable.
 *
 * @param address {@code host:port} of that connection, not of the Kafka listener
 * @param incarnation a name that this run of the broker has alone
 * @param presence which process it is, if it says so
 */
public record CpPeer(int brokerId, String address, String incarnation, Optional<Presence> presence) {

    /**
     * What a process shows of itself before it is registered: brokers have to talk to each other before they can agree on a registration. Immutable.
     *
     * @param process the one it will register with ({@link Incarnation#process()})
     * @param endpoint where it takes messages of other brokers
     */
    public record Presence(Uuid process, Endpoint endpoint) {}
}
