package io.firn.it.release;

import io.firn.it.harness.ProcessResult;
import java.time.Duration;
import java.util.List;

/** Commands of this machine, run to their end. */
final class Shell {

    private static final Duration LIMIT = Duration.ofMinutes(3);

    private Shell() {}

    /** What it left; it may have failed. */
    static ProcessResult tried(String... command) {
        return ProcessResult.of(List.of(command), "", LIMIT);
    }

    /** What it left; one that failed fails the test. */
    static ProcessResult run(String... command) {
        return tried(command).succeeded();
    }
}
