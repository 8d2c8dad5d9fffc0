package io.firn.gateway.handler;

import org.apache.kafka.common.protocol.Errors;

/** How old clients are told that their producer is fenced. Pure functions. */
final class Fenced {

    private Fenced() {}

    /** PRODUCER_FENCED as INVALID_PRODUCER_EPOCH for a client that asks in a version before {@code since}; every other error as it is. */
    static Errors told(Errors error, int version, int since) {
        return error == Errors.PRODUCER_FENCED && version < since ? Errors.INVALID_PRODUCER_EPOCH : error;
    }
}
