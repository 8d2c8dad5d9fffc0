package io.firn.gateway.cli;

import picocli.CommandLine.Command;

/** {@code firn bucket}. */
@Command(name = "firn bucket", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Works on a bucket as a whole.", subcommands = BucketTake.class)
final class BucketCommand extends SubcommandsOnly {}
