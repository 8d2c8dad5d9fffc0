package io.firn.gateway.cli;

import io.firn.gateway.StartupException;
import io.firn.gateway.config.ConfigException;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** A command cannot go on, for a reason its user is to read as one line. */
final class CliFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    CliFailure(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** Tells what went wrong on standard error, one line for what is foreseen, and gives the exit code. */
    static int report(Exception failure, CommandLine commandLine, ParseResult parsed) throws Exception {
        if (failure instanceof CliFailure foreseen) {
            return say(foreseen.getMessage(), foreseen.exitCode);
        }
        if (failure instanceof ConfigException || failure instanceof StartupException) {
            return say(failure.getMessage(), Main.USAGE);
        }
        throw failure;
    }

    private static int say(String message, int exitCode) {
        System.err.println("firn: " + message);
        return exitCode;
    }
}
