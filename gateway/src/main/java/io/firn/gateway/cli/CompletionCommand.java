package io.firn.gateway.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;

/** {@code firn completion}: the script by which bash, and zsh with bashcompinit, complete commands and options. */
@Command(name = "firn completion", mixinStandardHelpOptions = true, versionProvider = Version.class,
        description = "Prints a script for bash and zsh that completes commands and options: source <(firn completion)")
final class CompletionCommand implements Callable<Integer> {

    @Override
    public Integer call() {
        System.out.print(AutoComplete.bash("firn", Commands.overview()));
        return Main.OK;
    }
}
