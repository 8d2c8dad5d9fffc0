package io.firn.gateway.rig;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;

/** A socket that speaks Kafka's protocol, request by request; for one thread. */
public final class WireClient implements AutoCloseable {

    private static final int READ_TIMEOUT_MS = 20_000;

    private final Socket socket;
    private final Map<Integer, RequestHeader> sent = new HashMap<>();
    private String clientId = "test";
    private int nextCorrelationId = 1;

    public WireClient(int port) {
        try {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(READ_TIMEOUT_MS);
            socket.setTcpNoDelay(true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public WireClient as(String id) {
        clientId = id;
        return this;
    }

    /** Sends, and does not wait. Returns the correlation id. */
    public int send(ApiKeys api, int version, ApiMessage body) {
        byte[] bytes = frame(api, (short) version, body);
        try {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return nextCorrelationId - 1;
    }

    /** Sends some bytes of a request and no more. */
    public void sendPart(ApiKeys api, int version, ApiMessage body, int count) {
        try {
            new DataOutputStream(socket.getOutputStream()).write(frame(api, (short) version, body), 0, count);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends the first bytes of a request, and the others after {@code between}. Returns the correlation id. */
    public int sendInTwo(ApiKeys api, int version, ApiMessage body, int count, Runnable between) {
        byte[] bytes = frame(api, (short) version, body);
        int correlationId = nextCorrelationId - 1;
        try {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.write(bytes, 0, count);
            between.run();
            out.write(bytes, count, bytes.length - count);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return correlationId;
    }

    private byte[] frame(ApiKeys api, short version, ApiMessage body) {
        int correlationId = nextCorrelationId++;
        short headerVersion = api.requestHeaderVersion(version);
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(api.id).setRequestApiVersion(version).setCorrelationId(correlationId).setClientId(clientId);
        sent.put(correlationId, new RequestHeader(header, headerVersion));
        ByteBuffer head = MessageUtil.toByteBufferAccessor(header, headerVersion).buffer();
        ByteBuffer tail = MessageUtil.toByteBufferAccessor(body, version).buffer();
        int length = head.remaining() + tail.remaining();
        return ByteBuffer.allocate(Integer.BYTES + length).putInt(length).put(head).put(tail).array();
    }

    /** The next answer, which has to be the one to {@code correlationId}. */
    public <T extends ApiMessage> T receive(int correlationId, Class<T> type) {
        try {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] bytes = new byte[in.readInt()];
            in.readFully(bytes);
            RequestHeader header = sent.remove(correlationId);
            return type.cast(AbstractResponse.parseResponse(ByteBuffer.wrap(bytes), header).data());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public <T extends ApiMessage> T ask(ApiKeys api, int version, ApiMessage body, Class<T> type) {
        return receive(send(api, version, body), type);
    }

    /** Whether an answer, or its beginning, has arrived. */
    public boolean hasAnswer() {
        try {
            return socket.getInputStream().available() > 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void assertClosedByBroker() {
        try {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
