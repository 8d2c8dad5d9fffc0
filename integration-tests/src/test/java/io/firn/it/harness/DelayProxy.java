package io.firn.it.harness;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * A long way to a server on this machine: a proxy on a free port of the loopback that lets the first byte of each answer wait, and lets no connection carry more than so many bytes a second in either direction.
 *
 * <p>It knows turns and not messages: bytes of the server that follow bytes of the client are the beginning of an answer, and wait until the delay has passed since the last of the client's ({@link LinkPace}). That is right for
 * what S3 clients do, whole requests with whole answers after them, over connections that are kept, also with {@code Expect: 100-continue}, which costs a turn of its own as it does over a long way. Of a client that sends its next
 * request before the answer to the last one has ended no byte is lost and no answer is early; the rest of the answer under way waits too. No byte is looked at but the first of each turn, for {@link #requests}, and requests for files.
 *
 * <p>Started with the directory of a server that keeps its objects as files, it answers GETs of ranges of them by itself ({@link ServerFiles}), as late and as slowly as it would pass on the server's answer, but by {@code sendfile}: of
 * a server that is on another machine the processors here should notice nothing, and this is the least they can. Such a link connects to the server when something has to be passed on to it, and a server that has had enough of an idle
 * connection ends no answer out of a file.
 *
 * <pre>
 *   client ──▶ buffer ──▶ due? (rate) ──────────────▶ server       each direction has one buffer: full, it waits until it is due, is written, and only then is more read;
 *   client ◀── due? (delay since last ▶, rate) ◀── buffer ◀──      what more there is waits in the sockets
 *   client ◀── due? (delay since last ▶, rate) ◀── piece of a file
 * </pre>
 *
 * <p>Threading: one thread of its own does everything; what is public is thread-safe. Ends with {@link #close}, whatever state connections are in.
 */
public final class DelayProxy implements Closeable {

    /** Further connections are closed at once. */
    static final int CONNECTION_LIMIT = 1024;

    private static final int BUFFER_BYTES = 256 << 10;
    private static final int BACKLOG = 256;
    /** Buffers that one direction may pass on before others have their turn. */
    private static final int ROUNDS = 4;
    private static final List<String> METHODS = List.of("GET", "PUT", "POST", "HEAD", "DELETE");

    private final LongSupplier clockNanos;
    private final int upstreamPort;
    private final Optional<ServerFiles> files;
    private final long bytesPerSecond;
    private final ServerSocketChannel listener;
    private final Selector selector;
    private final Thread thread = new Thread(this::run, "delay-proxy");
    private final PriorityQueue<Sender> waiting = new PriorityQueue<>(Comparator.comparingLong(sender -> sender.due));
    private final Set<Link> links = new HashSet<>();
    private final Deque<ByteBuffer> spare = new ArrayDeque<>();
    private final Map<String, AtomicLong> requests = new ConcurrentHashMap<>();
    private final AtomicInteger held = new AtomicInteger();
    private volatile long delayNanos;
    private volatile boolean closing;

    private DelayProxy(int upstreamPort, Optional<ServerFiles> files, long delayMs, long bytesPerSecond, LongSupplier clockNanos) throws IOException {
        this.upstreamPort = upstreamPort;
        this.files = files;
        this.bytesPerSecond = bytesPerSecond;
        this.clockNanos = clockNanos;
        delay(delayMs);
        selector = Selector.open();
        listener = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        thread.setDaemon(true);
    }

    /**
     * Starts a proxy to a server on this machine.
     *
     * @param delayMs to the first byte of an answer; 0 for none
     * @param bytesPerSecond of each connection, in each direction; 0 for any
     */
    public static DelayProxy start(int upstreamPort, long delayMs, long bytesPerSecond) {
        return start(upstreamPort, Optional.empty(), delayMs, bytesPerSecond, System::nanoTime);
    }

    /** The same, but it reads the server's files itself, whose directory this is. */
    public static DelayProxy start(int upstreamPort, Path directory, long delayMs, long bytesPerSecond) throws IOException {
        return start(upstreamPort, Optional.of(new ServerFiles(directory)), delayMs, bytesPerSecond, System::nanoTime);
    }

    /** With another clock; after that was moved, {@link #look}. */
    static DelayProxy start(int upstreamPort, Optional<ServerFiles> files, long delayMs, long bytesPerSecond, LongSupplier clockNanos) {
        try {
            DelayProxy proxy = new DelayProxy(upstreamPort, files, delayMs, bytesPerSecond, clockNanos);
            proxy.thread.start();
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public URI endpoint() {
        return URI.create("http://" + listener.socket().getInetAddress().getHostAddress() + ":" + listener.socket().getLocalPort());
    }

    /** From the next request on. */
    public void delay(long delayMs) {
        delayNanos = TimeUnit.MILLISECONDS.toNanos(delayMs);
    }

    /** Requests so far by method; those that a client sends behind another before the answer has begun are not counted. */
    public Map<String, Long> requests() {
        Map<String, Long> counts = new TreeMap<>();
        METHODS.forEach(method -> counts.put(method, 0L));
        requests.forEach((method, count) -> counts.put(method, count.get()));
        return counts;
    }

    /** Buffers, and pieces of files, that wait until they are due. */
    int held() {
        return held.get();
    }

    /** Looks at the clock. */
    void look() {
        selector.wakeup();
    }

    private void run() {
        try {
            while (!closing) {
                selector.select(this::ready, patienceMs());
                long now = clockNanos.getAsLong();
                while (!waiting.isEmpty() && waiting.peek().due <= now) {
                    Sender sender = waiting.poll();
                    held.set(waiting.size());
                    sender.guarded(sender::resume);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            new ArrayList<>(links).forEach(Link::end);
        }
    }

    /** Until the next buffer is due, or something happens; 0 is for ever. */
    private long patienceMs() {
        return waiting.isEmpty() ? 0 : Math.max(1, TimeUnit.NANOSECONDS.toMillis(waiting.peek().due - clockNanos.getAsLong() + 999_999));
    }

    private void ready(SelectionKey key) {
        if (key.attachment() instanceof Link link) {
            link.ready(key);
        } else {
            accept();
        }
    }

    private void accept() {
        try {
            SocketChannel client = listener.accept();
            if (client != null && links.size() < CONNECTION_LIMIT) {
                open(client);
            } else if (client != null) {
                client.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // no more descriptors, or closed: nothing this proxy could go on with
        }
    }

    private void open(SocketChannel client) throws IOException {
        Link link = new Link(client);
        links.add(link);
        link.up.guarded(files.isEmpty() ? link::connect : link::listen);
    }

    /** A client's connection and the one to the server that belongs to it. */
    private final class Link {

        private final SocketChannel client;
        private final SocketChannel server;
        private final SelectionKey clientKey;
        private final SelectionKey serverKey;
        private final Flow up;
        private final Flow down;
        private Optional<FileSender> sending = Optional.empty();
        private boolean answered = true;
        private boolean connecting;
        private boolean serverEnded;

        Link(SocketChannel client) throws IOException {
            this.client = client;
            this.server = SocketChannel.open();
            this.clientKey = register(client, 0);
            this.serverKey = register(server, 0);
            this.up = new Flow(this, clientKey, serverKey);
            this.down = new Flow(this, serverKey, clientKey);
        }

        /** A server that nobody listens for ends the client's connection. */
        void connect() throws IOException {
            connecting = true;
            serverKey.interestOps(SelectionKey.OP_CONNECT);
            if (server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), upstreamPort))) {
                connected();
            }
        }

        private SelectionKey register(SocketChannel channel, int operations) throws IOException {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            return channel.register(selector, operations, this);
        }

        private void connected() throws IOException {
            serverKey.interestOps(SelectionKey.OP_READ);
            if (up.waitsForServer) {
                up.resume();
            } else if (!up.holding) {
                listen();
            }
        }

        void listen() {
            clientKey.interestOps(SelectionKey.OP_READ);
        }

        void ready(SelectionKey key) {
            if (key.isValid() && key.isConnectable()) {
                up.guarded(() -> {
                    server.finishConnect();
                    connected();
                });
            }
            Flow from = key == clientKey ? up : down;
            if (key.isValid() && key.isReadable()) {
                from.guarded(from::pump);
            }
            if (key.isValid() && key.isWritable()) {
                Sender to = key == serverKey ? up : sending.isPresent() ? sending.get() : down;
                to.guarded(to::resume);
            }
        }

        /** What the client said came in. */
        void asked(ByteBuffer bytes, long now) {
            down.pace.turn(now, delayNanos);
            if (answered) {
                answered = false;
                METHODS.stream().filter(method -> startsWith(bytes, method + " ")).findFirst().ifPresent(method -> requests.computeIfAbsent(method, any -> new AtomicLong()).incrementAndGet());
            }
        }

        /** Whether what came in is a request that the server's files answer: then that is under way, and nothing more is read of the client until it has ended. */
        boolean answersFromFile(ByteBuffer bytes, long now) throws IOException {
            if (files.isEmpty() || !answered || down.holding) {
                return false;
            }
            Optional<ServerFiles.Answer> answer = files.get().answer(bytes);
            if (answer.isPresent()) {
                asked(bytes, now);
                FileSender sender = new FileSender(this, answer.get());
                sending = Optional.of(sender);
                sender.resume();
            }
            return answer.isPresent();
        }

        void sent() throws IOException {
            sending = Optional.empty();
            answered = true;
            Sender.interest(clientKey, SelectionKey.OP_READ, true);
            if (serverEnded) {
                down.sourceEnded();
            }
        }

        void end() {
            if (!links.remove(this)) {
                return;
            }
            spare.push(up.buffer.clear());
            spare.push(down.buffer.clear());
            waiting.remove(up);
            waiting.remove(down);
            sending.ifPresent(waiting::remove);
            held.set(waiting.size());
            try (client; server; Closeable file = sending.<Closeable>map(FileSender::file).orElse(() -> { })) {
                clientKey.cancel();
                serverKey.cancel();
            } catch (IOException e) {
                return; // it was ending anyway
            }
        }
    }

    private static boolean startsWith(ByteBuffer bytes, String text) {
        return bytes.remaining() >= text.length() && StandardCharsets.ISO_8859_1.decode(bytes.slice(bytes.position(), text.length())).toString().equals(text);
    }

    private interface Step {
        void take() throws IOException;
    }

    /** Has something for one side of a link, and may have to wait until it is due. */
    private abstract class Sender {

        final Link link;
        long due;

        Sender(Link link) {
            this.link = link;
        }

        /** What it has is due, or the other side takes more: goes on as far as it can. */
        abstract void resume() throws IOException;

        /** A connection that breaks ends the link, as it would without a proxy. */
        void guarded(Step step) {
            try {
                step.take();
            } catch (IOException e) {
                link.end();
            }
        }

        /** Goes on at {@code due}. */
        void await() {
            waiting.add(this);
            held.set(waiting.size());
        }

        static void interest(SelectionKey key, int operation, boolean on) {
            int before = key.interestOps();
            int after = on ? before | operation : before & ~operation;
            if (after != before) {
                key.interestOps(after);
            }
        }
    }

    /** An answer out of a file. A piece waits until it is due, or is being sent. */
    private final class FileSender extends Sender {

        private final ByteBuffer head;
        private final FileChannel file;
        private long position;
        private long left;
        private long piece;

        FileSender(Link link, ServerFiles.Answer answer) {
            super(link);
            this.head = answer.head();
            this.file = answer.file();
            this.position = answer.position();
            this.left = answer.bytes();
        }

        FileChannel file() {
            return file;
        }

        @Override
        void resume() throws IOException {
            for (int round = 0; round < ROUNDS; round++) {
                if (piece == 0 && !hasPieceDue() || !send()) {
                    return;
                }
                if (left == 0) {
                    file.close();
                    link.sent();
                    return;
                }
            }
            due = clockNanos.getAsLong(); // others have their turn
            await();
        }

        private boolean hasPieceDue() {
            long now = clockNanos.getAsLong();
            piece = Math.min(left, BUFFER_BYTES);
            due = link.down.pace.due(now, (int) piece + head.remaining());
            if (due > now) {
                await();
            }
            return due <= now;
        }

        /** Whether the piece is sent. */
        private boolean send() throws IOException {
            SocketChannel client = (SocketChannel) link.clientKey.channel();
            client.write(head);
            boolean going = !head.hasRemaining();
            while (going && piece > 0) {
                long count = file.transferTo(position, piece, client);
                if (count == 0 && position >= file.size()) {
                    throw new EOFException("the file has become shorter");
                }
                position += count;
                left -= count;
                piece -= count;
                going = count > 0;
            }
            interest(link.clientKey, SelectionKey.OP_WRITE, piece > 0);
            return piece == 0;
        }
    }

    /** One direction of a link. Its buffer is being filled, or waits until it is due, or is being written. */
    private final class Flow extends Sender {

        private final SelectionKey source;
        private final SelectionKey target;
        private final LinkPace pace = new LinkPace(bytesPerSecond, clockNanos.getAsLong());
        private final ByteBuffer buffer = spare.isEmpty() ? ByteBuffer.allocateDirect(BUFFER_BYTES) : spare.pop();
        private boolean ended;
        /** Whether the buffer has something. */
        private boolean holding;
        private boolean waitsForServer;

        Flow(Link link, SelectionKey source, SelectionKey target) {
            super(link);
            this.source = source;
            this.target = target;
        }

        /** The source has something, or there is room again: goes on as far as it can without waiting, for a few rounds. */
        void pump() throws IOException {
            for (int round = 0; round < ROUNDS; round++) {
                if (!fill() || !drain()) {
                    return;
                }
            }
            interest(source, SelectionKey.OP_READ, true);
        }

        @Override
        void resume() throws IOException {
            if (drain()) {
                pump();
            }
        }

        /** Whether there is something now that is due. */
        private boolean fill() throws IOException {
            int count = ((SocketChannel) source.channel()).read(buffer);
            if (count < 0) {
                interest(source, SelectionKey.OP_READ, false);
                if (this == link.down && link.sending.isPresent()) {
                    link.serverEnded = true;
                } else {
                    sourceEnded();
                }
                return false;
            }
            interest(source, SelectionKey.OP_READ, count == 0);
            return count > 0 && isDue(count);
        }

        private boolean isDue(int count) throws IOException {
            long now = clockNanos.getAsLong();
            buffer.flip();
            if (this == link.up && link.answersFromFile(buffer, now)) {
                buffer.clear();
                return false;
            }
            holding = true;
            if (this == link.up) {
                link.asked(buffer, now);
                if (!link.connecting) {
                    link.connect();
                }
            } else {
                link.answered = true;
            }
            due = pace.due(now, count);
            if (due > now) {
                await();
            }
            return due <= now;
        }

        /** Whether the buffer is empty again. */
        private boolean drain() throws IOException {
            SocketChannel to = (SocketChannel) target.channel();
            waitsForServer = !to.isConnected();
            if (waitsForServer) {
                return false;
            }
            to.write(buffer);
            interest(target, SelectionKey.OP_WRITE, buffer.hasRemaining());
            if (buffer.hasRemaining()) {
                return false;
            }
            buffer.clear();
            holding = false;
            return true;
        }

        /** All it said has been passed on: the other side is told, and may still say something itself. */
        private void sourceEnded() throws IOException {
            ended = true;
            if (this == link.up && !link.connecting || link.up.ended && link.down.ended) {
                link.end();
            } else {
                ((SocketChannel) target.channel()).shutdownOutput();
            }
        }
    }

    @Override
    public void close() {
        closing = true;
        selector.wakeup();
        try {
            thread.join();
            listener.close();
            selector.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
