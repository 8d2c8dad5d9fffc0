package io.firn.gateway.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code firn broker}: only holds its sub-commands. */
@Command(name = "firn broker", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Lists the brokers of a cluster, and takes one away.",
        subcommands = {BrokerList.class, BrokerDrain.class, BrokerUndrain.class, BrokerRemove.class})
final class BrokerCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        CommandLine commandLine = spec.commandLine();
        commandLine.usage(commandLine.getErr());
        return Main.USAGE;
    }
}
