package io.firn.it.cluster;

import io.firn.it.harness.Place;

/** Where the brokers of a cluster live, and the ways between them. For one thread at a time, the test's; ended by {@link #close}, after the processes in it. */
sealed interface Network extends AutoCloseable permits Loopback, Namespaces {

    /** The place of a broker: the same whenever it is asked for. */
    Place place(int broker);

    /** The address by which brokers reach this JVM. */
    String here();

    /** Whether ways can be cut here. */
    boolean cuts();

    /** From now on nothing that one broker sends reaches the other; the opposite direction is another cut. Connections stay open and are silent. */
    void cut(int from, int to);

    /** Ends all cuts. */
    void heal();

    @Override
    void close();

    /** With a network stack for each broker where that is allowed, on loopback where it is not. */
    static Network open(int brokers) {
        return Namespaces.allowed() ? Namespaces.open(brokers) : new Loopback();
    }
}
