package io.firn.gateway.cli;

import io.firn.membership.CpFiles;
import io.firn.membership.MetadataOpenFailed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code firn cp print}: works on files, without a broker. */
@Command(name = "print", mixinStandardHelpOptions = true, versionProvider = Version.class, description = "Prints a file of a broker's CP directory, or all of them. Changes nothing.")
final class CpPrint implements Callable<Integer> {

    @Parameters(paramLabel = "PATH", description = "the directory, its file \"identity\" or one of its logs, *.raft")
    private Path path;

    @Override
    public Integer call() {
        try {
            CpFiles.print(path, System.out);
            return Main.OK;
        } catch (MetadataOpenFailed e) {
            throw new CliFailure(Main.FAILED, e.getMessage());
        } catch (IOException e) {
            throw new CliFailure(Main.USAGE, "cannot read " + path + ": " + e.getClass().getSimpleName());
        }
    }
}
