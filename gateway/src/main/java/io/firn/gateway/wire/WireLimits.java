package io.firn.gateway.wire;

/**
 * What a connection may cost.
 *
 * @param requestMaxBytes largest frame; a longer one closes the connection
 * @param requestsInFlight requests of one connection received but not fully answered; beyond it the socket is not read
 * @param idleMs time without requests in progress after which a connection is closed
 * @param stallMs time without progress inside a frame or a response after which a connection is closed
 * @param connections connections of all loops; further ones are closed at once
 */
record WireLimits(int requestMaxBytes, int requestsInFlight, long idleMs, long stallMs, int connections) {}
