package io.firn.gateway.cli;

import picocli.CommandLine.Command;

/** {@code firn cp}. */
@Command(name = "firn cp", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Looks into what a broker has stored of the cluster's consensus.", subcommands = CpPrint.class)
final class CpCommand extends SubcommandsOnly {}
