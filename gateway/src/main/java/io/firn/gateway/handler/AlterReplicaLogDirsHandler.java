package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partitions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData.AlterReplicaLogDirPartitionResult;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData.AlterReplicaLogDirTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AlterReplicaLogDirsRequest;

/** AlterReplicaLogDirs: with one directory, a partition is either there already or asked to where there is nothing. Thread-safe: no state of its own. */
final class AlterReplicaLogDirsHandler implements ApiHandler {
    private final String directory;
    private final Partitions partitions;

    AlterReplicaLogDirsHandler(Path directory, Partitions partitions) {
        this.directory = directory.toAbsolutePath().normalize().toString();
        this.partitions = partitions;
    }

    @Override
    public void handle(Request request) {
        Map<TopicPartition, Errors> outcomes = new LinkedHashMap<>();
        ((AlterReplicaLogDirsRequest) request.body()).data().dirs().forEach(dir -> dir.topics().forEach(topic -> topic.partitions()
                .forEach(partition -> outcomes.put(new TopicPartition(topic.name(), partition), outcome(dir.path(), topic.name(), partition)))));
        Map<String, AlterReplicaLogDirTopicResult> topics = new LinkedHashMap<>();
        outcomes.forEach((partition, error) -> topics.computeIfAbsent(partition.topic(), name -> new AlterReplicaLogDirTopicResult().setTopicName(name)).partitions()
                .add(new AlterReplicaLogDirPartitionResult().setPartitionIndex(partition.partition()).setErrorCode(error.code())));
        List<AlterReplicaLogDirTopicResult> results = new ArrayList<>(topics.values());
        request.respond(new AlterReplicaLogDirsResponseData().setResults(results));
    }

    private Errors outcome(String path, String topic, int partition) {
        if (!path.equals(directory)) {
            return Errors.LOG_DIR_NOT_FOUND;
        }
        TopicPartition wanted = new TopicPartition(topic, partition);
        return partitions.hosted().stream().anyMatch(hosted -> hosted.id().topicPartition().equals(wanted)) ? Errors.NONE : Errors.UNKNOWN_TOPIC_OR_PARTITION;
    }
}
