package io.firn.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.TopicConfigEffects.Extent;
import io.firn.gateway.rig.ReadmeTable;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.junit.jupiter.api.Test;

class TopicConfigEffectsTest {

    private static final ReadmeTable README = new ReadmeTable(Path.of("README.md"), "topic configs", TopicConfigEffectsTest.class);

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
        README.assertHas(TopicConfigEffects.markdown());
    }
}
