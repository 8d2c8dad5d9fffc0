package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ObjectStoreConfig.Encryption;
import io.firn.gateway.config.ConfigLoader;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ColdBucketTest {

    @Test
    void whatIsWrittenAsksForTheEncryptionOfTheSettings() {
        assertThat(encryption(Map.of())).isEmpty();
        assertThat(encryption(Map.of("cold.sse", "s3"))).contains(Encryption.S3);
        assertThat(encryption(Map.of("cold.sse", "kms"))).contains(Encryption.kms(Optional.empty()));
        assertThat(encryption(Map.of("cold.sse", "kms", "cold.sse.kms.key.id", "key-7"))).contains(Encryption.kms(Optional.of("key-7")));
    }

    private static Optional<Encryption> encryption(Map<String, String> further) {
        Map<String, String> settings = new HashMap<>(Map.of("cold.provider", "s3", "cold.bucket", "b"));
        settings.putAll(further);
        return ColdBucket.of(ConfigLoader.of(settings)).objects().encryption();
    }

    @Test
    void aDirectoryIsReadAheadALittleAndABucketAsMuchAsIsSaid() {
        assertThat(ColdBucket.of(ConfigLoader.of(Map.of())).reader().readAheadBytes()).isEqualTo(8L << 20);
        assertThat(ColdBucket.of(ConfigLoader.of(Map.of("cold.read.ahead.bytes", "1048576"))).reader().readAheadBytes()).isEqualTo(1L << 20);
        assertThat(ColdBucket.of(ConfigLoader.of(Map.of("cold.provider", "s3", "cold.bucket", "b"))).reader().readAheadBytes()).isEqualTo(256L << 20);
    }

    @Test
    void aBucketHasAConnectionForEachReadAndSomeForWrites() {
        ColdBucket bucket = ColdBucket.of(ConfigLoader.of(Map.of("cold.provider", "s3", "cold.bucket", "b")));
        assertThat(bucket.objects().maxConnections()).isGreaterThan(bucket.reader().readParallelism());
    }
}
