package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.partition.TestPartitions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData.AlterReplicaLogDir;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData.AlterReplicaLogDirTopic;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AlterReplicaLogDirsHandlerTest {

    @TempDir
    Path directory;
    private TestPartitions broker;

    @BeforeEach
    void open() {
        broker = new TestPartitions(directory);
        broker.createTopic("t", 2, Map.of());
        broker.partition("t", 0);
        broker.partition("t", 1);
    }

    @AfterEach
    void close() {
        broker.close();
    }

    private List<Errors> move(String path, String topic, Integer... partitions) throws Exception {
        AlterReplicaLogDirsRequestData body = new AlterReplicaLogDirsRequestData();
        AlterReplicaLogDir dir = new AlterReplicaLogDir().setPath(path);
        dir.topics().add(new AlterReplicaLogDirTopic().setName(topic).setPartitions(List.of(partitions)));
        body.dirs().add(dir);
        AlterReplicaLogDirsResponseData answer = AdminFixture.ask(new AlterReplicaLogDirsHandler(directory, broker.partitions), ApiKeys.ALTER_REPLICA_LOG_DIRS, 2, body,
                AlterReplicaLogDirsResponseData.class);
        assertThat(answer.results()).singleElement().satisfies(only -> assertThat(only.topicName()).isEqualTo(topic));
        return answer.results().get(0).partitions().stream().map(partition -> Errors.forCode(partition.errorCode())).toList();
    }

    @Test
    void aPartitionIsAlreadyInTheOnlyDirectory() throws Exception {
        assertThat(move(directory.toString(), "t", 0, 1)).containsExactly(Errors.NONE, Errors.NONE);
    }

    @Test
    void anotherDirectoryIsNotFoundAndAPartitionThatIsNotHereIsUnknown() throws Exception {
        assertThat(move("/nowhere", "t", 0)).containsExactly(Errors.LOG_DIR_NOT_FOUND);
        assertThat(move(directory + "/", "t", 0)).containsExactly(Errors.LOG_DIR_NOT_FOUND);
        assertThat(move(directory.toString(), "t", 2)).containsExactly(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(move("/nowhere", "nope", 0)).containsExactly(Errors.LOG_DIR_NOT_FOUND);
    }
}
