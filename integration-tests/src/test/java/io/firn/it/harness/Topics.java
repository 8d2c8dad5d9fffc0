package io.firn.it.harness;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/** Topics of a broker by way of the admin client. Threading: as the admin client, thread-safe. */
public final class Topics implements AutoCloseable {

    private final Admin admin;

    private Topics(Admin admin) {
        this.admin = admin;
    }

    public static Topics of(String bootstrap) {
        return new Topics(KafkaClients.admin(bootstrap));
    }

    public Admin admin() {
        return admin;
    }

    /** Creates a topic and returns its partitions. */
    public List<TopicPartition> create(String topic, int partitions, Map<String, String> configs) {
        done(admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), Optional.empty()).configs(configs))).all());
        return partitions(topic, partitions);
    }

    public List<TopicPartition> create(String topic, int partitions) {
        return create(topic, partitions, Map.of());
    }

    public static List<TopicPartition> partitions(String topic, int count) {
        return IntStream.range(0, count).mapToObj(partition -> new TopicPartition(topic, partition)).toList();
    }

    public long offset(TopicPartition partition, OffsetSpec spec) {
        return lookUp(partition, spec).offset();
    }

    public ListOffsetsResultInfo lookUp(TopicPartition partition, OffsetSpec spec) {
        return done(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition));
    }

    public Map<TopicPartition, Long> ends(List<TopicPartition> partitions) {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        partitions.forEach(partition -> asked.put(partition, OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        done(admin.listOffsets(asked).all()).forEach((partition, found) -> ends.put(partition, found.offset()));
        return ends;
    }

    /** Waits until all but the newest {@code hotRecords} of each partition are in the cold tier and no longer on the local disk. */
    public void awaitCold(List<TopicPartition> partitions, long hotRecords) {
        for (TopicPartition partition : partitions) {
            Await.until("cold and not local: " + partition, () -> {
                long localStart = offset(partition, OffsetSpec.earliestLocal());
                return localStart > 0 && offset(partition, OffsetSpec.latest()) - localStart <= hotRecords && offset(partition, OffsetSpec.latestTiered()) + 1 >= localStart;
            });
        }
    }

    /** The result within a minute. */
    public static <T> T done(KafkaFuture<T> future) {
        try {
            return future.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (TimeoutException e) {
            throw new AssertionError("No answer within a minute", e);
        }
    }

    /** Names of the topics clients see. */
    public List<String> names() {
        return new ArrayList<>(done(admin.listTopics().names()));
    }

    @Override
    public void close() {
        admin.close();
    }
}
