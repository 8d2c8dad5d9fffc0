package io.firn.gateway.cli;

import picocli.CommandLine.Command;

/** {@code firn topic}. */
@Command(name = "firn topic", mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        description = "Creates, lists, describes, deletes and recovers topics.",
        subcommands = {TopicCreate.class, TopicList.class, TopicDescribe.class, TopicDelete.class, TopicRecover.class})
final class TopicCommand extends SubcommandsOnly {}
