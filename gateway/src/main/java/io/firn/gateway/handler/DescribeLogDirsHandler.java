package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.hot.HotStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsPartition;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsTopic;
import org.apache.kafka.common.requests.DescribeLogDirsRequest;

/** DescribeLogDirs: what the one local directory holds of replicas, be they leaders or not, and how much room there is. Sizes are those of the hot tier. Thread-safe: no state of its own. */
final class DescribeLogDirsHandler implements ApiHandler {
    private final Path directory;
    private final HotStore store;
    private final Partitions partitions;

    DescribeLogDirsHandler(Path directory, HotStore store, Partitions partitions) {
        this.directory = directory;
        this.store = store;
        this.partitions = partitions;
    }

    @Override
    public void handle(Request request) {
        DescribeLogDirsRequestData body = ((DescribeLogDirsRequest) request.body()).data();
        List<CompletableFuture<Size>> sizes = asked(body).stream().map(partition -> Gather.onLoop(partition,
                log -> CompletableFuture.completedFuture(new Size(log.id().topic(), log.id().partition(), log.log().hot().sizeBytes())))).toList();
        Gather.answer(request, Gather.all(sizes).thenApply(all -> new DescribeLogDirsResponseData().setResults(List.of(described(all)))));
    }

    /** Bytes a partition takes on the local disk. */
    record Size(String topic, int partition, long bytes) {}

    private List<Partition> asked(DescribeLogDirsRequestData body) {
        if (body.topics() == null) {
            return partitions.hosted();
        }
        Set<TopicPartition> wanted = body.topics().stream()
                .flatMap(topic -> topic.partitions().stream().map(partition -> new TopicPartition(topic.topic(), partition))).collect(Collectors.toSet());
        return partitions.hosted().stream().filter(partition -> wanted.contains(partition.id().topicPartition())).toList();
    }

    private DescribeLogDirsResult described(List<Size> sizes) {
        return new DescribeLogDirsResult().setLogDir(directory.toAbsolutePath().normalize().toString()).setTopics(byTopic(sizes))
                .setTotalBytes(store.totalBytes()).setUsableBytes(store.usableBytes());
    }

    static List<DescribeLogDirsTopic> byTopic(List<Size> sizes) {
        Map<String, DescribeLogDirsTopic> topics = new TreeMap<>();
        sizes.forEach(size -> topics.computeIfAbsent(size.topic(), name -> new DescribeLogDirsTopic().setName(name)).partitions()
                .add(new DescribeLogDirsPartition().setPartitionIndex(size.partition()).setPartitionSize(size.bytes())));
        return new ArrayList<>(topics.values());
    }
}
