package io.firn.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.ReadmeTable;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConfigTableTest {

    private static final ReadmeTable README = new ReadmeTable(Path.of("..", "README.md"), "settings", ConfigTableTest.class);

    /** With {@code -Dfirn.rewrite=true} this writes the table instead of checking it. */
    @Test
    void readmeHasTheTableOfTheSettingsAsTheyAre() throws IOException {
        README.assertHas(ConfigTable.markdown());
    }

    @Test
    void tableHasOneRowPerSetting() {
        assertThat(ConfigTable.markdown().lines().filter(line -> line.startsWith("| `"))).hasSameSizeAs(Schema.all().values());
    }
}
