package io.firn.gateway.cli;

import io.firn.cold.ColdStoreException;
import io.firn.gateway.StartupException;
import io.firn.gateway.config.ConfigException;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;

/** A command cannot go on, for a reason its user is to read as one line. */
final class CliFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    CliFailure(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** What a Kafka client's failure means to a person. */
    static CliFailure of(String attempt, Throwable failure) {
        Throwable cause = failure instanceof ExecutionException && failure.getCause() != null ? failure.getCause() : failure;
        String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        String hint = cause instanceof TimeoutException ? " (the broker accepts connections but did not answer in time)" : "";
        return new CliFailure(Main.FAILED, attempt + ": " + message.replaceAll("\\s*\\R\\s*", " ") + hint);
    }

    /** Tells what went wrong on standard error, one line for what is foreseen, and gives the exit code. */
    static int report(String command, Exception failure) throws Exception {
        if (failure instanceof CliFailure foreseen) {
            return say(foreseen.getMessage(), foreseen.exitCode);
        }
        if (failure instanceof ConfigException || failure instanceof StartupException) {
            return say(failure.getMessage(), Main.USAGE);
        }
        if (failure instanceof org.apache.kafka.common.config.ConfigException wrong) {
            return say("--client-config: " + wrong.getMessage(), Main.USAGE);
        }
        if (failure instanceof ColdStoreException) {
            return say(command + ": " + failure.getMessage().replaceAll("\\s*\\R\\s*", " "), failure instanceof ColdStoreException.Misconfigured ? Main.USAGE : Main.FAILED);
        }
        if (failure instanceof KafkaException) {
            return say(of(command, rootOf(failure)).getMessage(), Main.FAILED);
        }
        throw failure;
    }

    /** A client that cannot be made wraps why. */
    private static Throwable rootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return root;
    }

    private static int say(String message, int exitCode) {
        System.err.println("firn: " + message);
        return exitCode;
    }
}
