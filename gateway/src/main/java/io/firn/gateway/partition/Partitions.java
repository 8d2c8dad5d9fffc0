package io.firn.gateway.partition;

import java.util.Collection;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/** The partitions in service on this broker. Thread-safe; lookups take no lock. */
public final class Partitions {

    private Partitions() {}

    public Optional<Partition> find(String topic, int partition) {
        throw new UnsupportedOperationException();
    }

    public Optional<Partition> find(Uuid topicId, int partition) {
        throw new UnsupportedOperationException();
    }

    public Collection<Partition> all() {
        throw new UnsupportedOperationException();
    }
}
