package io.firn.it.differential;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.SchemaException;
import org.apache.kafka.common.requests.ResponseHeader;

/** A plain connection to one broker, opened anew when the broker has closed it. One request at a time. For one thread. */
final class Door implements AutoCloseable {

    private static final int TIME_LIMIT_MS = 8_000;

    private static final Call PROBE = new Call(ApiKeys.API_VERSIONS, (short) 0, (short) 0, Map.of(), 0);

    private final Side side;
    private final int port;
    private Socket socket;
    private int correlationId;

    Door(Side side, int port) {
        this.side = side;
        this.port = port;
    }

    /** Sends without waiting; false when the broker had closed the connection. */
    void send(Call call) throws IOException {
        if (socket == null) {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIME_LIMIT_MS);
        }
        RequestHeaderData head = new RequestHeaderData().setRequestApiKey(call.api().id).setRequestApiVersion(call.version()).setCorrelationId(++correlationId).setClientId(Call.CLIENT_ID);
        ByteBuffer header = MessageUtil.toByteBufferAccessor(head, call.api().requestHeaderVersion(call.shape())).buffer();
        ByteBuffer body = call.encode(side);
        ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + header.remaining() + body.remaining());
        frame.putInt(frame.capacity() - Integer.BYTES).put(header).put(body);
        try {
            OutputStream out = socket.getOutputStream();
            out.write(frame.array());
            out.flush();
        } catch (SocketException closedMeanwhile) {
            drop();
        }
    }

    /** The answer to the request sent last. */
    Answer receive(Call call) throws IOException {
        if (socket == null) {
            return Answer.none("closed");
        }
        if (!call.answered()) {
            // Only what comes of another request shows whether the connection was closed instead of an answer.
            send(PROBE);
            return Answer.none("unanswered, the next request " + receive(PROBE).end());
        }
        try {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            return read(call, ByteBuffer.wrap(frame));
        } catch (SocketTimeoutException silent) {
            drop();
            return Answer.none("silent");
        } catch (EOFException | SocketException closed) {
            drop();
            return Answer.none("closed");
        }
    }

    private Answer read(Call call, ByteBuffer frame) throws IOException {
        short version = call.api() == ApiKeys.API_VERSIONS && call.version() != call.shape() ? 0 : call.shape();
        Schema schema = call.api().messageType.responseSchemas()[version];
        try {
            int answered = ResponseHeader.parse(frame, call.api().responseHeaderVersion(version)).correlationId();
            if (answered != correlationId) {
                drop();
                return Answer.none("correlation id " + answered + " for " + correlationId);
            }
            Answer answer = Answer.of(schema.read(frame));
            return frame.hasRemaining() ? Answer.none("followed by " + frame.remaining() + " bytes") : answer;
        } catch (SchemaException | BufferUnderflowException | IllegalArgumentException unreadable) {
            drop();
            return Answer.none("unreadable: " + unreadable);
        }
    }

    private void drop() throws IOException {
        if (socket != null) {
            socket.close();
            socket = null;
        }
    }

    @Override
    public String toString() {
        return side.toString();
    }

    @Override
    public void close() throws IOException {
        drop();
    }
}
