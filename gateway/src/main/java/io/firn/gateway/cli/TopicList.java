package io.firn.gateway.cli;

import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code firn topic list}. */
@Command(name = "list", mixinStandardHelpOptions = true, sortOptions = false, description = "Lists the topics, one name a line.")
final class TopicList implements Callable<Integer> {

    @Option(names = "--internal", description = "Internal topics too.")
    private boolean internal;

    @Mixin
    private ClientOptions client;

    @Override
    public Integer call() throws InterruptedException {
        try (AdminCall call = new AdminCall(client)) {
            ListTopicsOptions options = new ListTopicsOptions().listInternal(internal);
            new TreeSet<>(AdminCall.await("cannot list topics", call.admin().listTopics(options).names())).forEach(System.out::println);
            return Main.OK;
        }
    }
}
