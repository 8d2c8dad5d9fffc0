package io.firn.gateway.cli;

import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TimeoutException;

/** An admin client for one command, whose answers are waited for, with failures as one line. Confined to the command's thread. */
final class AdminCall implements AutoCloseable {

    /** The client's own limit comes first; this is for a client that loses a call. */
    private static final int LIMIT_MS = 4 * ClientOptions.TIME_LIMIT_MS;

    private final Admin admin;

    AdminCall(ClientOptions options) {
        Map<String, Object> properties = options.connect();
        admin = Admin.create(options.complete(properties));
    }

    Admin admin() {
        return admin;
    }

    /** @param attempt what was tried, for the error: {@code cannot create topic t} */
    static <T> T await(String attempt, KafkaFuture<T> answer) throws InterruptedException {
        try {
            return answer.get(LIMIT_MS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException failed) {
            throw CliFailure.of(attempt, failed);
        } catch (java.util.concurrent.TimeoutException lost) {
            throw CliFailure.of(attempt, new TimeoutException("no answer within " + LIMIT_MS + " ms"));
        }
    }

    @Override
    public void close() {
        admin.close(java.time.Duration.ofSeconds(1));
    }
}
