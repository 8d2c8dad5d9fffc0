package io.firn.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Shell that is run as root on other people's machines, and the launcher. */
class ScriptsTest {

    private static final List<Path> SCRIPTS = Stream.of("../../firn", "reproduce.sh", "src/deb/postinst", "src/deb/prerm", "src/deb/postrm").map(Tree.MODULE::resolve).toList();

    @Test
    void scriptsAreShell() throws Exception {
        for (Path script : SCRIPTS) {
            String shell = Files.readAllLines(script).get(0).contains("bash") ? "bash" : "sh";
            assertThat(output(List.of(shell, "-n", script.toString()))).as("%s", script).isEmpty();
        }
    }

    @Test
    void shellcheckWarnsOfNothing() throws Exception {
        Path shellcheck = Path.of("/usr/bin/shellcheck");
        assumeTrue(Files.isExecutable(shellcheck), "shellcheck is not installed: scripts are not checked by it here");
        List<String> command = new ArrayList<>(List.of(shellcheck.toString(), "--severity=warning"));
        SCRIPTS.forEach(script -> command.add(script.toString()));

        assertThat(output(command)).isEmpty();
    }

    private static String output(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
