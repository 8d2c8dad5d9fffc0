package io.firn.cold.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTopicDescription;
import io.firn.cold.segment.Checksums;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** The bytes of a topic object, fixed by a file that stays. */
class GoldenTopicTest {

    private static final Uuid ID = new Uuid(0x1122_3344_5566_7788L, 0x99aa_bbcc_ddee_ff00L);
    private static final ColdTopicDescription TOPIC = new ColdTopicDescription(ID, "rivers", 12, Map.of("retention.ms", "-1", "cleanup.policy", "compact,delete"), "MkU3OEVBNTcwNTJENDM2Qg", 4_711);

    private static byte[] bytes() {
        ByteBuffer encoded = TopicCodec.encode(TOPIC, 42, 0x0123_4567_89ab_cdefL, 1_700_000_000_000L);
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    private static String golden() throws IOException {
        try (InputStream in = GoldenTopicTest.class.getResourceAsStream("/golden/topic-v1.hex")) {
            return in == null ? "no golden file" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }

    @Test
    void theBytesAreTheGoldenOnesAndMeanTheSame() throws IOException {
        assertThat(HexFormat.of().formatHex(bytes())).isEqualTo(golden());
        assertThat(TopicCodec.decode(ID, 42, ByteBuffer.wrap(HexFormat.of().parseHex(golden())))).isEqualTo(TOPIC);
    }

    @Test
    void everyFlippedBitAndEveryCutIsCorrupt() {
        byte[] good = bytes();
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> TopicCodec.decode(ID, 42, ByteBuffer.wrap(bad))).isInstanceOf(ColdStoreException.Corrupt.class);
        }
        for (int length = 0; length < good.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(good, 0, length).slice();
            assertThatThrownBy(() -> TopicCodec.decode(ID, 42, cut)).isInstanceOf(ColdStoreException.Corrupt.class);
        }
    }

    @Test
    void lengthsThatLieAreCorruptThoughTheChecksumIsRight() {
        for (int at : new int[] {64, 68, 68 + 4 + 22}) {
            for (int value : new int[] {-1, Integer.MAX_VALUE}) {
                ByteBuffer lying = ByteBuffer.wrap(bytes());
                lying.putInt(at, at == 64 ? -1 : value).putInt(lying.limit() - 4, Checksums.crc32c(lying.slice(0, lying.limit() - 4)));
                assertThatThrownBy(() -> TopicCodec.decode(ID, 42, lying)).isInstanceOf(ColdStoreException.Corrupt.class);
            }
        }
        assertThatThrownBy(() -> TopicCodec.decode(ID, 43, ByteBuffer.wrap(bytes()))).isInstanceOf(ColdStoreException.Corrupt.class);
        assertThatThrownBy(() -> TopicCodec.decode(Uuid.randomUuid(), 42, ByteBuffer.wrap(bytes()))).isInstanceOf(ColdStoreException.Corrupt.class);
    }

    @Test
    void aNewerVersionOrAnUnknownFeatureIsRefusedAsSuch() {
        for (int at : new int[] {8, 12}) {
            ByteBuffer newer = ByteBuffer.wrap(bytes());
            newer.putInt(at, newer.getInt(at) + 1).putInt(newer.limit() - 4, Checksums.crc32c(newer.slice(0, newer.limit() - 4)));
            assertThatThrownBy(() -> TopicCodec.decode(ID, 42, newer)).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("newer release");
        }
    }
}
