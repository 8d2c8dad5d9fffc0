package io.firn.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.TopicConfigEffects.Extent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.junit.jupiter.api.Test;

class TopicConfigEffectsTest {

    private static final Path README = Path.of("README.md");

    @Test
    void everyTopicConfigOfKafkaIsListedAndNoOther() {
        assertThat(TopicConfigEffects.ALL.keySet()).containsExactlyInAnyOrderElementsOf(LogConfig.nonInternalConfigNames());
    }

    @Test
    void whatIsNotFullyDoneHasItsReason() {
        assertThat(TopicConfigEffects.ALL).allSatisfy((name, effect) -> assertThat(effect.extent() == Extent.FULL || !effect.note().isBlank()).as(name).isTrue());
    }

    /** With {@code -Dfirn.rewrite=true} this writes the table instead of checking it. */
    @Test
    void readmeHasTheTableOfTheTopicConfigsAsTheyAre() throws IOException {
        String readme = Files.readString(README);
        String fresh = TopicConfigEffects.insertInto(readme);
        if (Boolean.getBoolean("firn.rewrite")) {
            Files.writeString(README, fresh);
            return;
        }
        assertThat(readme)
                .as("README.md is stale; rewrite it with: mvn -q -pl gateway -am test -Dtest=TopicConfigEffectsTest -Dsurefire.failIfNoSpecifiedTests=false -Dfirn.rewrite=true")
                .isEqualTo(fresh);
    }
}
