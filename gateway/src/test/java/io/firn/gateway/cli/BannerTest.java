package io.firn.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.ConfigLoader;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BannerTest {

    @Test
    void tellsWhereToConnectWhatIsStoredWhereAndHowToStop() {
        String text = banner(Map.of("data.dir", "/var/firn")).text();

        assertThat(text).contains("127.0.0.1:19092", "http://127.0.0.1:18080/metrics", "Hot tier        " + Path.of("/var/firn"),
                "Cold tier       " + Path.of("/var/firn/cold"), "Ctrl-C", "kill " + ProcessHandle.current().pid());
    }

    @Test
    void tellsTheAdvertisedAddressAndNoWildcard() {
        String text = banner(Map.of("kafka.advertised.host", "firn.example", "kafka.advertised.port", "9", "http.host", "0.0.0.0")).text();

        assertThat(text).contains("firn.example:9", "http://localhost:18080");
    }

    @Test
    void tellsTheBucketButNotTheCredentials() {
        String text = banner(Map.of("cold.provider", "s3", "cold.bucket", "ice", "cold.endpoint", "http://127.0.0.1:9000",
                "cold.access.key", "AK", "cold.secret.key", "hush")).text();

        assertThat(text).contains("bucket ice at http://127.0.0.1:9000").doesNotContain("hush");
    }

    private static Banner banner(Map<String, String> settings) {
        return new Banner(ConfigLoader.of(settings), 19092, 18080, "cluster");
    }
}
