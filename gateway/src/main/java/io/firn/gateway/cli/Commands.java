package io.firn.gateway.cli;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands by name, with picocli. Only the command that was asked for is made: building the others' options would cost every start. */
final class Commands {

    private static final Map<String, Supplier<Object>> BY_NAME = Map.ofEntries(
            Map.entry("up", UpCommand::new),
            Map.entry("cluster", ClusterCommand::new),
            Map.entry("topic", TopicCommand::new),
            Map.entry("broker", BrokerCommand::new),
            Map.entry("completion", CompletionCommand::new),
            Map.entry("cp", CpCommand::new),
            Map.entry("metadata", MetadataCommand::new),
            Map.entry("produce", ProduceCommand::new),
            Map.entry("consume", ConsumeCommand::new),
            Map.entry("bucket", BucketCommand::new),
            Map.entry("segment", SegmentCommand::new),
            Map.entry("manifest", ManifestCommand::new),
            Map.entry("replay", ReplayCommand::new),
            Map.entry("size", SizeCommand::new),
            Map.entry("demo", DemoCommand::new));

    private Commands() {}

    static int run(String... args) {
        Supplier<Object> command = args.length == 0 ? null : BY_NAME.get(args[0]);
        if (command == null) {
            return prepared(overview()).execute(args);
        }
        return execute(command.get(), Arrays.copyOfRange(args, 1, args.length));
    }

    static int execute(Object command, String... args) {
        return prepared(new CommandLine(command)).execute(args);
    }

    /** All commands. */
    static CommandLine overview() {
        CommandLine all = new CommandLine(new Overview());
        BY_NAME.keySet().stream().sorted().forEach(name -> all.addSubcommand(name, BY_NAME.get(name).get()));
        return all;
    }

    private static CommandLine prepared(CommandLine commandLine) {
        return commandLine.setParameterExceptionHandler(Commands::wrongUsage)
                .setExecutionExceptionHandler((failure, command, parsed) -> CliFailure.report(command.getCommandName(), failure))
                .setUsageHelpLongOptionsMaxWidth(30);
    }

    private static int wrongUsage(ParameterException wrong, String[] args) {
        System.err.println("firn: " + wrong.getMessage().lines().findFirst().orElse("wrong usage")
                + " (see " + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help)");
        return Main.USAGE;
    }

    @Command(name = "firn", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
            description = "A tiered-storage log service that speaks the Apache Kafka protocol.",
            footer = "%nfirn COMMAND --help tells the options of a command.")
    static final class Overview implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            spec.commandLine().usage(System.err);
            return Main.USAGE;
        }
    }
}
