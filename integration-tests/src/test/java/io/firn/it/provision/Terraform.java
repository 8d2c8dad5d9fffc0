package io.firn.it.provision;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.it.harness.ProcessResult;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Terraform in one of the repository's folders, with everything it would write there (state, what {@code init} leaves) in a folder of the test. Knows no provider but the built-in one.
 *
 * <p>Threading: for one thread at a time.
 */
final class Terraform {

    private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();
    private static final Duration LIMIT = Duration.ofMinutes(8);

    private final Path root;
    private final Path work;
    private final List<String> variables;

    private Terraform(Path root, Path work, List<String> variables) {
        this.root = root;
        this.work = work;
        this.variables = variables;
    }

    /** Skips the test where there is no Terraform. */
    static Terraform in(String folder, Path work, Map<String, String> variables) {
        assumeTrue(Stream.of(System.getenv("PATH").split(File.pathSeparator)).anyMatch(entry -> Files.isExecutable(Path.of(entry, "terraform"))), "SKIPPED: terraform is not on PATH");
        try {
            Files.writeString(work.resolve("terraform.rc"), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Terraform terraform = new Terraform(REPOSITORY.resolve(folder), work, variables.entrySet().stream().map(one -> "-var=" + one.getKey() + "=" + one.getValue()).sorted().toList());
        terraform.run("init", "-no-color").succeeded();
        return terraform;
    }

    static Path launcher() {
        return REPOSITORY.resolve("firn");
    }

    ProcessResult apply(String... more) {
        return withState("apply", Stream.concat(Stream.of("-auto-approve"), Arrays.stream(more)).toList());
    }

    ProcessResult destroy() {
        return withState("destroy", List.of("-auto-approve"));
    }

    /** Exit code 0: nothing to do; 2: something. */
    ProcessResult plan() {
        return withState("plan", List.of("-detailed-exitcode"));
    }

    /** All outputs, as JSON on one line. */
    String outputs() {
        return run("output", "-no-color", "-json", "-state=" + state()).succeeded().output().lines().map(String::strip).collect(Collectors.joining());
    }

    private Path state() {
        return work.resolve("terraform.tfstate");
    }

    private ProcessResult withState(String word, List<String> options) {
        List<String> arguments = new ArrayList<>(List.of(word, "-no-color", "-input=false", "-state=" + state()));
        arguments.addAll(options);
        arguments.addAll(variables);
        return run(arguments.toArray(String[]::new));
    }

    /** The launcher runs what this build has packaged, on the Java of this process. */
    private ProcessResult run(String... arguments) {
        List<String> command = new ArrayList<>(List.of("env", "TF_CLI_CONFIG_FILE=" + work.resolve("terraform.rc"), "TF_DATA_DIR=" + work.resolve("terraform.d"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
                "JAVA_HOME=" + System.getProperty("java.home"), "FIRN_SKIP_BUILD=1", "FIRN_CDS=off", "terraform", "-chdir=" + root));
        command.addAll(List.of(arguments));
        return ProcessResult.of(command, "", LIMIT);
    }
}
