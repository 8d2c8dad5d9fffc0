package io.firn.gateway.cli;

import picocli.CommandLine.Command;

/** {@code firn manifest}. */
@Command(name = "firn manifest", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Shows and checks the manifests of a bucket, without a broker.", subcommands = {ManifestShow.class, ManifestVerify.class})
final class ManifestCommand extends SubcommandsOnly {}
