package io.firn.gateway.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogReplayTest {
    private static final int LARGE = 40;
    private static final int SMALL = 2_000;

    @TempDir
    Path directory;

    private static void append(Partition partition, long nowMs, String... values) {
        List<CompletableFuture<AppendResult>> done = new ArrayList<>();
        for (String value : values) {
            CompletableFuture<AppendResult> one = new CompletableFuture<>();
            partition.loop().execute(() -> partition.append(RecordBuffers.of(Requests.records(nowMs, value).buffer()), AppendOrigin.COORDINATOR, one::complete));
            done.add(one);
        }
        done.forEach(one -> assertThat(Await.get(one)).isInstanceOf(AppendResult.Appended.class));
    }

    private static String[] values(int count, int size) {
        String[] values = new String[count];
        Arrays.fill(values, "x".repeat(size));
        return values;
    }

    /** Such as an append that was given up and follows all the same: then the end of what is to be replayed is a place in the file that nobody remembers. */
    @Test
    void everythingUpToTheEndIsReplayedThoughMoreIsAppendedMeanwhile() throws Exception {
        try (StorageRig rig = StorageRig.started(directory, 1)) {
            rig.createTopic("t", 1);
            append(rig.partition("t", 0), rig.clock.millis(), values(LARGE, 60_000));
            rig.restart();
            Partition partition = rig.partition("t", 0);
            List<Long> replayed = new ArrayList<>();

            new LogReplay(partition, (key, value) -> null, new CoordinatorPlayback<>() {
                @Override
                public void replay(long offset, long producerId, short producerEpoch, CoordinatorRecord record) {
                    if (replayed.isEmpty()) {
                        append(partition, rig.clock.millis(), values(SMALL, 100));
                    }
                    replayed.add(offset);
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
            }, () -> true).run();

            assertThat(replayed).containsExactlyElementsOf(LongStream.range(0, LARGE).boxed().toList());
        }
    }
}
