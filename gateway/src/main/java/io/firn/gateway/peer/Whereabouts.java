package io.firn.gateway.peer;

import java.util.Optional;
import org.apache.kafka.common.Uuid;

/** Which processes the brokers are now, and where: as they show themselves on the cluster connection, and as they are registered. Thread-safe and never blocking. */
public interface Whereabouts {

    /** @param process changes with every start of the broker */
    record Place(Uuid process, PeerAddress address) {}

    Optional<Place> of(int broker);

    /** Whether this process is, or is about to be, that broker. */
    boolean knows(int broker, Uuid process);
}
