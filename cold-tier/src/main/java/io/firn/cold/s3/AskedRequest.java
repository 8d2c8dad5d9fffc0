package io.firn.cold.s3;

import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;

/**
 * What the SDK, or {@link DirectGets}, has asked for, and the future it was given. Nothing that whoever is told of a failure throws costs the future its end, or a request its turn: it is logged. Thread-safe.
 */
record AskedRequest(AsyncExecuteRequest request, CompletableFuture<Void> done) {

    private static final Logger log = LoggerFactory.getLogger(AskedRequest.class);

    void fail(Throwable failure) {
        try {
            tell(() -> request.responseHandler().onError(failure));
        } finally {
            done.completeExceptionally(failure);
        }
    }

    /** Tells somebody of a failure. */
    void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            log.atWarn().setCause(e).log("Who was told of a failed request has failed itself");
        }
    }
}
