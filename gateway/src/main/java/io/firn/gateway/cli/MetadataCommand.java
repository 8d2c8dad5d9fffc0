package io.firn.gateway.cli;

import picocli.CommandLine.Command;

/** {@code firn metadata}. */
@Command(name = "firn metadata", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Works on what stopped brokers have stored of a cluster's metadata.", subcommands = MetadataRebuild.class)
final class MetadataCommand extends SubcommandsOnly {}
