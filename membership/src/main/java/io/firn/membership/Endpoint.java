package io.firn.membership;

/**
 * Where a broker is reached for one purpose. Immutable.
 *
 * @param name the purpose, {@link #CLIENT}, {@link #PEER} or what a deployment adds; one per name and broker
 */
public record Endpoint(String name, String host, int port) {

    /** Where clients are told to connect to. */
    public static final String CLIENT = "client";

    /** Where other brokers connect to. */
    public static final String PEER = "peer";

    public Endpoint {
        if (name.isEmpty() || host.isEmpty() || port < 0 || port > 65535) {
            throw new IllegalArgumentException("an endpoint has a name, a host and a TCP port, not " + name + " " + host + ":" + port);
        }
    }

    public static Endpoint client(String host, int port) {
        return new Endpoint(CLIENT, host, port);
    }
}
