package io.firn.gateway.cli;

import io.firn.membership.DisasterRecovery;
import io.firn.membership.MetadataOpenFailed;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code firn metadata rebuild}: the way back when a majority of the voters has lost its disks for good. Works on files, without a broker; changes nothing that it reads. */
@Command(name = "rebuild", mixinStandardHelpOptions = true, versionProvider = Version.class,
        description = {"Makes metadata for a cluster of which a majority of the voters has lost its disks for good, from what is left, and says what may be lost.",
            "Only for that: voters that are merely down come back by themselves."})
final class MetadataRebuild implements Callable<Integer> {

    @Option(names = "--from", paramLabel = "PATH", required = true, description = "a metadata directory of a stopped broker, or a file with a snapshot; as many as there are: the one that goes furthest is taken")
    private List<Path> from;

    @Parameters(paramLabel = "DIRECTORY", description = "where the rebuilt metadata goes: empty, or not there yet")
    private Path directory;

    @Override
    public Integer call() {
        try {
            DisasterRecovery.run(from, directory).lines().forEach(System.out::println);
            return Main.OK;
        } catch (MetadataOpenFailed e) {
            throw new CliFailure(Main.FAILED, e.getMessage());
        }
    }
}
