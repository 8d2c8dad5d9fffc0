package io.firn.gateway.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code firn topic delete}. */
@Command(name = "delete", mixinStandardHelpOptions = true, sortOptions = false, description = "Deletes topics, in the cold tier too.")
final class TopicDelete implements Callable<Integer> {

    @Parameters(paramLabel = "TOPIC", arity = "1..*")
    private List<String> topics;

    @Mixin
    private ClientOptions client;

    @Override
    public Integer call() throws InterruptedException {
        try (AdminCall call = new AdminCall(client)) {
            for (String topic : topics) {
                AdminCall.await("cannot delete topic " + topic, call.admin().deleteTopics(List.of(topic)).all());
                System.out.println("deleted topic " + topic);
            }
            return Main.OK;
        }
    }
}
