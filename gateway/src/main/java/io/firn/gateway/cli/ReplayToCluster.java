package io.firn.gateway.cli;

import io.firn.cold.ColdRecord;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Records into a topic of a cluster, each into the partition of the number it came from, with its timestamp, key and headers. So the order within a partition stays.
 *
 * <p>What was acknowledged is known by the source's offsets: after a failure the message says from where to go on. An idempotent producer keeps the order; it is shared by the lanes, which is what it is made for.
 */
final class ReplayToCluster implements ReplayTarget {

    private final Producer<byte[], byte[]> producer;
    private final String topic;

    /** @param producer idempotent, waiting for all replicas. Owned */
    ReplayToCluster(Producer<byte[], byte[]> producer, String topic) {
        this.producer = producer;
        this.topic = topic;
    }

    @Override
    public Lane lane(int partition) {
        return new ClusterLane(partition);
    }

    @Override
    public void close() {
        producer.close();
    }

    private final class ClusterLane implements Lane {
        private final int partition;
        private final AtomicReference<Exception> failure = new AtomicReference<>();
        private volatile long acknowledged = -1;

        ClusterLane(int partition) {
            this.partition = partition;
        }

        @Override
        public void write(ColdRecord record) {
            throwIfFailed();
            long offset = record.offset();
            Long timestamp = record.timestampMs() < 0 ? null : record.timestampMs();
            try {
                producer.send(new ProducerRecord<>(topic, partition, timestamp, copy(record.key()), copy(record.value()), headers(record)), (metadata, error) -> answered(offset, error));
            } catch (KafkaException refused) {
                failure.compareAndSet(null, refused);
                throwIfFailed();
            }
        }

        /** Callbacks of one partition come in order; after one that failed, others may still succeed, which no longer tells where to go on. */
        private void answered(long offset, Exception error) {
            if (error != null) {
                failure.compareAndSet(null, error);
            } else if (failure.get() == null) {
                acknowledged = offset;
            }
        }

        private void throwIfFailed() {
            Exception failed = failure.get();
            if (failed != null) {
                String known = acknowledged < 0 ? "nothing was acknowledged" : "acknowledged up to offset " + acknowledged + " of the source, go on with --partition " + partition + " --from " + (acknowledged + 1);
                throw CliFailure.of("partition " + partition + ": " + known, failed);
            }
        }

        @Override
        public void finish() {
            producer.flush();
            throwIfFailed();
        }

        @Override
        public void close() {
            // the producer is closed once, with all that is in flight
        }
    }

    private static List<Header> headers(ColdRecord record) {
        return record.headers().stream().<Header>map(header -> new RecordHeader(header.name(), copy(header.value()))).toList();
    }

    /** {@code null} for none, as Kafka's producer wants it. */
    private static byte[] copy(Optional<ByteBuffer> bytes) {
        return bytes.map(view -> {
            byte[] copy = new byte[view.remaining()];
            view.duplicate().get(copy);
            return copy;
        }).orElse(null);
    }
}
