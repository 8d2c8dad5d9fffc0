package io.firn.cold.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.Seeds;
import io.firn.cold.segment.Checksums;
import io.firn.cold.segment.SegmentName;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** The bytes of a manifest, fixed by a file that stays. */
class GoldenManifestTest {

    private static final Manifest MANIFEST = new Manifest(new Uuid(0x1122_3344_5566_7788L, 0x99aa_bbcc_ddee_ff00L), 5, 42, 0xcafe_babe, 7, 0x0123_4567_89ab_cdefL,
            1_700_000_000_000L, new ManifestContent(150, 400,
                    List.of(new SegmentEntry(new SegmentName(100, 3, 0xfedc_ba98_7654_3210L), 200, 5_000, 5_900, 1_600_000_000_001L, 1_600_000_100_000L, true),
                            new SegmentEntry(new SegmentName(200, 7, 11), 400, 6_000, 6_700, -1, 1_600_000_200_000L, false)),
                    List.of(new PendingDeletion(new SegmentName(0, 3, 12), 1_650_000_000_000L)), 0));

    private static final TopicIdPartition PARTITION = new TopicIdPartition(MANIFEST.topicId(), 5, "t");

    /** Pages of two levels, one more to be deleted with half its segments. */
    private static final Manifest PAGED = new Manifest(MANIFEST.topicId(), 5, 44, 0xcafe_babe, 7, 0x0123_4567_89ab_cdefL, 1_700_000_000_000L, new ManifestContent(20, 400,
            List.of(new SegmentEntry(new SegmentName(10, 3, 13), 30, 5_000, 5_900, 1_600_000_000_000L, 1_600_000_000_005L, false)),
            List.of(new PageReference(30, 0x1111_2222_3333_4444L, 1, 60, 9, 90_000, 1_600_000_000_001L, 1_600_000_000_002L, true, 2, 0x1234_5678),
                    new PageReference(60, 0x5555_6666_7777_8888L, 0, 80, 3, 30_000, -1, 1_600_000_000_003L, false, 3, 0x9abc_def0),
                    new PageReference(80, 17, 0, 100, 2, 20_000, 1_600_000_000_004L, 1_600_000_000_004L, false, 2, 18)),
            MANIFEST.content().segments(), MANIFEST.content().pending(),
            List.of(new PendingPage(new PageReference(0, 19, 0, 20, 2, 10_000, -1, 1_600_000_000_000L, false, 2, 20), 10, 1_650_000_000_001L)), 100));

    @Test
    void theBytesAreTheGoldenOnesAndMeanTheSame() throws IOException {
        ByteBuffer encoded = ManifestCodec.encode(MANIFEST);
        byte[] bytes = new byte[encoded.remaining()];
        encoded.duplicate().get(bytes);
        assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(golden("manifest-v1"));
        assertThat(ManifestCodec.decode(ByteBuffer.wrap(HexFormat.of().parseHex(golden("manifest-v1"))))).isEqualTo(MANIFEST);
    }

    @Test
    void aCompactedLogHasOneFieldMore() throws IOException {
        Manifest compacted = new Manifest(MANIFEST.topicId(), 5, 43, 0xcafe_babe, 7, 0x0123_4567_89ab_cdefL, 1_700_000_000_000L, MANIFEST.content().cleanUpTo(200));
        assertThat(HexFormat.of().formatHex(bytes(compacted))).isEqualTo(golden("manifest-compacted-v1"));
        assertThat(ManifestCodec.decode(ByteBuffer.wrap(HexFormat.of().parseHex(golden("manifest-compacted-v1"))))).isEqualTo(compacted);
    }

    @Test
    void aLongLogNamesPages() throws IOException {
        assertThat(HexFormat.of().formatHex(bytes(PAGED))).isEqualTo(golden("manifest-paged-v1"));
        assertThat(ManifestCodec.decode(ByteBuffer.wrap(HexFormat.of().parseHex(golden("manifest-paged-v1"))))).isEqualTo(PAGED);
    }

    @Test
    void pagesAreTheGoldenOnesAndMeanTheSame() throws IOException {
        for (String name : List.of("page-segments-v1", "page-pages-v1")) {
            List<Extent> entries = name.equals("page-segments-v1") ? List.copyOf(MANIFEST.content().segments()) : List.copyOf(PAGED.content().pages().subList(1, 3));
            ByteBuffer encoded = PageCodec.encode(PARTITION, name.equals("page-segments-v1") ? 0 : 1, entries);
            PageReference reference = PageCodec.reference(77, name.equals("page-segments-v1") ? 0 : 1, entries, encoded);
            byte[] bytes = new byte[encoded.remaining()];
            encoded.duplicate().get(bytes);
            assertThat(HexFormat.of().formatHex(bytes)).as(name).isEqualTo(golden(name));
            assertThat(PageCodec.decode(PARTITION, reference, ByteBuffer.wrap(HexFormat.of().parseHex(golden(name)))).entries()).isEqualTo(entries);
            for (int bit = 0; bit < bytes.length * 8; bit++) {
                byte[] bad = bytes.clone();
                bad[bit / 8] ^= (byte) (1 << bit % 8);
                assertThatThrownBy(() -> PageCodec.decode(PARTITION, reference, ByteBuffer.wrap(bad))).isInstanceOf(ColdStoreException.Corrupt.class);
            }
            for (int length = 0; length < bytes.length; length++) {
                ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length).slice();
                assertThatThrownBy(() -> PageCodec.decode(PARTITION, reference, cut)).isInstanceOf(ColdStoreException.Corrupt.class);
            }
        }
    }

    @Test
    void aPageThatIsWholeButNotTheOneNamedIsCorruptAndANewerOneIsRefused() {
        ByteBuffer encoded = PageCodec.encode(PARTITION, 0, MANIFEST.content().segments());
        PageReference reference = PageCodec.reference(77, 0, MANIFEST.content().segments(), encoded);
        ByteBuffer other = PageCodec.encode(PARTITION, 0, MANIFEST.content().segments().subList(0, 1));
        assertThatThrownBy(() -> PageCodec.decode(PARTITION, reference, other)).isInstanceOf(ColdStoreException.Corrupt.class);
        TopicIdPartition elsewhere = new TopicIdPartition(MANIFEST.topicId(), 6, "t");
        assertThatThrownBy(() -> PageCodec.decode(elsewhere, reference, encoded)).isInstanceOf(ColdStoreException.Corrupt.class);
        ByteBuffer newer = ByteBuffer.allocate(encoded.remaining()).put(encoded.duplicate()).flip().putInt(12, 1);
        newer.putInt(newer.limit() - 4, Checksums.crc32c(newer.slice(0, newer.limit() - 4)));
        assertThatThrownBy(() -> PageCodec.decode(PARTITION, reference, newer)).isInstanceOf(ColdStoreException.Misconfigured.class);
    }

    private static String golden(String name) throws IOException {
        try (InputStream in = GoldenManifestTest.class.getResourceAsStream("/golden/" + name + ".hex")) {
            return in == null ? "no golden file" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }

    @Test
    void everyFlippedBitAndEveryCutIsCorrupt() {
        byte[] good = bytes(MANIFEST);
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> ManifestCodec.decode(ByteBuffer.wrap(bad))).isInstanceOf(ColdStoreException.Corrupt.class);
        }
        for (int length = 0; length < good.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(good, 0, length).slice();
            assertThatThrownBy(() -> ManifestCodec.decode(cut)).isInstanceOf(ColdStoreException.Corrupt.class);
        }
    }

    @Test
    void aNewerVersionOrAnUnknownFeatureIsRefusedAsSuch() {
        for (int at : new int[] {8, 12}) {
            ByteBuffer newer = ByteBuffer.wrap(bytes(MANIFEST));
            newer.putInt(at, newer.getInt(at) + 4).putInt(newer.limit() - 4, Checksums.crc32c(newer.slice(0, newer.limit() - 4)));
            assertThatThrownBy(() -> ManifestCodec.decode(newer)).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("newer release");
        }
    }

    @Test
    void whatIsWrittenIsRead() {
        Seeds.each(200, random -> {
            Manifest manifest = random(random);
            assertThat(ManifestCodec.decode(ManifestCodec.encode(manifest))).isEqualTo(manifest);
        });
    }

    @Test
    void aManifestThatDoesNotFitIntoAnObjectIsRefused() {
        List<PendingDeletion> many = new ArrayList<>();
        for (int i = 0; i < 150_000; i++) {
            many.add(new PendingDeletion(new SegmentName(i, 0, i), 0));
        }
        Manifest large = new Manifest(new Uuid(1, 2), 0, 1, 0, 0, 0, 0, new ManifestContent(0, 0, List.of(), many, 0));
        assertThatThrownBy(() -> ManifestCodec.encode(large)).isInstanceOf(ColdStoreException.Misconfigured.class);
    }

    private static Manifest random(Random random) {
        List<SegmentEntry> segments = new ArrayList<>();
        long start = random.nextInt(1000);
        long end = start;
        for (int i = random.nextInt(20); i > 0; i--) {
            long next = end + 1 + random.nextInt(1000);
            long size = 1 + random.nextLong(1L << 40);
            segments.add(new SegmentEntry(new SegmentName(end, random.nextInt(100), random.nextLong()), next, size, size + 1 + random.nextInt(1000),
                    random.nextLong(1L << 50) - 1, random.nextLong(1L << 50), random.nextBoolean()));
            end = next;
        }
        List<PendingDeletion> pending = new ArrayList<>();
        for (int i = random.nextInt(20); i > 0; i--) {
            pending.add(new PendingDeletion(new SegmentName(random.nextInt(1000), 0, random.nextLong()), random.nextLong(1L << 50)));
        }
        return new Manifest(new Uuid(random.nextLong(), random.nextLong()), random.nextInt(100), 1 + random.nextInt(100), random.nextInt(), random.nextInt(100),
                random.nextLong(), random.nextLong(1L << 50), new ManifestContent(random.nextInt(2000), end, segments, pending, random.nextBoolean() ? 0 : random.nextLong(end + 1)));
    }

    private static byte[] bytes(Manifest manifest) {
        ByteBuffer encoded = ManifestCodec.encode(manifest);
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }
}
