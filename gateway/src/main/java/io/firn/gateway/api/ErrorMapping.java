package io.firn.gateway.api;

import io.firn.hot.AppendError;
import org.apache.kafka.common.protocol.Errors;

/** The one place where Firn's errors become Kafka's error codes. Pure functions; a test proves each table complete. */
public final class ErrorMapping {

    private ErrorMapping() {}

    public static Errors of(AppendError error) {
        throw new UnsupportedOperationException();
    }

    /** Any failure, unwrapped from completion exceptions: the sealed hierarchies of the modules, Kafka's own ApiExceptions; else UNKNOWN_SERVER_ERROR. */
    public static Errors of(Throwable error) {
        throw new UnsupportedOperationException();
    }
}
