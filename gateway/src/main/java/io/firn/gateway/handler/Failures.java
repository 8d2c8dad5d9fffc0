package io.firn.gateway.handler;

import io.firn.gateway.api.ErrorMapping;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;

/** What a failure becomes in one item of a response: {@link ErrorMapping}'s code with a message for the user. Pure functions. */
final class Failures {

    private Failures() {}

    static ApiError of(Throwable failure) {
        Throwable cause = cause(failure);
        if (cause instanceof ConfigException) {
            return new ApiError(Errors.INVALID_CONFIG, cause.getMessage());
        }
        Errors error = ErrorMapping.of(cause);
        return new ApiError(error, error == Errors.UNKNOWN_SERVER_ERROR ? error.message() : cause.getMessage());
    }

    static Throwable cause(Throwable failure) {
        return ErrorMapping.unwrap(failure);
    }
}
