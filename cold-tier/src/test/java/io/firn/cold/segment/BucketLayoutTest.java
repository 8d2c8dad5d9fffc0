package io.firn.cold.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdFixture;
import io.firn.cold.ObjectKeys;
import io.firn.cold.Seeds;
import java.util.Optional;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class BucketLayoutTest {

    @Test
    void keysAreAsDocumented() {
        PartitionKeys keys = new BucketLayout("a/b").partition(ColdFixture.PARTITION);
        String directory = "a/b/topics/weather-reports.v1-" + ColdFixture.PARTITION.topicId() + "/3/";
        assertThat(keys.segment(new SegmentName(1234, 7, 0xabcL))).isEqualTo(directory + "00000000000000001234-7-0000000000000abc.segment");
        assertThat(keys.manifest(5)).isEqualTo(directory + "manifest/00000000000000000005.manifest");
        assertThat(keys.boundary(5)).isEqualTo(directory + "manifest/00000000000000000005.boundary");
        assertThat(keys.page(1234, 1, 0xabcL)).isEqualTo(directory + "page/00000000000000001234-1-0000000000000abc.page");
        assertThat(new BucketLayout("").cluster()).isEqualTo("cluster");
    }

    @Test
    void whatIsBuiltIsParsedAndIsAValidKey() {
        Seeds.each(300, random -> {
            BucketLayout layout = new BucketLayout(random.nextBoolean() ? "" : "p-1/x");
            TopicIdPartition partition = new TopicIdPartition(new Uuid(random.nextLong(), random.nextLong()), random.nextInt(1000), "t-_." + random.nextInt());
            PartitionKeys keys = layout.partition(partition);
            SegmentName name = new SegmentName(random.nextLong() >>> 1, random.nextInt() >>> 1, random.nextLong());
            long number = random.nextLong() >>> 1;
            assertThat(keys.segmentName(ObjectKeys.checked(keys.segment(name)))).contains(name);
            assertThat(keys.manifestNumber(ObjectKeys.checked(keys.manifest(number)))).hasValue(number);
            assertThat(keys.boundaryNumber(ObjectKeys.checked(keys.boundary(number)))).hasValue(number);
            assertThat(layout.partitionOf(keys.segment(name))).contains(partition);
            assertThat(layout.partitionOf(keys.manifest(number))).contains(partition);
            assertThat(layout.partitionOf(ObjectKeys.checked(keys.page(number, random.nextInt(9), random.nextLong())))).contains(partition);
        });
    }

    @Test
    void foreignKeysAreNobodys() {
        BucketLayout layout = new BucketLayout("p");
        PartitionKeys keys = layout.partition(ColdFixture.PARTITION);
        for (String key : new String[] {"p/cluster", "p/topics/x/0/y", "q/topics/t/0/z", "p/topics/t-AAAAAAAAAAAAAAAAAAAAAA", "p/topics/t-AAAAAAAAAAAAAAAAAAAAAA/x/y"}) {
            assertThat(layout.partitionOf(key)).as(key).isEqualTo(Optional.empty());
        }
        assertThat(keys.segmentName(keys.manifest(1))).isEmpty();
        assertThat(keys.segmentName(keys.directory() + "99999999999999999999-1-0000000000000000.segment")).isEmpty();
        assertThat(keys.manifestNumber(keys.boundary(1))).isEmpty();
        assertThat(keys.manifestNumber(keys.manifestPrefix() + "99999999999999999999.manifest")).isEmpty();
    }
}
