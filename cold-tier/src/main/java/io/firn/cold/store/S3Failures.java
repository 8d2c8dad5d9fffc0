package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.Set;

/**
 * The one table from what an S3 server, or the way to it, says to what the port says. Pure.
 *
 * <p>Source: "Error responses" of the Amazon S3 API reference. A write answered by a 5xx counts as uncertain, 503 included: gateways between us and the store
 * answer it after they have passed the request on.
 */
public final class S3Failures {

    /** Rejected because of the moment or the transmission, not because of what was asked; nothing has happened. */
    private static final Set<String> PASSING_CODES = Set.of("RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch",
            "XAmzContentChecksumMismatch", "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled", "OperationAborted",
            "ConditionalRequestConflict", "PreconditionFailed", "RequestTimeTooSkewed");

    private S3Failures() {}

    /**
     * An answer with an error.
     *
     * @param write whether the request changes something
     * @param status HTTP status
     * @param code S3 error code, empty if the answer had none
     * @param about operation, place and message, for people
     */
    public static ColdStoreException ofAnswer(boolean write, int status, String code, String about, Throwable cause) {
        String message = about + " (HTTP " + status + (code.isEmpty() ? "" : " " + code) + ")";
        if (code.equals("NoSuchBucket")) {
            return new ColdStoreException.Misconfigured(message, cause);
        }
        if (status == 404) {
            return new ColdStoreException.Missing(message);
        }
        if (status == 416) {
            return new ColdStoreException.Corrupt(message, cause);
        }
        if (status == 408 || status == 409 || status == 412 || status == 429 || status < 500 && PASSING_CODES.contains(code)) {
            return new ColdStoreException.Unavailable(message, cause);
        }
        if (status >= 500 && status != 501) {
            return unanswered(write, message, cause);
        }
        return new ColdStoreException.Misconfigured(message, cause);
    }

    /** One object of a batch that could not be deleted; has no status of its own. */
    public static ColdStoreException ofDeletion(String code, String about) {
        boolean passing = code.equals("InternalError") || code.equals("ServiceUnavailable") || PASSING_CODES.contains(code);
        return ofAnswer(true, passing ? 503 : 403, code, about, null);
    }

    /** No answer: the connection failed, or fell silent, or gave something that is no answer. */
    public static ColdStoreException ofConnection(boolean write, String about, Throwable cause) {
        return unanswered(write && !neverSent(cause), about + ": " + cause, cause);
    }

    private static ColdStoreException unanswered(boolean write, String message, Throwable cause) {
        return write ? new ColdStoreException.Uncertain(message, cause) : new ColdStoreException.Unavailable(message, cause);
    }

    private static boolean neverSent(Throwable failure) {
        for (Throwable current = failure; current != null; current = current.getCause()) {
            if (current instanceof ConnectException || current instanceof UnknownHostException || current instanceof NoRouteToHostException) {
                return true;
            }
        }
        return false;
    }
}
