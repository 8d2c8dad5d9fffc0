package io.firn.cold.s3;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A way to an S3 server that goes wrong as told: an HTTP/1.1 proxy on a free port, which passes requests on untouched but for its {@link HttpFault}s.
 *
 * <p>Threading: thread-safe; one thread a client connection, one upstream connection a request. Ends with {@link #close()}, whatever state connections are in.
 */
public final class FaultProxy implements AutoCloseable {

    private final ServerSocket listener;
    private final InetAddress host;
    private final int upstreamPort;
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "fault-proxy");
        thread.setDaemon(true);
        return thread;
    });
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final List<HttpFault> faults = new CopyOnWriteArrayList<>();
    private final List<HttpMessage> requests = new CopyOnWriteArrayList<>();

    private FaultProxy(ServerSocket listener, InetAddress host, int upstreamPort) {
        this.listener = listener;
        this.host = host;
        this.upstreamPort = upstreamPort;
    }

    /** Starts a proxy to a server on this machine. */
    public static FaultProxy start(int upstreamPort) {
        return start(InetAddress.getLoopbackAddress().getHostAddress(), upstreamPort);
    }

    /** The same where the server is at another address of this machine, and the proxy is to be. */
    public static FaultProxy start(String address, int upstreamPort) {
        try {
            InetAddress host = InetAddress.getByName(address);
            FaultProxy proxy = new FaultProxy(new ServerSocket(0, 100, host), host, upstreamPort);
            proxy.threads.execute(proxy::accept);
            return proxy;
        } catch (IOException e) {
            throw new IllegalStateException("Cannot start the proxy", e);
        }
    }

    public URI endpoint() {
        return URI.create("http://" + host.getHostAddress() + ":" + listener.getLocalPort());
    }

    /** Begins a fault; earlier ones are asked first. */
    public HttpFault inject(HttpFault fault) {
        faults.add(fault);
        return fault;
    }

    /** Ends all faults; what they hold goes on. */
    public void clear() {
        List<HttpFault> ended = List.copyOf(faults);
        faults.clear();
        ended.forEach(HttpFault::release);
        requests.clear();
    }

    /** How many requests since the last {@link #clear} had a request line (such as {@code PUT /bucket/key HTTP/1.1}) that contains {@code text}. */
    public long requests(String text) {
        return requests.stream().filter(request -> request.firstLine().contains(text)).count();
    }

    /** A header (its name in small letters) of each request since the last {@link #clear} whose request line contains {@code text}; empty where it had none. */
    public List<Optional<String>> headers(String text, String name) {
        return requests.stream().filter(request -> request.firstLine().contains(text)).map(request -> request.header(name)).toList();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                sockets.add(client);
                threads.execute(() -> serve(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            client.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(client.getInputStream());
            boolean open = true;
            while (open) {
                Optional<HttpMessage> request = HttpMessage.read(in, false);
                open = request.isPresent() && exchange(client, in, request.get());
            }
        } catch (IOException e) {
            return; // the client or we ended the connection: what the test sees of it is its subject
        } finally {
            sockets.remove(client);
        }
    }

    /** One request and its answer; false if the connection is to end. */
    private boolean exchange(Socket client, InputStream in, HttpMessage request) throws IOException {
        requests.add(request);
        OutputStream out = client.getOutputStream();
        if (request.header("expect").isPresent()) {
            out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            out.flush();
        }
        byte[] body = request.body(in);
        Optional<HttpFault> fault = faults.stream().filter(candidate -> candidate.takes(request, body)).findFirst();
        if (fault.isPresent() && fault.get().beforeServer(client, out)) {
            return false;
        }
        if (fault.isPresent() && fault.get().answers()) {
            out.write(fault.get().answer(request.firstLine().startsWith("HEAD ")));
            out.flush();
            return true;
        }
        Optional<String> dropped = fault.flatMap(HttpFault::dropped);
        return dropped.isPresent() ? forward(client, out, request.without(dropped.get()), body, Optional.empty()) : forward(client, out, request, body, fault);
    }

    private boolean forward(Socket client, OutputStream out, HttpMessage request, byte[] body, Optional<HttpFault> fault) throws IOException {
        try (Socket server = new Socket(host, upstreamPort)) {
            sockets.add(server);
            server.getOutputStream().write(request.bytes());
            server.getOutputStream().write(body);
            server.getOutputStream().flush();
            InputStream answers = new BufferedInputStream(server.getInputStream());
            HttpMessage answer = HttpMessage.read(answers, request.firstLine().startsWith("HEAD ")).orElseThrow(() -> new IOException("No answer"));
            while (answer.isInterim()) {
                answer = HttpMessage.read(answers, request.firstLine().startsWith("HEAD ")).orElseThrow(() -> new IOException("No answer"));
            }
            byte[] content = answer.body(answers);
            sockets.remove(server);
            if (fault.isPresent()) {
                return fault.get().afterServer(client, out, answer.bytes(), content);
            }
            out.write(answer.bytes());
            out.write(content);
            out.flush();
            return true;
        }
    }

    @Override
    public void close() {
        try {
            clear();
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
            threads.shutdownNow();
        } catch (IOException e) {
            throw new IllegalStateException("Cannot stop the proxy", e);
        }
    }
}
