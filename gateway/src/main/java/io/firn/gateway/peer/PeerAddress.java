package io.firn.gateway.peer;

/** Where another broker listens for brokers. */
public record PeerAddress(String host, int port) {}
