package io.firn.gateway.rig;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A table of a README that is made from the code, between the lines {@code <!-- NAME: begin … -->} and {@code <!-- NAME: end -->}.
 *
 * @param test the class that holds it against the code
 */
public record ReadmeTable(Path readme, String name, Class<?> test) {

    /** Fails when the README has other rows than these; with {@code -Dfirn.rewrite=true} it gets them instead. */
    public void assertHas(String markdown) throws IOException {
        String now = Files.readString(readme);
        String fresh = with(now, markdown);
        if (Boolean.getBoolean("firn.rewrite")) {
            Files.writeString(readme, fresh);
            return;
        }
        assertThat(now).as("%s is stale; rewrite it with: mvn -q -pl gateway -am test -Dtest=%s -Dsurefire.failIfNoSpecifiedTests=false -Dfirn.rewrite=true", readme,
                test.getSimpleName()).isEqualTo(fresh);
    }

    private String with(String document, String markdown) {
        String beginLine = "<!-- " + name + ": begin (generated, do not edit) -->";
        int begin = document.indexOf(beginLine);
        int end = document.indexOf("<!-- " + name + ": end -->");
        if (begin < 0 || end < begin) {
            throw new IllegalArgumentException(readme + " has no marker lines for " + name);
        }
        return document.substring(0, begin + beginLine.length()) + "\n\n" + markdown + '\n' + document.substring(end);
    }
}
