package io.firn.it.fault;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A connection that sends what it is told, byte for byte. For one thread. */
final class RawClient implements AutoCloseable {

    private static final short API_VERSIONS = 18;
    private static final short FETCH = 1;
    private static final int TIME_LIMIT_MS = 60_000;

    private final Socket socket;
    private final OutputStream out;
    private final DataInputStream in;

    private RawClient(Socket socket) throws IOException {
        this.socket = socket;
        this.out = socket.getOutputStream();
        this.in = new DataInputStream(socket.getInputStream());
    }

    static RawClient connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(32 << 10);
        socket.connect(new InetSocketAddress("127.0.0.1", port), TIME_LIMIT_MS);
        socket.setSoTimeout(TIME_LIMIT_MS);
        socket.setTcpNoDelay(true);
        return new RawClient(socket);
    }

    /** {@code false} when the broker has closed the connection already. */
    boolean send(byte[] bytes) {
        try {
            out.write(bytes);
            out.flush();
            return true;
        } catch (IOException closed) {
            return false;
        }
    }

    /** Sends one byte a packet. */
    void drip(byte[] bytes) throws IOException {
        for (byte one : bytes) {
            out.write(one);
            out.flush();
        }
    }

    /** The body of the next response, correlation id included. */
    byte[] response() throws IOException {
        byte[] body = new byte[in.readInt()];
        in.readFully(body);
        return body;
    }

    /** Waits until the broker closes, dropping what it sends; false if it has not within the limit. */
    boolean closedByBroker() {
        byte[] dropped = new byte[8192];
        try {
            while (in.read(dropped) >= 0) {
                // what comes before the end does not matter
            }
            return true;
        } catch (SocketTimeoutException stillOpen) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** A request of any API: size, header version 1, body. */
    static byte[] request(int api, int version, int correlationId, byte[] body) {
        byte[] client = "raw".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + 2 * Short.BYTES + Integer.BYTES + Short.BYTES + client.length + body.length);
        frame.putInt(frame.capacity() - Integer.BYTES).putShort((short) api).putShort((short) version).putInt(correlationId).putShort((short) client.length).put(client).put(body);
        return frame.array();
    }

    static byte[] apiVersions(int correlationId) {
        return request(API_VERSIONS, 0, correlationId, new byte[0]);
    }

    /** Fetch version 4 of one partition from offset 0. */
    static byte[] fetch(String topic, int correlationId, int maxBytes) {
        byte[] name = topic.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer body = ByteBuffer.allocate(100 + name.length);
        body.putInt(-1).putInt(100).putInt(1).putInt(maxBytes).put((byte) 0);
        body.putInt(1).putShort((short) name.length).put(name).putInt(1).putInt(0).putLong(0).putInt(maxBytes);
        byte[] bytes = new byte[body.flip().remaining()];
        body.get(bytes);
        return request(FETCH, 4, correlationId, bytes);
    }
}
