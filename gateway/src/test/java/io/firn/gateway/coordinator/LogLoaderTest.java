package io.firn.gateway.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogLoaderTest {

    @TempDir
    Path directory;

    @Test
    void aClassThatIsMissingFailsTheLoadAndIsReported() throws Exception {
        try (StorageRig rig = StorageRig.started(directory, 1)) {
            rig.createTopic("t", 1);
            CompletableFuture<AppendResult> appended = new CompletableFuture<>();
            var partition = rig.partition("t", 0);
            partition.loop().execute(() -> partition.append(RecordBuffers.of(Requests.records(rig.clock.millis(), "x").buffer()), AppendOrigin.COORDINATOR, appended::complete));
            assertThat(Await.get(appended)).isInstanceOf(AppendResult.Appended.class);
            CompletableFuture<TopicPartition> failed = new CompletableFuture<>();

            try (LogLoader loader = new LogLoader("test-loader", rig.partitions, (key, value) -> {
                throw new NoClassDefFoundError("gone");
            }, InstantSource.system(), new LogLoader.Outcome() {
                @Override
                public void loaded(TopicPartition loaded) {
                    failed.completeExceptionally(new AssertionError("loaded"));
                }

                @Override
                public void failed(TopicPartition tp) {
                    failed.complete(tp);
                }
            })) {
                var load = loader.load(new TopicPartition("t", 0), NOTHING);

                assertThatThrownBy(() -> load.get(20, TimeUnit.SECONDS)).hasCauseInstanceOf(NoClassDefFoundError.class);
                assertThat(Await.get(failed)).isEqualTo(new TopicPartition("t", 0));
            }
        }
    }

    private static final CoordinatorPlayback<CoordinatorRecord> NOTHING = new CoordinatorPlayback<>() {
        @Override
        public void replay(long offset, long producerId, short producerEpoch, CoordinatorRecord record) {
            throw new AssertionError("no record can be read");
        }

        @Override
        public void replayEndTransactionMarker(long producerId, short producerEpoch, TransactionResult result) {
            throw new AssertionError("no marker was written");
        }

        @Override
        public void updateLastWrittenOffset(long offset) {
            // Not looked at.
        }

        @Override
        public void updateLastCommittedOffset(long offset) {
            // Not looked at.
        }
    };
}
