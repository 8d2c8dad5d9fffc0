package io.firn.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdFixture;
import io.firn.cold.ColdLog;
import io.firn.cold.ColdRead;
import io.firn.cold.SegmentFixture;
import io.firn.gateway.api.SentRecords;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.internal.PlatformDependent;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.Test;

/** Records out of the cold tier's chunks, as they come to the socket: the chunks' own memory, which is off the heap. */
class ColdRecordsOnTheWireTest {

    private static final short VERSION = 17;
    private static final int SEGMENT_BYTES = 5 * ColdFixture.CHUNK / 2;

    /** Where bytes are, and how many. */
    private record Place(long address, int sizeBytes) {
        static Place of(ByteBuffer buffer) {
            assertThat(buffer.isDirect()).as("off the heap").isTrue();
            return new Place(PlatformDependent.directBufferAddress(buffer) + buffer.position(), buffer.remaining());
        }
    }

    @Test
    void recordsGoToTheSocketOutOfTheChunksThatTheyLieIn() {
        ColdFixture fixture = new ColdFixture();
        ColdLog log = fixture.log(1);
        fixture.await(log.append(SegmentFixture.random(new Random(1), 0, 1, SEGMENT_BYTES)));
        ColdRead read = fixture.await(log.read(0, SEGMENT_BYTES, log.endOffset(), true));
        List<Place> chunks = List.of(read.buffers()).stream().map(Place::of).toList();
        assertThat(chunks).as("pieces of several chunks").hasSizeGreaterThan(1);

        List<Object> parts = MessageEncoder.response(new RequestHeader(ApiKeys.FETCH, VERSION, "client", 1), VERSION, response(new SentRecords.Cold(read)), UnpooledByteBufAllocator.DEFAULT);

        assertThat(parts).allMatch(ByteBuf.class::isInstance);
        List<Place> sent = parts.stream().map(ByteBuf.class::cast).map(ByteBuf::nioBuffer).map(Place::of).toList();
        assertThat(sent).containsSubsequence(chunks);
        int around = sent.stream().filter(place -> !chunks.contains(place)).mapToInt(Place::sizeBytes).sum();
        assertThat(around).as("of all that is sent beside the records").isLessThan(200);
        parts.forEach(ReferenceCountUtil::release);
        read.release();
    }

    private static FetchResponseData response(SentRecords records) {
        FetchResponseData.PartitionData partition = new FetchResponseData.PartitionData().setPartitionIndex(0).setHighWatermark(1).setRecords(records);
        return new FetchResponseData().setResponses(List.of(new FetchResponseData.FetchableTopicResponse().setTopicId(new Uuid(1, 2)).setPartitions(List.of(partition))));
    }
}
