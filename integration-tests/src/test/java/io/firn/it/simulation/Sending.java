package io.firn.it.simulation;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.protocol.Errors;

/** One batch or marker on its way: sent to whoever is said to lead, and again, until it is acknowledged. */
final class Sending {

    private static final long TIMEOUT_MS = 1_200;
    private static final long RETRY_MS = 150;

    private final Clients clients;
    private final TopicIdPartition partition;
    private final Function<Life, CompletableFuture<Errors>> request;
    private final Runnable acknowledged;
    private BooleanSupplier still = () -> true;
    private int number;
    private int attempts;
    private String lastFailure = "";

    /** @param request how it is asked of the leader, anew for each attempt */
    Sending(Clients clients, TopicIdPartition partition, Function<Life, CompletableFuture<Errors>> request, Runnable acknowledged) {
        this.clients = clients;
        this.partition = partition;
        this.request = request;
        this.acknowledged = acknowledged;
    }

    /** Says how many there are to its partition with this one. */
    Sending number(int count) {
        number = count;
        return this;
    }

    int number() {
        return number;
    }

    TopicIdPartition partition() {
        return partition;
    }

    /** Gives up once that does not hold any more. */
    void sendWhile(BooleanSupplier wanted) {
        still = wanted;
        send();
    }

    void send() {
        if (!still.getAsBoolean()) {
            return;
        }
        OptionalInt leader = clients.leader(partition);
        if (leader.isEmpty()) {
            clients.later(RETRY_MS, this::send);
            return;
        }
        attempts++;
        clients.cluster.call(Optional.empty(), leader.getAsInt(), TIMEOUT_MS, request).whenComplete((error, failure) -> {
            if (error == Errors.NONE) {
                acknowledged.run();
            } else {
                lastFailure = String.valueOf(failure == null ? error : failure);
                clients.later(RETRY_MS, this::send);
            }
        });
    }

    @Override
    public String toString() {
        return "to " + partition.topicPartition() + ", attempt " + attempts + (lastFailure.isEmpty() ? "" : " after " + lastFailure);
    }
}
