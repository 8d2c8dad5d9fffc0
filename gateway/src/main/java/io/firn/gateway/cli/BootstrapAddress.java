package io.firn.gateway.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/**
 * One {@code host:port} of {@code --bootstrap-server}. Kafka's clients retry a refused connection until their time is up; a person at a
 * terminal is better told at once.
 */
record BootstrapAddress(String host, int port) {

    private static final int CONNECT_LIMIT_MS = 3_000;
    private static final int MAX_PORT = 65_535;

    static BootstrapAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (host.isEmpty() || port < 1 || port > MAX_PORT) {
                throw new NumberFormatException();
            }
            return new BootstrapAddress(host, port);
        } catch (NumberFormatException noPort) {
            throw new CliFailure(Main.USAGE, "--bootstrap-server takes HOST:PORT, not '" + text + "'");
        }
    }

    /** Tries the addresses in turn until a connection is accepted. */
    static void requireOneListening(String addresses) {
        List<String> refusals = new ArrayList<>();
        for (String address : addresses.split(",")) {
            try {
                parse(address.strip()).tryConnect();
                return;
            } catch (IOException refused) {
                refusals.add(address.strip() + ": " + refused.getMessage());
            }
        }
        throw new CliFailure(Main.FAILED, "no broker answers at " + String.join("; ", refusals) + " (is one running? see firn up)");
    }

    private void tryConnect() throws IOException {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new IOException("no such host");
        }
        try (Socket socket = new Socket()) {
            socket.connect(address, CONNECT_LIMIT_MS);
        }
    }
}
