package io.firn.gateway.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code firn topic}: only holds its sub-commands. */
@Command(name = "firn topic", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Creates, lists, describes and deletes topics.",
        subcommands = {TopicCreate.class, TopicList.class, TopicDescribe.class, TopicDelete.class})
final class TopicCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        CommandLine commandLine = spec.commandLine();
        commandLine.usage(commandLine.getErr());
        return Main.USAGE;
    }
}
