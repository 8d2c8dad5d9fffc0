package io.firn.membership;

/**
 * A broker as its cluster connection shows it. Immutable.
 *
 * @param address {@code host:port} of that connection, not of the Kafka listener
 * @param incarnation a name that this run of the broker has alone
 */
public record CpPeer(int brokerId, String address, String incarnation) {}
