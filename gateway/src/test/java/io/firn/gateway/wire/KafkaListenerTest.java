package io.firn.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ApiVersionsHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.quota.ConnectionQuotas;
import io.firn.gateway.rig.Await;
import io.firn.membership.ClientSettings;
import io.firn.membership.ClusterView;
import io.firn.membership.QuotaEntity;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

/** The listener against raw sockets: what peers send that no Kafka client would, and the order and limits of what they may send. */
class KafkaListenerTest {

    private static final short HEARTBEAT_VERSION = 4;
    private static final short PRODUCE_VERSION = 9;

    private final BlockingQueue<Request> handled = new LinkedBlockingQueue<>();
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private KafkaListener listener;
    private volatile ClusterView view = ClusterView.EMPTY;

    @AfterEach
    void stop() {
        listener.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void answersLeaveInTheOrderOfTheRequestsHoweverTheyAreCompleted() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        try (Socket client = connect()) {
            for (int id = 1; id <= 3; id++) {
                send(client, heartbeat(id, "group"));
            }
            List<Request> requests = List.of(next(), next(), next());
            for (int i = 2; i >= 0; i--) {
                requests.get(i).respond(new HeartbeatResponseData());
            }
            for (int id = 1; id <= 3; id++) {
                assertThat(receive(client).getInt()).isEqualTo(id);
            }
        }
    }

    /** A quota so small that any request goes over it; Kafka lets nobody wait longer than a second for it. */
    @Test
    void aClientThatTookMoreOfTheLoopThanItsQuotaIsNotReadFromForAWhileAndOthersAre() throws Exception {
        view = new ClusterView(1, 1, "c", Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), 0, 0, new ClientSettings(Map.of(),
                Map.of(new QuotaEntity(Map.of("client-id", Optional.of("greedy"))), Map.of("request_percentage", 1e-9)), Map.of()));
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        try (Socket greedy = connect(); Socket other = connect()) {
            send(greedy, heartbeat("greedy", 1));
            next().respond(new HeartbeatResponseData());
            receive(greedy);
            long sentNanos = System.nanoTime();
            send(greedy, heartbeat("greedy", 2));
            send(other, heartbeat("other", 3));
            Request first = next();
            assertThat(first.header().correlationId()).isEqualTo(3);
            first.respond(new HeartbeatResponseData());
            Request late = next();
            assertThat(late.header().correlationId()).isEqualTo(2);
            assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sentNanos)).isBetween(500L, 20_000L);
            late.respond(new HeartbeatResponseData());
            receive(greedy);
        }
    }

    /** By its quota it would have to wait for half an hour, and its connection be kept as long if it went. */
    @Test
    void nobodyIsLeftUnreadForLongerThanAConnectionMayBeIdle() throws Exception {
        view = new ClusterView(1, 1, "c", Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), 0, 0, new ClientSettings(Map.of(),
                Map.of(new QuotaEntity(Map.of("client-id", Optional.of("test"))), Map.of("producer_byte_rate", 1.0)), Map.of()));
        start(new BrokerConfig.Kafka("127.0.0.1", 0, Optional.empty(), 0, 1, 1 << 20, 1 << 20, 8, 1_000, 30_000, 100));
        ProduceRequestData body = new ProduceRequestData().setAcks((short) 1).setTransactionalId("x".repeat(20_000));
        try (Socket greedy = connect()) {
            for (int id = 1; id <= 2; id++) {
                send(greedy, frame(ApiKeys.PRODUCE, PRODUCE_VERSION, id, body, PRODUCE_VERSION));
                next().respond(new ProduceResponseData());
                receive(greedy);
            }
        }
    }

    private static byte[] heartbeat(String clientId, int correlationId) {
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(ApiKeys.HEARTBEAT.id).setRequestApiVersion(HEARTBEAT_VERSION).setCorrelationId(correlationId).setClientId(clientId);
        ByteBuffer head = MessageUtil.toByteBufferAccessor(header, ApiKeys.HEARTBEAT.requestHeaderVersion(HEARTBEAT_VERSION)).buffer();
        ByteBuffer body = MessageUtil.toByteBufferAccessor(new HeartbeatRequestData().setGroupId("g"), HEARTBEAT_VERSION).buffer();
        return ByteBuffer.allocate(head.remaining() + body.remaining()).put(head).put(body).array();
    }

    @Test
    void apiVersionsOfAnUnknownVersionIsAnsweredInVersionZeroWithWhatThereIs() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        try (Socket client = connect()) {
            send(client, frame(ApiKeys.API_VERSIONS, (short) 99, 5, new ApiVersionsRequestData(), (short) 0));
            ByteBuffer answer = receive(client);
            assertThat(answer.getInt()).isEqualTo(5);
            ApiVersionsResponseData versions = new ApiVersionsResponseData(new ByteBufferAccessor(answer), (short) 0);
            assertThat(versions.errorCode()).isEqualTo(Errors.UNSUPPORTED_VERSION.code());
            assertThat(versions.apiKeys().find(ApiKeys.HEARTBEAT.id).maxVersion()).isEqualTo(ApiKeys.HEARTBEAT.latestVersion());
        }
    }

    @Test
    void lengthsThatAreAbsurdCloseTheConnectionAndNotTheBroker() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        for (int length : new int[] {-1, 0, Integer.MIN_VALUE, (1 << 20) + 1, Integer.MAX_VALUE, 0x47455420 /* "GET " */}) {
            try (Socket client = connect()) {
                new DataOutputStream(client.getOutputStream()).writeInt(length);
                assertClosed(client);
            }
        }
        assertServes();
    }

    @Test
    void requestsThatCannotBeReadCloseTheConnection() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        byte[] unknownApi = {0x7f, 0x7f, 0, 0, 0, 0, 0, 1, (byte) 0xff, (byte) 0xff};
        byte[] notServed = frame(ApiKeys.HEARTBEAT, (short) 99, 1, new HeartbeatRequestData(), HEARTBEAT_VERSION);
        byte[] whole = heartbeat(1, "group");
        byte[] cutShort = Arrays.copyOf(whole, whole.length - 5);
        for (byte[] bytes : List.of(unknownApi, notServed, cutShort, new byte[] {1, 2, 3}, new byte[500])) {
            try (Socket client = connect()) {
                send(client, bytes);
                assertClosed(client);
            }
        }
        assertServes();
    }

    @Test
    void requestSentAByteAtATimeIsServed() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        try (Socket client = connect()) {
            byte[] bytes = heartbeat(9, "x".repeat(3000));
            ByteBuffer framed = ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes).flip();
            while (framed.hasRemaining()) {
                client.getOutputStream().write(framed.get());
                client.getOutputStream().flush();
            }
            Request request = next();
            assertThat(((HeartbeatRequestData) request.body().data()).groupId()).hasSize(3000);
            request.respond(new HeartbeatResponseData());
            assertThat(receive(client).getInt()).isEqualTo(9);
        }
    }

    @Test
    void requestsBeyondTheLimitOfAConnectionWaitUnreadAndAreServedLater() throws Exception {
        start(limits(1 << 20, 1 << 20, 2, 30_000));
        try (Socket client = connect()) {
            for (int id = 1; id <= 5; id++) {
                send(client, heartbeat(id, "group"));
            }
            for (int id = 1; id <= 5; id++) {
                Request request = next();
                assertThat(request.header().correlationId()).isEqualTo(id);
                assertThat(handled.size()).as("more handed on than the limit").isLessThanOrEqualTo(1);
                request.respond(new HeartbeatResponseData());
                assertThat(receive(client).getInt()).isEqualTo(id);
            }
        }
    }

    @Test
    void frameThatStopsArrivingIsGivenUpAndFreesItsReservation() throws Exception {
        start(limits(1 << 20, 1 << 10, 8, 1));
        try (Socket stalled = connect(); Socket other = connect()) {
            new DataOutputStream(stalled.getOutputStream()).writeInt(1 << 20);
            stalled.getOutputStream().write(1);
            send(other, heartbeat(1, "group"));
            assertClosed(stalled);
            next().respond(new HeartbeatResponseData());
            assertThat(receive(other).getInt()).isEqualTo(1);
        }
    }

    @Test
    void connectionsBeyondTheLimitAreClosedAtOnce() throws Exception {
        BrokerConfig.Kafka base = limits(1 << 20, 1 << 20, 8, 30_000);
        start(new BrokerConfig.Kafka(base.host(), 0, Optional.empty(), 0, 1, base.requestMaxBytes(), base.inflightMaxBytes(), 8, 60_000, 30_000, 1));
        try (Socket first = connect()) {
            send(first, heartbeat(1, "group"));
            next().respond(new HeartbeatResponseData());
            receive(first);
            try (Socket second = connect()) {
                assertClosed(second);
            }
        }
        assertServes();
    }

    @Test
    void handlerThatThrowsAnswersWithTheApisError() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000), request -> {
            throw new org.apache.kafka.common.errors.RebalanceInProgressException("busy");
        });
        try (Socket client = connect()) {
            send(client, heartbeat(3, "group"));
            ByteBuffer answer = receive(client);
            answer.getInt();
            answer.get();
            assertThat(new HeartbeatResponseData(new ByteBufferAccessor(answer), HEARTBEAT_VERSION).errorCode()).isEqualTo(Errors.REBALANCE_IN_PROGRESS.code());
        }
    }

    /** A client takes an answer for that to its oldest open request: one that came out of turn, because the connection was to end in place of the one before, would be taken for broken. */
    @Test
    void aRequestWhoseAnswerIsTheEndOfTheConnectionLetsTheAnswersBeforeItOutAndNoneAfterIt() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000), request -> {
            if (request.header().correlationId() == 2) {
                request.endConnection("it is not to be asked again", Level.INFO);
            } else {
                request.respond(new HeartbeatResponseData());
            }
        });
        try (Socket client = connect()) {
            write(client, framed(heartbeat(1, "group"), heartbeat(2, "group"), heartbeat(3, "group")));
            assertThat(receive(client).getInt()).isEqualTo(1);
            assertClosed(client);
        }
        assertServes();
    }

    /** Closed on the spot, with bytes unread, the connection would end with a reset: what it sends next, or reads, fails, and a client that fails there reads no more. */
    @Test
    void aClientThatGoesOnSendingReadsItsAnswersAndTheEnd() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        try (Socket client = connect()) {
            write(client, framed(heartbeat(1, "group"), heartbeat(2, "group")));
            List<Request> requests = List.of(next(), next());
            requests.get(1).endConnection("it is not to be asked again", Level.INFO);
            requests.get(0).respond(new HeartbeatResponseData());
            for (int id = 3; id < 5_000; id++) {
                send(client, heartbeat(id, "g".repeat(1_000)));
            }
            assertThat(receive(client).getInt()).isEqualTo(1);
            assertThat(client.getInputStream().read()).as("its end").isEqualTo(-1);
        }
        assertThat(handled).as("what was read before the end was known").hasSizeLessThan(8);
        assertNoConnections();
    }

    @Test
    void answersThatWereGivenBeforeARequestThatCannotBeReadArrive() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        byte[] asking = framed(frame(ApiKeys.API_VERSIONS, (short) 0, 7, new ApiVersionsRequestData(), (short) 0));
        try (Socket client = connect()) {
            write(client, ByteBuffer.allocate(asking.length + 100_000).put(asking).putInt(-1).array());
            assertThat(receive(client).getInt()).isEqualTo(7);
            assertThat(client.getInputStream().read()).as("its end").isEqualTo(-1);
        }
    }

    @Test
    void aClientThatSendsForEverIsClosedAfterSoManyBytes() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        byte[] more = new byte[1 << 20];
        int sent = 0;
        try (Socket client = connect()) {
            new DataOutputStream(client.getOutputStream()).writeInt(-1);
            while (sent < 1_000) {
                client.getOutputStream().write(more);
                sent++;
            }
        } catch (SocketException closed) {
            assertThat(closed).hasMessageMatching(".*(reset|roken pipe).*");
        }
        assertThat(sent).as("MiB").isLessThan(1_000);
        assertNoConnections();
    }

    /** It counts as a connection meanwhile. */
    @Test
    void aClientThatNeitherSendsNorClosesIsClosedAfterAWhile() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        try (Socket client = connect()) {
            long beforeNanos = System.nanoTime();
            new DataOutputStream(client.getOutputStream()).writeInt(-1);
            assertThat(client.getInputStream().read()).as("its end").isEqualTo(-1);
            double connections = connections();
            boolean soon = System.nanoTime() - beforeNanos < TimeUnit.MILLISECONDS.toNanos(Lingering.MAX_MS);
            assertThat(connections == 1 || !soon).as("counted").isTrue();
            assertNoConnections();
        }
    }

    private double connections() {
        return registry.get("firn.connections").gauge().value();
    }

    private void assertNoConnections() {
        Await.until("all are closed", () -> connections() == 0);
    }

    @Test
    void aConnectionEndsOnlyWhenTheAnswersBeforeAreThereToBeSent() throws Exception {
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        try (Socket client = connect()) {
            for (int id = 1; id <= 3; id++) {
                send(client, heartbeat(id, "group"));
            }
            List<Request> requests = List.of(next(), next(), next());
            requests.get(2).respond(new HeartbeatResponseData());
            requests.get(1).endConnection("it is not to be asked again", Level.INFO);
            requests.get(0).respond(new HeartbeatResponseData());
            assertThat(receive(client).getInt()).isEqualTo(1);
            assertClosed(client);
        }
    }

    @Test
    void aConnectionThatEndsWhileItWaitsForRoomKeepsNobodyElseWaiting() throws Exception {
        start(limits(1 << 20, 2_000, 8, 30_000));
        try (Socket big = connect(); Socket ending = connect(); Socket other = connect()) {
            send(big, produce(1, 1_500));
            Request held = next();
            write(ending, framed(produce(2, 1), produce(3, 1), produce(4, 1_000)));
            Request first = next();
            Request second = next();
            second.endConnection("it is not to be asked again", Level.INFO);
            first.respond(new ProduceResponseData());
            receive(ending);
            assertClosed(ending);
            held.respond(new ProduceResponseData());
            receive(big);
            send(other, produce(5, 1));
            next().respond(new ProduceResponseData());
            receive(other);
        }
    }

    private static byte[] produce(int correlationId, int paddingBytes) {
        return frame(ApiKeys.PRODUCE, PRODUCE_VERSION, correlationId, new ProduceRequestData().setAcks((short) 1).setTransactionalId("x".repeat(paddingBytes)), PRODUCE_VERSION);
    }

    private static byte[] framed(byte[]... requests) {
        ByteBuffer all = ByteBuffer.allocate(Arrays.stream(requests).mapToInt(one -> 4 + one.length).sum());
        for (byte[] one : requests) {
            all.putInt(one.length).put(one);
        }
        return all.array();
    }

    /** By an API that is answered without this test's help: a refused connection then shows as its end, and is tried again. */
    private void assertServes() throws Exception {
        for (int attempt = 0; ; attempt++) {
            try (Socket client = connect()) {
                send(client, frame(ApiKeys.API_VERSIONS, (short) 0, 1, new ApiVersionsRequestData(), (short) 0));
                assertThat(receive(client).getInt()).isEqualTo(1);
                return;
            } catch (SocketException | EOFException e) {
                // A closed connection's slot is freed when the broker sees its end, a moment later.
                assertThat(attempt).as("attempts").isLessThan(10_000);
            }
        }
    }

    @Test
    void anAddressThatOpensConnectionsFasterThanItsQuotaIsSentAwayAfterAWhileAndOthersOfItsConnectionsGoOn() throws Exception {
        view = new ClusterView(1, 1, "c", Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), 0, 0, new ClientSettings(Map.of(),
                Map.of(new QuotaEntity(Map.of("ip", Optional.empty())), Map.of("connection_creation_rate", 0.1)), Map.of()));
        start(limits(1 << 20, 1 << 20, 8, 30_000));
        try (Socket first = connect(); Socket second = connect()) {
            send(second, heartbeat("second", 2));
            assertClosed(second);
            send(first, heartbeat("first", 1));
            Request only = next();
            assertThat(only.header().correlationId()).isEqualTo(1);
            only.respond(new HeartbeatResponseData());
            receive(first);
            assertThat(handled).isEmpty();
        }
    }

    private void start(BrokerConfig.Kafka config) {
        start(config, handled::add);
    }

    private void start(BrokerConfig.Kafka config, ApiHandler heartbeats) {
        ApiTable[] table = new ApiTable[1];
        table[0] = new ApiTable(List.of(ServedApi.of(ApiKeys.API_VERSIONS, new ApiVersionsHandler(() -> table[0])), ServedApi.of(ApiKeys.HEARTBEAT, heartbeats), ServedApi.of(ApiKeys.PRODUCE, heartbeats)));
        ConnectionQuotas connectionQuotas = new ConnectionQuotas(() -> view, InstantSource.system(), Runnable::run);
        connectionQuotas.changed();
        listener = KafkaListener.start(vertx, EventLoops.of(vertx, 1), config, table[0], registry, new ClientQuotas(() -> view, InstantSource.system()), connectionQuotas);
    }

    private static BrokerConfig.Kafka limits(int requestMaxBytes, long inflightBytes, int requestsInFlight, long stallMs) {
        return new BrokerConfig.Kafka("127.0.0.1", 0, Optional.empty(), 0, 1, requestMaxBytes, inflightBytes, requestsInFlight, 60_000, stallMs, 100);
    }

    private Request next() throws InterruptedException {
        Request request = handled.poll(10, TimeUnit.SECONDS);
        assertThat(request).as("a request within 10 s").isNotNull();
        return request;
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static byte[] heartbeat(int correlationId, String group) {
        return frame(ApiKeys.HEARTBEAT, HEARTBEAT_VERSION, correlationId, new HeartbeatRequestData().setGroupId(group).setMemberId("m"), HEARTBEAT_VERSION);
    }

    private static byte[] frame(ApiKeys api, short headerVersion, int correlationId, ApiMessage body, short bodyVersion) {
        short known = (short) Math.min(headerVersion, api.latestVersion());
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(api.id).setRequestApiVersion(headerVersion).setCorrelationId(correlationId).setClientId("test");
        ByteBuffer head = MessageUtil.toByteBufferAccessor(header, api.requestHeaderVersion(known)).buffer();
        ByteBuffer tail = MessageUtil.toByteBufferAccessor(body, bodyVersion).buffer();
        return ByteBuffer.allocate(head.remaining() + tail.remaining()).put(head).put(tail).array();
    }

    private static void send(Socket socket, byte[] request) throws IOException {
        write(socket, framed(request));
    }

    /** In one piece, so that it is received in one. */
    private static void write(Socket socket, byte[] bytes) throws IOException {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.write(bytes);
        out.flush();
    }

    private static ByteBuffer receive(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static void assertClosed(Socket socket) throws IOException {
        try {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }
}
