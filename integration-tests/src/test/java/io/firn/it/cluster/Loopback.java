package io.firn.it.cluster;

import io.firn.it.harness.Place;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;

/** All brokers in this JVM's network, each with a loopback address of its own where the system has more than one. Ways between them cannot be cut. Immutable. */
final class Loopback implements Network {

    private static final int FIRST = 10;

    @Override
    public Place place(int broker) {
        String own = "127.0.0." + (FIRST + broker);
        return new Place(exists(own) ? own : here(), List.of(), Map.of());
    }

    private static boolean exists(String address) {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(address))) {
            return socket.isBound();
        } catch (IOException noSuchAddress) {
            return false;
        }
    }

    @Override
    public String here() {
        return "127.0.0.1";
    }

    @Override
    public boolean cuts() {
        return false;
    }

    @Override
    public void cut(int from, int to) {
        throw new UnsupportedOperationException("no way can be cut on loopback");
    }

    @Override
    public void heal() {
        // nothing is ever cut
    }

    @Override
    public void close() {
        // nothing was made
    }
}
