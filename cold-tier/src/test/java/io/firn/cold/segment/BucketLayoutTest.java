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

    /** Else a listing that is to go on past the topic or partition would begin before it again, for ever. */
    @Test
    void namesThatReadLikeOursAndAreWrittenOtherwiseAreNobodys() {
        BucketLayout layout = new BucketLayout("p");
        String spareBits = "p/topics/x-AAAAAAAAAAAAAAAAAAAAAB/0/y";
        String zeros = "p/topics/x-AAAAAAAAAAAAAAAAAAAAAA/007/y";
        assertThat(layout.topicOf(spareBits)).isEmpty();
        assertThat(layout.partitionOf(spareBits)).isEmpty();
        assertThat(layout.partitionOf(zeros)).isEmpty();
        String besides = "p/topics/x-AAAAAAAAAAAAAAAAAAAAAA/~x/y";
        String last = "p/topics/x-AAAAAAAAAAAAAAAAAAAAAA/0/~x";
        for (String key : new String[] {spareBits, zeros, besides, last}) {
            assertThat(layout.pastTopic(key)).isGreaterThan(key);
            assertThat(layout.pastPartition(key)).isGreaterThan(key);
        }
        assertThat(layout.pastPartition(last)).isLessThan("p/topics/x-AAAAAAAAAAAAAAAAAAAAAA/00/a").isLessThan("p/topics/x-AAAAAAAAAAAAAAAAAAAAAA/1/a");
        assertThat(layout.pastTopic("p/topics/sink/y")).isGreaterThan("p/topics/sink/~").isLessThan("p/topics/sink1/y");
        for (String beside : new String[] {"p/topics/x", "p/topics/x-AAAAAAAAAAAAAAAAAAAAAA/x"}) {
            assertThat(layout.pastPartition(beside)).isEqualTo(beside);
        }
        PartitionKeys keys = layout.partition(ColdFixture.PARTITION);
        String base = "00000000000000000012";
        String nonce = "0000000300000000";
        assertThat(keys.writerEpoch(keys.pagePrefix() + base + "-0-" + nonce + ".page")).hasValue(3);
        for (String page : new String[] {base + "-0-copy-" + nonce, base + "-00-" + nonce, base + "-+0-" + nonce, base + "0-" + nonce, base + "-0-" + "0000000A00000000", base + "-" + nonce}) {
            assertThat(keys.writerEpoch(keys.pagePrefix() + page + ".page")).as(page).isEmpty();
            assertThat(keys.pageBaseOffset(keys.pagePrefix() + page + ".page")).as(page).isEmpty();
        }
        assertThat(keys.writerEpoch(keys.directory() + base + "-007-" + nonce + ".segment")).isEmpty();
        assertThat(keys.writerEpoch(keys.directory() + base + "-7-" + nonce + ".segment")).hasValue(7);
    }

    @Test
    void aProbeIsWhatIsNamedAsOne() {
        BucketLayout layout = new BucketLayout("");
        assertThat(layout.isProbe(layout.probe(0xfedcba9876543210L))).isTrue();
        for (String other : new String[] {"probe/cluster", "probe/topics/t-AAAAAAAAAAAAAAAAAAAAAA/0/y", "probe/0123456789abcde", "probe/0123456789abcdef0", "probe/0123456789ABCDEF", "probe/", "cluster"}) {
            assertThat(layout.isProbe(other)).as(other).isFalse();
        }
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
