package io.firn.cold.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.Seeds;
import io.firn.cold.store.BodyReceiver;
import io.firn.cold.store.Receivers;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;

/** What of an answer is read from the socket into its targets, and that these get what they should, and nothing else or later, whatever the server does. */
class ReadBuffersTest {

    private static final GetHttpClient.Limits LIMITS = new GetHttpClient.Limits(8, 100, 60_000, 10_000, 60_000, 60_000);
    private static final byte FOREIGN = 0x5A; // what is there where nothing may be written

    private static final String DECODED = "what is decoded";

    private final EventLoopGroup loops = S3Clients.loops();
    private final AtomicLong inPlace = new AtomicLong(); // bytes that sockets were read into targets
    private final AtomicBoolean writable = new AtomicBoolean(); // a target, behind its read
    private volatile Reading reading = (socket, buffer) -> socket.get();
    private GetHttpClient client = client(ClientTls.ofJvm());

    private interface SocketRead {
        int get() throws Exception;
    }

    private interface Reading {
        int read(SocketRead socket, ByteBuf buffer) throws Exception;
    }

    /** A socket that is read as the test says, and counts. Sees, before anything makes sense of it, what was read. */
    private final class CountedChannel extends NioSocketChannel {
        @Override
        protected int doReadBytes(ByteBuf buffer) throws Exception {
            if (pipeline().get(DECODED) == null) {
                pipeline().addAfter(pipeline().firstContext().name(), DECODED, new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        writable.compareAndSet(false, message instanceof TargetBuffer);
                        context.fireChannelRead(message);
                    }
                });
            }
            int count = reading.read(() -> super.doReadBytes(buffer), buffer);
            inPlace.addAndGet(buffer instanceof TargetBuffer && count > 0 ? count : 0);
            return count;
        }
    }

    private GetHttpClient client(ClientTls tls) {
        return new GetHttpClient(new NoOthers(), loops.next(), CountedChannel::new, tls, LIMITS, sinceSentNs -> { });
    }

    @AfterEach
    void stop() {
        client.close();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /** One GET: its targets lie in memory that is somebody else's. */
    private final class Get {

        private final ByteBuffer memory;
        private final List<Integer> sizes;
        private final List<Integer> told = new CopyOnWriteArrayList<>();
        private final BodyReceiver receiver;
        private final ReceivedAnswer answer;
        private CompletableFuture<Void> done = new CompletableFuture<>();

        Get(ByteBuffer memory, List<Integer> sizes) {
            this.memory = memory;
            this.sizes = sizes;
            for (int i = 0; i < memory.capacity(); i++) {
                memory.put(i, FOREIGN);
            }
            List<ByteBuffer> targets = new ArrayList<>();
            int at = 1;
            for (int size : sizes) {
                targets.add(memory.duplicate().position(at).limit(at + size));
                at += size + 1;
            }
            this.receiver = Receivers.ofTargets(targets, told::add);
            this.answer = new ReceivedAnswer(receiver);
        }

        Get(int... sizes) {
            this(ByteBuffer.allocateDirect(Arrays.stream(sizes).map(size -> size + 1).sum() + 1), Arrays.stream(sizes).boxed().toList());
        }

        Get ask(String protocol, String host, int port) {
            SdkHttpRequest request = SdkHttpRequest.builder().method(SdkHttpMethod.GET).protocol(protocol).host(host).port(port).encodedPath("/key").putHeader("Range", receiver.rangeHeader().orElseThrow()).build();
            done = client.execute(AsyncExecuteRequest.builder().request(request).responseHandler(answer).build());
            return this;
        }

        Get ask(ScriptedServer server) {
            return ask("http", "127.0.0.1", server.port());
        }

        /** Its end; throws if it is no success with the whole body. */
        Optional<KnownAnswer> end() {
            done.orTimeout(30, TimeUnit.SECONDS).join();
            return answer.refusal();
        }

        /** That the targets have these bytes from their beginning on, and nothing else was written. */
        void has(byte[] body) {
            byte[] expected = new byte[memory.capacity()];
            Arrays.fill(expected, FOREIGN);
            int at = 1;
            int taken = 0;
            for (int size : sizes) {
                int count = Math.min(size, body.length - taken);
                System.arraycopy(body, taken, expected, at, count);
                taken += count;
                at += size + 1;
            }
            byte[] found = new byte[memory.capacity()];
            memory.duplicate().clear().get(found);
            assertThat(Arrays.mismatch(found, expected)).as("first byte of the memory that is not what it should be").isEqualTo(-1);
        }
    }

    private static byte[] randomBytes(Random random, int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] head(int length, String more) {
        return ("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-" + Math.max(0, length - 1) + "/*\r\n" + more + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] head(int length) {
        return head(length, "Content-Length: " + length + "\r\n");
    }

    /** Sends a head, and when it has been read the body. */
    private ScriptedServer.Script headThenBody(byte[] head, byte[] body) {
        CountDownLatch headRead = new CountDownLatch(1);
        reading = (socket, buffer) -> {
            int count = socket.get();
            if (count > 0) {
                headRead.countDown();
            }
            return count;
        };
        return (connection, from) -> {
            from.request();
            from.send(head);
            headRead.await();
            from.send(body);
            from.request();
        };
    }

    // What is read in place

    @Test
    void aBodyIsReadIntoItsTargetsWithoutACopyAndEachIsToldWhenItIsFull() throws IOException {
        byte[] body = randomBytes(new Random(1), 3_000_000);
        try (ScriptedServer server = ScriptedServer.start(headThenBody(head(body.length), body))) {
            Get get = new Get(1_000_000, 1, 999_999, 1_000_000).ask(server);
            assertThat(get.end()).isEmpty();
            get.has(body);
            assertThat(get.told).containsExactly(1, 2, 3, 4);
            assertThat(inPlace).as("all of the body").hasValue(body.length);
            assertThat(writable).isFalse();
        }
    }

    @Test
    void whatComesWithTheHeadIsCopiedAndTheRestReadIntoItsTarget() throws IOException {
        byte[] body = randomBytes(new Random(2), 1000);
        ByteArrayOutputStream begin = new ByteArrayOutputStream();
        begin.writeBytes(head(body.length));
        begin.write(body, 0, 300);
        try (ScriptedServer server = ScriptedServer.start(headThenBody(begin.toByteArray(), Arrays.copyOfRange(body, 300, 1000)))) {
            Get get = new Get(200, 800).ask(server);
            assertThat(get.end()).isEmpty();
            get.has(body);
            assertThat(inPlace).hasValue(700);
        }
    }

    @Test
    void whatIsNotTheBodyAsItIsGoesIntoNoTarget() throws IOException {
        byte[] body = randomBytes(new Random(3), 5);
        ByteArrayOutputStream chunked = new ByteArrayOutputStream();
        chunked.writeBytes("5\r\n".getBytes(StandardCharsets.US_ASCII));
        chunked.writeBytes(body);
        chunked.writeBytes("\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        try (ScriptedServer server = ScriptedServer.start(headThenBody(head(5, "Transfer-Encoding: chunked\r\n"), chunked.toByteArray()))) {
            Get get = new Get(5).ask(server);
            assertThat(get.end()).isEmpty();
            get.has(body);
            assertThat(inPlace).hasValue(0);
        }
    }

    @Test
    void anAnswerThatIsNoSuccessGoesIntoNoTarget() throws IOException {
        byte[] error = "<Error/>".getBytes(StandardCharsets.US_ASCII);
        try (ScriptedServer server = ScriptedServer.start(headThenBody("HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\n".getBytes(StandardCharsets.US_ASCII), error))) {
            Get get = new Get(100).ask(server);
            assertThat(get.end()).hasValueSatisfying(refusal -> assertThat(refusal.body()).isEqualTo(error));
            get.has(new byte[0]);
            assertThat(inPlace).hasValue(0);
        }
    }

    @Test
    void aTargetOnTheHeapIsCopiedTo() throws IOException {
        byte[] body = randomBytes(new Random(4), 100_000);
        try (ScriptedServer server = ScriptedServer.start(headThenBody(head(body.length), body))) {
            Get get = new Get(ByteBuffer.allocate(body.length + 2), List.of(body.length)).ask(server);
            assertThat(get.end()).isEmpty();
            get.has(body);
            assertThat(inPlace).hasValue(0);
        }
    }

    @Test
    void whatIsEncryptedIsReadIntoNoTarget(@TempDir Path directory) throws Exception {
        byte[] body = randomBytes(new Random(5), 100_000);
        KeyStore keys = GetHttpClientTest.keys(directory, "dns:localhost");
        TrustManagerFactory authorities = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        authorities.init(keys);
        client.close();
        client = client(ClientTls.trusting(authorities));
        try (ScriptedServer server = ScriptedServer.start(GetHttpClientTest.tlsListener(keys), (connection, from) -> {
            from.request();
            from.send(head(body.length));
            from.send(body);
            from.request();
        })) {
            Get get = new Get(body.length).ask("https", "localhost", server.port());
            assertThat(get.end()).isEmpty();
            get.has(body);
            assertThat(inPlace).hasValue(0);
        }
    }

    // Ends

    @Test
    void bytesBehindTheBodyAreWrittenNowhere() throws IOException {
        byte[] sent = randomBytes(new Random(6), 300_000);
        byte[] body = Arrays.copyOf(sent, 200_000);
        try (ScriptedServer server = ScriptedServer.start(headThenBody(head(body.length), sent))) {
            Get get = new Get(150_000, 150_000).ask(server);
            assertThatThrownBy(get::end).hasMessageContaining("100000 bytes are lacking");
            get.has(body);
            assertThat(get.told).containsExactly(1);
            assertThat(inPlace).hasValue(body.length);
        }
    }

    @Test
    void nothingIsReadIntoATargetThatWasGivenUpJustBefore() throws IOException {
        byte[] body = randomBytes(new Random(7), 100_000);
        Get get = new Get(100_000);
        try (ScriptedServer server = ScriptedServer.start(headThenBody(head(body.length), body))) {
            Reading usual = reading;
            reading = (socket, buffer) -> {
                if (buffer instanceof TargetBuffer) {
                    get.receiver.close();
                }
                return usual.read(socket, buffer);
            };
            assertThatThrownBy(get.ask(server)::end).hasMessageContaining("cut short");
            get.has(new byte[0]);
            assertThat(get.told).isEmpty();
            assertThat(inPlace).hasValue(0);
        }
    }

    @Test
    void aReadThatFailsEndsTheGetAndItsTargetsAreFree() throws Exception {
        byte[] body = randomBytes(new Random(8), 100_000);
        try (ScriptedServer server = ScriptedServer.start(headThenBody(head(body.length), body))) {
            Reading usual = reading;
            reading = (socket, buffer) -> {
                if (buffer instanceof TargetBuffer) {
                    throw new IOException("Connection reset");
                }
                return usual.read(socket, buffer);
            };
            Get get = new Get(100_000).ask(server);
            assertThatThrownBy(get::end).cause().hasMessage("Connection reset");
            CompletableFuture.runAsync(get.receiver::close).get(30, TimeUnit.SECONDS);
        }
    }

    /** Whoever closes owns the memory from then on: here it writes there what must stay. */
    @Test
    void afterACloseByAnotherThreadNothingIsWrittenThoughTheBodyGoesOn() throws IOException {
        int size = 2 << 20;
        byte[] body = randomBytes(new Random(9), size);
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            while (from.request()) {
                from.send(head(size));
                from.send(body);
            }
        })) {
            Random random = new Random(10);
            ByteBuffer memory = ByteBuffer.allocateDirect(size + 2);
            byte[] foreign = new byte[size + 2];
            Arrays.fill(foreign, FOREIGN);
            for (int round = 0; round < 100; round++) {
                Get get = new Get(memory, List.of(size));
                long already = inPlace.get();
                long reached = random.nextInt(size * 3 / 4);
                get.ask(server);
                while (inPlace.get() - already < reached && !get.done.isDone()) {
                    Thread.onSpinWait();
                }
                get.receiver.close();
                memory.duplicate().clear().put(foreign);
                get.done.orTimeout(30, TimeUnit.SECONDS).join();
                get.has(new byte[0]);
            }
            assertThat(inPlace.get()).isPositive();
        }
    }

    // Any answer, any pieces

    /** What the server makes of a body. */
    private enum Kind { WHOLE, CUT, SHORTER, FOLLOWED, CHUNKED, ERROR }

    @Test
    void targetsGetTheirBytesHoweverTheyAreSentAndNothingElse() throws IOException {
        BlockingQueue<List<byte[]>> answers = new LinkedBlockingQueue<>();
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            while (from.request()) {
                for (byte[] piece : answers.take()) {
                    if (piece.length == 0) {
                        return;
                    }
                    from.send(piece);
                }
            }
        })) {
            Seeds.each(1_000, random -> answered(server, answers, random));
        }
        assertThat(inPlace.get()).isPositive();
    }

    private void answered(ScriptedServer server, BlockingQueue<List<byte[]>> answers, Random random) {
        Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
        int[] sizes = random.ints(1 + random.nextInt(5), 0, 1 << random.nextInt(1, 19)).toArray();
        sizes[0]++;
        int asked = Arrays.stream(sizes).sum();
        byte[] body = randomBytes(random, kind == Kind.SHORTER ? random.nextInt(asked) : asked);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        sent.writeBytes(switch (kind) {
            case CHUNKED -> head(body.length, "Transfer-Encoding: chunked\r\n");
            case ERROR -> ("HTTP/1.1 503 Slow Down\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
            case FOLLOWED -> head(body.length, "Connection: close\r\nContent-Length: " + body.length + "\r\n"); // or what follows may be the next one's answer
            default -> head(body.length);
        });
        int headBytes = sent.size();
        if (kind == Kind.CHUNKED) {
            sent.writeBytes((Integer.toHexString(body.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
        }
        int whole = kind == Kind.CUT ? random.nextInt(body.length) : body.length;
        sent.write(body, 0, whole);
        sent.writeBytes(switch (kind) {
            case CHUNKED -> "\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
            case FOLLOWED -> randomBytes(random, 1 + random.nextInt(1000));
            default -> new byte[0];
        });
        answers.add(pieces(sent.toByteArray(), headBytes, kind == Kind.CUT || kind == Kind.FOLLOWED, random));
        Get get = new Get(sizes).ask(server);
        switch (kind) {
            case CUT, SHORTER -> assertThatThrownBy(get::end);
            case ERROR -> {
                if (body.length <= ReceivedAnswer.MAX_REFUSAL_BYTES) {
                    assertThat(get.end()).hasValueSatisfying(refusal -> assertThat(refusal.body()).isEqualTo(body));
                } else {
                    assertThat(get.end()).isPresent();
                }
            }
            default -> assertThat(get.end()).isEmpty();
        }
        if (kind == Kind.ERROR) {
            get.has(new byte[0]);
        } else if (kind != Kind.CUT) { // of which what was read last may lie there, and counts for nothing
            get.has(body);
        }
        assertThat(get.told).as("of %s", Arrays.toString(sizes)).isSorted().allSatisfy(full -> assertThat(Arrays.stream(sizes).limit(full).sum()).isLessThanOrEqualTo(whole));
        if (kind == Kind.WHOLE || kind == Kind.CHUNKED || kind == Kind.FOLLOWED) {
            assertThat(Arrays.stream(sizes).skip(get.told.get(get.told.size() - 1)).sum()).as("all is told").isZero();
        }
    }

    /** All at once, the head by itself, or in pieces of any size, few bytes each at times; an empty one ends the connection. */
    private static List<byte[]> pieces(byte[] sent, int headBytes, boolean last, Random random) {
        List<byte[]> pieces = new ArrayList<>();
        int[] mosts = {sent.length, headBytes, Math.max(2, sent.length / 100), Math.max(2, sent.length / 7)};
        int most = mosts[random.nextInt(mosts.length)];
        int at = 0;
        while (at < sent.length) {
            int count = Math.min(sent.length - at, at == 0 && most == headBytes ? headBytes : at >= headBytes && most == headBytes ? sent.length : 1 + random.nextInt(most));
            pieces.add(Arrays.copyOfRange(sent, at, at + count));
            at += count;
        }
        if (last) {
            pieces.add(new byte[0]);
        }
        return pieces;
    }

    /** The SDK's client, which nothing is asked of here. */
    private static final class NoOthers implements SdkAsyncHttpClient {

        @Override
        public CompletableFuture<Void> execute(AsyncExecuteRequest request) {
            throw new IllegalStateException("Asked for " + request.request());
        }

        @Override
        public void close() {}
    }
}
