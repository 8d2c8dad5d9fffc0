package io.firn.gateway.api;

import io.firn.cold.ColdStoreException;
import io.firn.hot.AppendError;
import io.firn.hot.replication.FetchError;
import io.firn.membership.CommandRefused;
import io.firn.membership.MetadataException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.protocol.Errors;

/**
 * The one place where Firn's errors become Kafka's error codes. Pure functions; a test proves each table complete.
 */
public final class ErrorMapping {

    private ErrorMapping() {}

    public static Errors of(AppendError error) {
        return switch (error) {
            case CORRUPT_BATCH -> Errors.CORRUPT_MESSAGE;
            case INVALID_RECORD -> Errors.INVALID_RECORD;
            case UNSUPPORTED_FORMAT -> Errors.UNSUPPORTED_FOR_MESSAGE_FORMAT;
            case TOO_LARGE -> Errors.MESSAGE_TOO_LARGE;
            case LARGER_THAN_SEGMENT -> Errors.RECORD_LIST_TOO_LARGE;
            case INVALID_TIMESTAMP -> Errors.INVALID_TIMESTAMP;
            case OUT_OF_ORDER_SEQUENCE -> Errors.OUT_OF_ORDER_SEQUENCE_NUMBER;
            case INVALID_PRODUCER_EPOCH -> Errors.INVALID_PRODUCER_EPOCH;
            case INVALID_TRANSACTION_STATE -> Errors.INVALID_TXN_STATE;
            case COORDINATOR_FENCED -> Errors.TRANSACTION_COORDINATOR_FENCED;
            // Retriable by every client, and true: the batch was not appended in time, nothing else is wrong.
            case TOO_MANY_PRODUCERS -> Errors.REQUEST_TIMED_OUT;
            // Retriable by every client, and it leads producers to ask for the leader again.
            case DISK_FULL, OFFLINE -> Errors.KAFKA_STORAGE_ERROR;
            // Not retriable: the same bytes would do the same at the next leader.
            case UNEXPECTED -> Errors.UNKNOWN_SERVER_ERROR;
            case NOT_LEADER -> Errors.NOT_LEADER_OR_FOLLOWER;
            case NOT_ENOUGH_REPLICAS -> Errors.NOT_ENOUGH_REPLICAS;
        };
    }

    public static Errors of(FetchError error) {
        return switch (error) {
            case FENCED_LEADER_EPOCH -> Errors.FENCED_LEADER_EPOCH;
            case UNKNOWN_LEADER_EPOCH -> Errors.UNKNOWN_LEADER_EPOCH;
            case NOT_LEADER -> Errors.NOT_LEADER_OR_FOLLOWER;
            case OFFSET_OUT_OF_RANGE -> Errors.OFFSET_OUT_OF_RANGE;
            case MOVED_TO_TIERED_STORAGE -> Errors.OFFSET_MOVED_TO_TIERED_STORAGE;
            case STORAGE -> Errors.KAFKA_STORAGE_ERROR;
            case UNKNOWN_PARTITION -> Errors.UNKNOWN_TOPIC_OR_PARTITION;
            case OTHER -> Errors.UNKNOWN_SERVER_ERROR;
        };
    }

    /** What another broker's answer to a replica's fetch means. */
    public static FetchError fetchError(Errors error) {
        return switch (error) {
            case FENCED_LEADER_EPOCH -> FetchError.FENCED_LEADER_EPOCH;
            case UNKNOWN_LEADER_EPOCH -> FetchError.UNKNOWN_LEADER_EPOCH;
            case NOT_LEADER_OR_FOLLOWER -> FetchError.NOT_LEADER;
            case OFFSET_OUT_OF_RANGE -> FetchError.OFFSET_OUT_OF_RANGE;
            case OFFSET_MOVED_TO_TIERED_STORAGE -> FetchError.MOVED_TO_TIERED_STORAGE;
            case KAFKA_STORAGE_ERROR -> FetchError.STORAGE;
            case UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID -> FetchError.UNKNOWN_PARTITION;
            default -> FetchError.OTHER;
        };
    }

    public static Errors of(CommandRefused.Reason reason) {
        return switch (reason) {
            case TOPIC_EXISTS -> Errors.TOPIC_ALREADY_EXISTS;
            case UNKNOWN_TOPIC -> Errors.UNKNOWN_TOPIC_OR_PARTITION;
            case INVALID_TOPIC -> Errors.INVALID_TOPIC_EXCEPTION;
            case UNKNOWN_TOPIC_ID -> Errors.UNKNOWN_TOPIC_ID;
            case UNKNOWN_PARTITION -> Errors.UNKNOWN_TOPIC_OR_PARTITION;
            case UNKNOWN_BROKER -> Errors.BROKER_NOT_AVAILABLE;
            case INVALID_REGISTRATION -> Errors.INVALID_REGISTRATION;
            case DUPLICATE_BROKER -> Errors.DUPLICATE_BROKER_REGISTRATION;
            case STALE_BROKER_EPOCH -> Errors.STALE_BROKER_EPOCH;
            case NOT_CAUGHT_UP -> Errors.REQUEST_TIMED_OUT;
            case BROKER_IN_USE -> Errors.INVALID_REQUEST;
            case INVALID_REQUEST -> Errors.INVALID_REQUEST;
            case FENCED_LEADER_EPOCH -> Errors.FENCED_LEADER_EPOCH;
            case STALE_PARTITION_EPOCH -> Errors.INVALID_UPDATE_VERSION;
            case INELIGIBLE_REPLICA -> Errors.INELIGIBLE_REPLICA;
            case NEW_LEADER_ELECTED -> Errors.NEW_LEADER_ELECTED;
            case ELECTION_NOT_NEEDED -> Errors.ELECTION_NOT_NEEDED;
            case PREFERRED_LEADER_NOT_AVAILABLE -> Errors.PREFERRED_LEADER_NOT_AVAILABLE;
            case ELIGIBLE_LEADERS_NOT_AVAILABLE -> Errors.ELIGIBLE_LEADERS_NOT_AVAILABLE;
            case NO_REASSIGNMENT_IN_PROGRESS -> Errors.NO_REASSIGNMENT_IN_PROGRESS;
            case INVALID_PARTITIONS -> Errors.INVALID_PARTITIONS;
            case INVALID_REPLICATION_FACTOR -> Errors.INVALID_REPLICATION_FACTOR;
            case INVALID_ASSIGNMENT -> Errors.INVALID_REPLICA_ASSIGNMENT;
            case INVALID_CONFIG -> Errors.INVALID_CONFIG;
            case LIMIT_EXCEEDED -> Errors.POLICY_VIOLATION;
            case UNKNOWN_CREDENTIAL -> Errors.RESOURCE_NOT_FOUND;
            case NOT_CONTROLLER -> Errors.NOT_CONTROLLER;
            case OVERLOADED -> Errors.REQUEST_TIMED_OUT;
        };
    }

    private static Errors of(ColdStoreException error) {
        // All are retriable for a consumer: it keeps its position and asks again, while the broker's log and metrics say what is wrong.
        return Errors.KAFKA_STORAGE_ERROR;
    }

    /** Any failure, unwrapped from completion exceptions: the sealed hierarchies of the modules, I/O errors, Kafka's own ApiExceptions; else UNKNOWN_SERVER_ERROR. */
    public static Errors of(Throwable error) {
        Throwable cause = unwrap(error);
        if (cause instanceof ColdStoreException cold) {
            return of(cold);
        }
        if (cause instanceof CommandRefused refused) {
            return of(refused.reason());
        }
        if (cause instanceof MetadataException) {
            // Not changed, or not known whether it was: either way a client asks again.
            return Errors.REQUEST_TIMED_OUT;
        }
        if (cause instanceof IOException || cause instanceof UncheckedIOException) {
            // The hot tier's futures: a log that is offline or closed, a page that cannot be read. Retriable for every client.
            return Errors.KAFKA_STORAGE_ERROR;
        }
        // Kafka's own mapping cannot take a wrapper with nothing in it.
        return isWrapper(cause) ? Errors.UNKNOWN_SERVER_ERROR : Errors.forException(cause);
    }

    /** The failure itself, without the wrappers of futures. */
    public static Throwable unwrap(Throwable error) {
        Throwable cause = error;
        while (isWrapper(cause) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static boolean isWrapper(Throwable error) {
        return error instanceof CompletionException || error instanceof ExecutionException;
    }
}
