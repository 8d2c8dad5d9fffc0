package io.firn.cold.s3;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A server that does with each connection what a script says, byte for byte. Thread-safe; one thread a connection. A script that returns or fails ends its connection.
 */
final class ScriptedServer implements AutoCloseable {

    /** What is done with a connection; they are counted from 0. */
    interface Script {
        void run(int connection, Client client) throws IOException, InterruptedException;
    }

    /** The other end of a connection. */
    final class Client {

        private final InputStream in;
        private final OutputStream out;

        private Client(Socket socket) throws IOException {
            this.in = new BufferedInputStream(socket.getInputStream());
            this.out = socket.getOutputStream();
        }

        /** Waits for a request; false if the connection has ended instead. */
        boolean request() throws IOException {
            Optional<HttpMessage> request = HttpMessage.read(in, true);
            request.map(head -> new String(head.bytes(), StandardCharsets.ISO_8859_1)).ifPresent(requests::add);
            return request.isPresent();
        }

        void send(String text) throws IOException {
            send(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        void send(byte[] bytes) throws IOException {
            out.write(bytes);
            out.flush();
        }
    }

    private final ServerSocket listener;
    private final Script script;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final BlockingQueue<Integer> ended = new LinkedBlockingQueue<>();

    private ScriptedServer(ServerSocket listener, Script script) {
        this.listener = listener;
        this.script = script;
    }

    static ScriptedServer start(Script script) throws IOException {
        return start(new ServerSocket(0, 100, InetAddress.getLoopbackAddress()), script);
    }

    /** Over a socket of another kind, which it owns. */
    static ScriptedServer start(ServerSocket listener, Script script) {
        ScriptedServer server = new ScriptedServer(listener, script);
        server.threads.execute(server::accept);
        return server;
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Connections so far. */
    int connections() {
        return connections.get();
    }

    /** Heads of the requests so far. */
    List<String> requests() {
        return requests;
    }

    /** Waits until a script has ended; the number of its connection. */
    int awaitEnd() throws InterruptedException {
        return Optional.ofNullable(ended.poll(30, TimeUnit.SECONDS)).orElseThrow(() -> new AssertionError("No connection has ended"));
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                sockets.add(socket);
                int number = connections.getAndIncrement();
                threads.execute(() -> serve(number, socket));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(int number, Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true); // what is sent by itself comes by itself
            script.run(number, new Client(socket));
        } catch (IOException e) {
            return; // the client or the test has ended it: what becomes of the request is the test's subject
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            ended.add(number);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
        threads.shutdownNow();
    }
}
