package io.firn.gateway.cli;

import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/**
 * {@code main} of the {@code firn} launcher. Only the command that was asked for is made: building the others' options would
 * cost every start.
 */
public final class Main {

    /** Nothing, or nothing more, to do. */
    static final int OK = 0;
    /** It was tried, and failed. */
    static final int FAILED = 1;
    /** It could not be tried: wrong usage, wrong configuration, port or directory in use. */
    static final int USAGE = 2;

    private static final Map<String, Supplier<Object>> COMMANDS = Map.of(
            "up", UpCommand::new,
            "topic", TopicCommand::new,
            "produce", ProduceCommand::new,
            "consume", ConsumeCommand::new,
            "demo", DemoCommand::new);

    /** For the launcher, not for people. */
    private static final String REHEARSE = "rehearse";

    private Main() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    /** Runs one command and returns the process's exit code. */
    static int run(String... args) {
        if (args.length == 1 && args[0].equals(REHEARSE)) {
            return Rehearsal.run();
        }
        Supplier<Object> command = args.length == 0 ? null : COMMANDS.get(args[0]);
        if (command == null) {
            return commandLine(overview()).execute(args);
        }
        String[] rest = java.util.Arrays.copyOfRange(args, 1, args.length);
        return execute(command.get(), rest);
    }

    static int execute(Object command, String... args) {
        return commandLine(new CommandLine(command)).execute(args);
    }

    private static CommandLine overview() {
        CommandLine all = new CommandLine(new Overview());
        COMMANDS.keySet().stream().sorted().forEach(name -> all.addSubcommand(name, COMMANDS.get(name).get()));
        return all;
    }

    private static CommandLine commandLine(CommandLine commandLine) {
        return commandLine.setParameterExceptionHandler(Main::wrongUsage).setExecutionExceptionHandler(CliFailure::report)
                .setUsageHelpLongOptionsMaxWidth(30);
    }

    private static int wrongUsage(ParameterException wrong, String[] args) {
        System.err.println("firn: " + wrong.getMessage().lines().findFirst().orElse("wrong usage")
                + " (see " + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help)");
        return USAGE;
    }

    @Command(name = "firn", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
            description = "A tiered-storage log service that speaks the Apache Kafka protocol.",
            footer = "%nfirn COMMAND --help tells the options of a command.")
    static final class Overview implements java.util.concurrent.Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Override
        public Integer call() {
            spec.commandLine().usage(System.err);
            return USAGE;
        }
    }
}
