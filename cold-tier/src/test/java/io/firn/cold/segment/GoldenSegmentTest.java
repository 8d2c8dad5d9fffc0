package io.firn.cold.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdAbortedTransaction;
import io.firn.cold.ColdFixture;
import io.firn.cold.SegmentFixture;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

/** The bytes of the segment object, fixed by a file that stays: what was written once must be readable for ever, and what is written now must be the same. */
class GoldenSegmentTest {

    private static final int CHUNK = 64 << 10;

    private static SegmentFixture fixture() {
        SegmentFixture segment = new SegmentFixture(1_000, 7);
        Random random = new Random(1);
        for (int i = 0; i < 18; i++) {
            segment.batch(random, Compression.NONE, 3, 1_500);
        }
        return segment.aborted(9, 1_003, 1_010, 1_003).epochs("0\n2\n0 0\n7 900\n");
    }

    @Test
    void theTailIsByteForByteTheGoldenOne() throws IOException {
        SegmentObject object = SegmentObject.audit(ColdFixture.PARTITION, 7, CHUNK, fixture());
        ByteBuffer tail = object.tail();
        byte[] bytes = new byte[tail.remaining()];
        tail.get(bytes);
        assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(golden("segment-tail-v1.hex"));
    }

    @Test
    void theGoldenTailIsUnderstood() throws IOException {
        SegmentIndexes indexes = SegmentIndexes.parse(ByteBuffer.wrap(HexFormat.of().parseHex(golden("segment-tail-v1.hex"))));
        SegmentFixture segment = fixture();
        SegmentFacts facts = indexes.facts();
        assertThat(facts.topicId()).isEqualTo(ColdFixture.PARTITION.topicId());
        assertThat(facts).isEqualTo(new SegmentFacts(facts.topicId(), 3, 1_000, 1_054, 7, segment.maxTimestampMs(), segment.logSizeBytes(), CHUNK));
        assertThat(indexes.abortedTransactions()).containsExactly(new ColdAbortedTransaction(9, 1_003, 1_010, 1_003));
        assertThat(indexes.leaderEpochs()).isEqualTo("0\n2\n0 0\n7 900\n");
        CRC32C crc = new CRC32C();
        crc.update(segment.bytes(), 0, CHUNK);
        assertThat(indexes.checksums()).hasSize(2).startsWith((int) crc.getValue());
        for (SegmentFixture.Batch batch : segment.batches()) {
            assertThat(indexes.positionBefore(batch.baseOffset())).isLessThanOrEqualTo(batch.position());
        }
        assertThat(indexes.positionBefore(1_053)).isGreaterThan(CHUNK);
    }

    static String golden(String name) throws IOException {
        try (InputStream in = GoldenSegmentTest.class.getResourceAsStream("/golden/" + name)) {
            return in == null ? "no golden file " + name : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }
}
