package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.TopicIdPartition;
import org.junit.jupiter.api.Test;

class ColdLogTest {

    private final ColdFixture cold = new ColdFixture();
    private final Random random = new Random(7);

    @Test
    void whatWasAppendedIsReadBack() {
        ColdLog log = cold.log(5);
        SegmentFixture segment = SegmentFixture.random(random, 0, 5, 3 * CHUNK);
        ColdSegment committed = cold.await(log.append(segment));
        assertThat(committed.nextOffset()).isEqualTo(segment.nextOffset());
        assertThat(log.endOffset()).isEqualTo(segment.nextOffset());
        long offset = 0;
        while (offset < log.endOffset()) {
            ColdRead read = cold.await(log.read(offset, CHUNK, Long.MAX_VALUE, true));
            assertThat(ColdFixture.bytes(read)).isEqualTo(segment.bytes(read.baseOffset(), read.upperBoundOffset()));
            assertThat(read.baseOffset()).isEqualTo(offset);
            offset = read.upperBoundOffset();
            read.release();
        }
        assertThat(cold.inUse().pinnedChunks()).isZero();
        assertThat(cold.inUse().reservedUnits()).isZero();
    }

    @Test
    void aLogWhoseObjectsMayNotBeDeletedDoesNotHoldUpTheOthers() {
        List<TopicIdPartition> both = List.of(PARTITION, new TopicIdPartition(PARTITION.topicId(), 4, PARTITION.topic()));
        for (TopicIdPartition guarded : both) {
            ColdFixture here = new ColdFixture();
            for (TopicIdPartition partition : both) {
                ColdLog log = here.await(here.store.openLog(partition, 1));
                ColdSegment dropped = here.await(log.append(SegmentFixture.random(random, 0, 1, 1000)));
                here.await(log.deleteBefore(dropped.nextOffset()));
            }
            here.objects.inject(SimFault.refusing().on(Operation.DELETE).forKeys(key -> key.contains("/" + guarded.partition() + "/")));
            here.sim.pass(200_000);
            assertThat(here.objects.keys().stream().filter(key -> key.endsWith(".segment"))).singleElement().asString().contains("/" + guarded.partition() + "/");
        }
    }

    @Test
    void openingAnIdlePartitionCostsOneListAndOneGet() {
        cold.await(cold.log(1).append(SegmentFixture.random(random, 0, 1, 1000)));
        int before = cold.objects.requests();
        ColdLog log = cold.log(2);
        assertThat(cold.segments(log)).hasSize(1);
        assertThat(cold.objects.requests() - before).isEqualTo(2);
        cold.sim.pass(1_000_000);
        assertThat(cold.objects.requests() - before).isEqualTo(2);
        assertThat(cold.objects.requests(Operation.DELETE)).as("but for the probe of the check").isOne();
    }
}
