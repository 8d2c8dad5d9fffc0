package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.config.ConfigLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryNeedsTest {

    private static final long MIB = 1 << 20;

    private static MemoryNeeds needs(String... settings) {
        Map<String, String> all = new HashMap<>();
        for (String setting : settings) {
            all.put(setting.substring(0, setting.indexOf('=')), setting.substring(setting.indexOf('=') + 1));
        }
        return MemoryNeeds.of(ConfigLoader.of(all));
    }

    /** What the launcher gives at least, in MiB. */
    private static long ofLauncher(String constant) throws IOException {
        Matcher line = Pattern.compile("(?m)^readonly " + constant + "=(\\d+)m?$").matcher(Files.readString(Path.of("../firn")));
        assertThat(line.find()).as(constant).isTrue();
        return Long.parseLong(line.group(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "s3", "minio"})
    void theDefaultsFitInWhatTheLauncherGives(String provider) throws IOException {
        MemoryNeeds alone = needs("cold.provider=" + provider, "cold.bucket=b");
        MemoryNeeds inACluster = needs("cold.provider=" + provider, "cold.bucket=b", "cold.file.dir=bucket", "cluster.voters=1,2,3", "cluster.seeds=a:1");

        alone.requireDirect(ofLauncher("BROKER_DIRECT") * MIB);
        inACluster.requireDirect(ofLauncher("BROKER_DIRECT") * MIB);
        long heapBytes = ofLauncher("BROKER_HEAP") * MIB;
        assertThat(alone.lackingHeap(heapBytes - heapBytes / 30)).as("of which a thirtieth, a survivor space, is not counted").isEmpty();
    }

    /** By the launcher's rule: an eighth more than the cache, requests of clients and of brokers, the rest. */
    @ParameterizedTest
    @CsvSource({"4096, 1048576, 128", "4096, 65537, 128", "65536, 1048576, 1024", "1024, 67108864, 128"})
    void whatIsRaisedFitsInWhatTheLauncherMakesOfIt(long cacheMib, int chunkBytes, long inflightMib) throws IOException {
        MemoryNeeds needs = needs("cold.provider=s3", "cold.bucket=b", "cluster.voters=1,2,3", "cluster.seeds=a:1", "cold.cache.bytes=" + cacheMib * MIB, "cold.chunk.bytes=" + chunkBytes,
                "kafka.inflight.max.bytes=" + inflightMib * MIB);

        needs.requireDirect((cacheMib + cacheMib / 8 + 2 * inflightMib + ofLauncher("BROKER_DIRECT_REST")) * MIB);
    }

    /** A MiB for each further request, 6.5 for each further upload and the half part that is rounded up. */
    @ParameterizedTest
    @CsvSource({"file, 1021, 2", "s3, 928, 64", "minio, 928, 64", "file, 128, 64", "s3, 128, 3"})
    void howManyRequestsThereMayBeFitsInWhatTheLauncherMakesOfIt(String provider, long reads, long uploads) throws IOException {
        MemoryNeeds needs = needs("cold.provider=" + provider, "cold.bucket=b", "cold.file.dir=bucket", "cluster.voters=1,2,3", "cluster.seeds=a:1", "cold.read.parallelism=" + reads, "cold.upload.parallelism=" + uploads);

        long furtherReads = reads - ofLauncher("COLD_READ_PARALLELISM");
        long furtherUploads = uploads - ofLauncher("COLD_UPLOAD_PARALLELISM");
        needs.requireDirect((512 + 64 + 2 * 128 + ofLauncher("BROKER_DIRECT_REST") + furtherReads + (furtherUploads == 0 ? 0 : furtherUploads * 13 / 2 + 5)) * MIB);
    }

    @Test
    void moreDirectMemoryThanTheJvmAllowsIsRefusedWithSettingsFlagAndNumbers() {
        assertThatThrownBy(() -> needs("cold.cache.bytes=2147483648").requireDirect(960 * MIB)).isInstanceOf(StartupException.class)
                .hasMessage("the settings may take more direct memory than the JVM allows, 2347 MiB of 960: cold.cache.bytes 2024, kafka.inflight.max.bytes 128, requests to the object store 131, everything else 64; "
                        + "raise -XX:MaxDirectMemorySize (FIRN_JAVA_OPTS=-XX:MaxDirectMemorySize=2347m), or lower them");
        assertThatCode(() -> needs("cold.cache.bytes=2147483648").requireDirect(2347 * MIB)).doesNotThrowAnyException();
    }

    @Test
    void buffersOfSmallChunksAreReckonedWithWhatTheirAlignmentTakes() {
        long small = needs("cold.chunk.bytes=65536").direct().get("cold.cache.bytes");
        long large = needs("cold.chunk.bytes=1048576").direct().get("cold.cache.bytes");
        assertThat(small).isEqualTo(480 * MIB / 65_536 * (65_536 + 4_096));
        assertThat(large).isEqualTo(480 * (MIB + 4_096));
    }

    @Test
    void settingsWithoutABoundAreTooMuchNotLittle() {
        assertThatThrownBy(() -> needs("kafka.inflight.max.bytes=9223372036854775807").requireDirect(1L << 46)).isInstanceOf(StartupException.class);
        assertThat(needs("compaction.memory.bytes=9223372036854775807").lackingHeap(1L << 46)).isPresent();
    }

    @Test
    void ofTheHeapItIsToldWhichPartsAreLarge() {
        assertThat(needs("cold.provider=s3", "cold.bucket=b", "cold.upload.parallelism=16").lackingHeap(247 * MIB).orElseThrow())
                .startsWith("649 MiB of 247: ").contains("indexes of cold.cache.bytes 64", "cold.page.cache.bytes 32", "parts of cold.upload.parallelism 480", "compaction.memory.bytes 32");
    }

    @Test
    void theJvmTellsWhatItAllows() {
        assertThat(MemoryNeeds.directLimitBytes()).isPositive();
    }
}
