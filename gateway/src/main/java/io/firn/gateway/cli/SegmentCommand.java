package io.firn.gateway.cli;

import picocli.CommandLine.Command;

/** {@code firn segment}. */
@Command(name = "firn segment", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Looks into segment objects, without a broker.", subcommands = SegmentDump.class)
final class SegmentCommand extends SubcommandsOnly {}
