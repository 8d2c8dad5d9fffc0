package io.firn.gateway.wire;

import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.TimeoutException;

/** A request to another broker that certainly was not carried out, because it did not leave this one. For those whose requests must not be carried out twice. */
public interface NotSent {

    /** There was no connection. */
    final class Unreachable extends DisconnectException implements NotSent {
        private static final long serialVersionUID = 1L;

        public Unreachable(String message) {
            super(message);
        }
    }

    /** It waited for too long, or too many others did. */
    final class TooLate extends TimeoutException implements NotSent {
        private static final long serialVersionUID = 1L;

        public TooLate(String message) {
            super(message);
        }
    }

    /** The same reason for requests that were waiting for what failed so. */
    static RuntimeException because(Throwable failed) {
        return failed instanceof TimeoutException ? new TooLate(failed.getMessage()) : new Unreachable(String.valueOf(failed.getMessage()));
    }
}
