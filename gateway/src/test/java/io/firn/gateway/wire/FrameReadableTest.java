package io.firn.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.RecordBuffers;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;

class FrameReadableTest {

    @Test
    void messageReadFromAnySplitOfItsBytesEqualsTheMessageReadFromOneBuffer() {
        CreateTopicsRequestData message = new CreateTopicsRequestData().setTimeoutMs(30_000).setValidateOnly(true);
        for (int i = 0; i < 5; i++) {
            message.topics().add(new CreateTopicsRequestData.CreatableTopic().setName("topic-ü-" + i).setNumPartitions(i + 1).setReplicationFactor((short) 1));
        }
        for (short version = CreateTopicsRequestData.LOWEST_SUPPORTED_VERSION; version <= CreateTopicsRequestData.HIGHEST_SUPPORTED_VERSION; version++) {
            ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, version).buffer();
            CreateTopicsRequestData expected = new CreateTopicsRequestData(new ByteBufferAccessor(bytes.duplicate()), version);
            for (long seed = 0; seed < 50; seed++) {
                FrameReadable readable = new FrameReadable(split(bytes, new Random(seed)));
                assertThat(new CreateTopicsRequestData(readable, version)).as("seed %d version %d", seed, version).isEqualTo(expected);
                assertThat(readable.remaining()).isZero();
            }
        }
    }

    @Test
    void recordsOfAProduceRequestStayWhereTheyAre() {
        byte[] records = new byte[1000];
        new Random(7).nextBytes(records);
        ProduceRequestData message = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(1);
        ProduceRequestData.TopicProduceData topic = new ProduceRequestData.TopicProduceData().setTopicId(Uuid.randomUuid());
        topic.partitionData().add(new ProduceRequestData.PartitionProduceData().setIndex(0).setRecords(MemoryRecords.readableRecords(ByteBuffer.wrap(records))));
        topic.partitionData().add(new ProduceRequestData.PartitionProduceData().setIndex(1).setRecords(null));
        message.topicData().add(topic);
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, (short) 13).buffer();

        FrameReadable readable = new FrameReadable(split(bytes, new Random(1)));
        new ProduceRequestData(readable, (short) 13);

        assertThat(readable.records()).as("without the null ones").hasSize(1);
        assertThat(contents(readable.records().get(0))).isEqualTo(records);
    }

    @Test
    void lengthsBeyondTheFrameAreRefusedBeforeAnythingIsAllocated() {
        FrameReadable readable = new FrameReadable(RecordBuffers.of(ByteBuffer.allocate(16)));

        assertThatThrownBy(() -> readable.readArray(Integer.MAX_VALUE)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> readable.readArray(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> readable.readRecords(17)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void endlessVarintIsRefused() {
        byte[] endless = new byte[16];
        Arrays.fill(endless, (byte) 0x80);

        assertThatThrownBy(() -> new FrameReadable(RecordBuffers.of(ByteBuffer.wrap(endless))).readUnsignedVarint()).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new FrameReadable(RecordBuffers.of(ByteBuffer.wrap(endless))).readVarlong()).isInstanceOf(IllegalArgumentException.class);
    }

    private static byte[] contents(RecordBuffers buffers) {
        ByteBuffer all = ByteBuffer.allocate(buffers.sizeBytes());
        for (ByteBuffer part : buffers.nioBuffers()) {
            all.put(part);
        }
        return all.array();
    }

    private static RecordBuffers split(ByteBuffer bytes, Random random) {
        List<ByteBuffer> parts = new ArrayList<>();
        int from = 0;
        while (from < bytes.limit()) {
            int count = Math.min(bytes.limit() - from, 1 + random.nextInt(20));
            ByteBuffer direct = ByteBuffer.allocateDirect(count);
            direct.put(bytes.slice(from, count)).flip();
            parts.add(direct);
            from += count;
        }
        return RecordBuffers.of(parts.toArray(ByteBuffer[]::new));
    }
}
