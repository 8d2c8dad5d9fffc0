package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.CpSettings.Timings;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Settings that cannot work are refused before anything is started. */
class CpSettingsTest {

    private static CpSettings settings(int port, int voters) {
        return new CpSettings(1, "c", Optional.empty(), port, Optional.empty(), new CpSeeds.Listed(List.of("a:1")), voters, Timings.DEFAULT);
    }

    @Test
    void onlyAnOddNumberOfThreeToSevenMembersVotes() {
        for (int voters : new int[] {3, 5, 7}) {
            settings(7701, voters);
        }
        for (int voters : new int[] {0, 1, 2, 4, 9}) {
            assertThatThrownBy(() -> settings(7701, voters)).hasMessageContaining("3, 5 or 7");
        }
    }

    @Test
    void seedsAreHostAndPort() {
        new CpSeeds.Listed(List.of("brokers.example:7701", "10.0.0.1:7701"));
        assertThatThrownBy(() -> new CpSeeds.Listed(List.of("10.0.0.1"))).hasMessageContaining("host:port");
        assertThatThrownBy(() -> settings(0, 3)).hasMessageContaining("port 0");
    }

    @Test
    void whoListensEverywhereSaysWhereTheOthersFindIt() {
        for (String wildcard : List.of("0.0.0.0", "::")) {
            assertThatThrownBy(() -> new CpSettings(1, "c", Optional.of(wildcard), 7701, Optional.empty(), new CpSeeds.Listed(List.of("a:1")), 3, Timings.DEFAULT))
                    .hasMessageContaining(wildcard).hasMessageContaining("public address");
        }
    }

    @Test
    void heartbeatsAreMoreFrequentThanTheSilenceTheyPrevent() {
        assertThatThrownBy(() -> new Timings(5, 5, 6, 100)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Timings(5, 1, 1, 100)).isInstanceOf(IllegalArgumentException.class);
    }
}
