package io.firn.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConfigTableTest {

    private static final Path README = Path.of("..", "README.md");

    /** With {@code -Dfirn.rewrite=true} this writes the table instead of checking it. */
    @Test
    void readmeHasTheTableOfTheSettingsAsTheyAre() throws IOException {
        String readme = Files.readString(README);
        String fresh = ConfigTable.insertInto(readme);
        if (Boolean.getBoolean("firn.rewrite")) {
            Files.writeString(README, fresh);
            return;
        }
        assertThat(readme)
                .as("README.md is stale; rewrite it with: mvn -q -pl gateway -am test -Dtest=ConfigTableTest -Dsurefire.failIfNoSpecifiedTests=false -Dfirn.rewrite=true")
                .isEqualTo(fresh);
    }

    @Test
    void tableHasOneRowPerSetting() {
        assertThat(ConfigTable.markdown().lines().filter(line -> line.startsWith("| `"))).hasSameSizeAs(Schema.all().values());
    }
}
