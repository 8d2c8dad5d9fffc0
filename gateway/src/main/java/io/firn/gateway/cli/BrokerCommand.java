package io.firn.gateway.cli;

import picocli.CommandLine.Command;

/** {@code firn broker}. */
@Command(name = "firn broker", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Lists the brokers of a cluster, and takes one away.",
        subcommands = {BrokerList.class, BrokerDrain.class, BrokerUndrain.class, BrokerRemove.class})
final class BrokerCommand extends SubcommandsOnly {}
