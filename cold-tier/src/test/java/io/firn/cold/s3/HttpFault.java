package io.firn.cold.s3;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/**
 * A named fault for {@link FaultProxy}: what goes wrong, for which requests, how often. Thread-safe once injected; narrow it with {@link #on} before.
 */
public final class HttpFault {

    private enum Kind {
        ANSWER,
        DROP_HEADER,
        SILENCE,
        RESET,
        DROP_REPLY,
        RESET_REPLY,
        CUT_BODY,
        STALL_BODY,
        SLOW_BODY,
        SLOW_ANSWER,
        HOLD_REQUEST,
        HOLD_REPLY
    }

    private static final int SLOW_PIECES = 6;
    private static final long HOLD_LIMIT_MS = TimeUnit.MINUTES.toMillis(5);

    private final Kind kind;
    private final Optional<byte[]> answer;
    private final long pauseMs;
    private final AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);
    private final CountDownLatch released = new CountDownLatch(1);
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile BiPredicate<String, byte[]> requests = (line, body) -> true;
    private volatile Optional<String> header = Optional.empty();

    private HttpFault(Kind kind, Optional<byte[]> answer, long pauseMs) {
        this.kind = kind;
        this.answer = answer;
        this.pauseMs = pauseMs;
    }

    private static HttpFault of(Kind kind) {
        return new HttpFault(kind, Optional.empty(), 0);
    }

    /** Answers with an S3 error instead of asking the server. */
    public static HttpFault answering(int status, String code) {
        return answering(status, "application/xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + code + "</Code><Message>injected</Message></Error>");
    }

    /** Answers so instead of asking the server. */
    public static HttpFault answering(int status, String contentType, String body) {
        String head = "HTTP/1.1 " + status + " Injected\r\nContent-Type: " + contentType + "\r\nContent-Length: " + body.length() + "\r\n\r\n";
        return new HttpFault(Kind.ANSWER, Optional.of((head + body).getBytes(StandardCharsets.US_ASCII)), 0);
    }

    /** Answers as S3 does to a request that is dated too far from its own time, which it tells. */
    public static HttpFault tooSkewed(Instant serverTime) {
        String body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>RequestTimeTooSkewed</Code><Message>injected</Message></Error>";
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(serverTime.atOffset(ZoneOffset.UTC));
        String head = "HTTP/1.1 403 Injected\r\nDate: " + date + "\r\nContent-Type: application/xml\r\nContent-Length: " + body.length() + "\r\n\r\n";
        return new HttpFault(Kind.ANSWER, Optional.of((head + body).getBytes(StandardCharsets.US_ASCII)), 0);
    }

    /** The server does not see this header (its name in small letters) of requests that have it. Nor can it check their signature: for one that does not ask for any. */
    public static HttpFault droppingHeader(String name) {
        return of(Kind.DROP_HEADER).onHeader(name);
    }

    /** Takes the request, does not pass it on, and never answers. */
    public static HttpFault silence() {
        return of(Kind.SILENCE);
    }

    /** Takes the request, does not pass it on, and resets the connection. */
    public static HttpFault reset() {
        return of(Kind.RESET);
    }

    /** The server does what was asked; its answer is lost, the connection closed. */
    public static HttpFault droppingReply() {
        return of(Kind.DROP_REPLY);
    }

    /** The same with a reset. */
    public static HttpFault resettingReply() {
        return of(Kind.RESET_REPLY);
    }

    /** The body of the answer ends half way with the connection. */
    public static HttpFault cuttingBody() {
        return of(Kind.CUT_BODY);
    }

    /** The body of the answer stops half way; the connection stays open until the release, when the rest follows. */
    public static HttpFault stallingBody() {
        return of(Kind.STALL_BODY);
    }

    /** The body of the answer comes in six pieces with this pause between each. */
    public static HttpFault slowBody(long pauseMs) {
        return new HttpFault(Kind.SLOW_BODY, Optional.empty(), pauseMs);
    }

    /** Nothing of the answer comes for so long, then all of it. */
    public static HttpFault slowAnswer(long pauseMs) {
        return new HttpFault(Kind.SLOW_ANSWER, Optional.empty(), pauseMs);
    }

    /** The request reaches the server when it is released, five minutes later at most, whatever has become of its sender. */
    public static HttpFault holdingRequest() {
        return of(Kind.HOLD_REQUEST);
    }

    /** The server does what was asked; its answer comes when it is released, five minutes later at most. Reached when the server has answered. */
    public static HttpFault holdingReply() {
        return of(Kind.HOLD_REPLY);
    }

    /** Only the next {@code count} such requests. */
    public HttpFault times(int count) {
        left.set(count);
        return this;
    }

    /** Only requests whose request line fulfils this. */
    public HttpFault on(Predicate<String> requestLine) {
        return on((line, body) -> requestLine.test(line));
    }

    /** Only requests whose request line and body fulfil this, which is asked on the proxy's threads, of requests that earlier faults have not taken. */
    public HttpFault on(BiPredicate<String, byte[]> request) {
        requests = request;
        return this;
    }

    /** Only requests that have this header; its name in small letters. */
    public HttpFault onHeader(String name) {
        header = Optional.of(name);
        return this;
    }

    /** Ends the fault and lets go of what it holds. */
    public void release() {
        left.set(0);
        released.countDown();
    }

    /** Waits until a request has met the fault; false after ten seconds. */
    public boolean awaitReached() throws InterruptedException {
        return reached.await(10, TimeUnit.SECONDS);
    }

    /** Waits until the server has answered a request that was held, whether or not anybody is there to be told; false after ten seconds. */
    public boolean awaitDone() throws InterruptedException {
        return done.await(10, TimeUnit.SECONDS);
    }

    boolean takes(HttpMessage request, byte[] body) {
        return requests.test(request.firstLine(), body) && header.map(name -> request.header(name).isPresent()).orElse(true) && left.getAndUpdate(n -> n > 0 && n < Integer.MAX_VALUE ? n - 1 : n) > 0;
    }

    /** The header that the server is not to see. */
    Optional<String> dropped() {
        return kind == Kind.DROP_HEADER ? header : Optional.empty();
    }

    boolean answers() {
        return kind == Kind.ANSWER;
    }

    /** The answer made up; only its head for a request that gets no body. */
    byte[] answer(boolean headOnly) {
        String whole = new String(answer.orElseThrow(), StandardCharsets.US_ASCII);
        String given = headOnly ? whole.substring(0, whole.indexOf("\r\n\r\n") + 4) : whole;
        return given.getBytes(StandardCharsets.US_ASCII);
    }

    /** Whether the exchange is over before the server has seen the request. */
    boolean beforeServer(Socket client, OutputStream out) throws IOException {
        if (kind != Kind.HOLD_REPLY) {
            reached.countDown();
        }
        if (kind == Kind.SILENCE) {
            hold();
        }
        if (kind == Kind.RESET) {
            client.setSoLinger(true, 0);
        }
        if (kind == Kind.HOLD_REQUEST) {
            pause(HOLD_LIMIT_MS);
        }
        return kind == Kind.SILENCE || kind == Kind.RESET;
    }

    /** Gives the answer as the fault wants it; whether the connection goes on. */
    boolean afterServer(Socket client, OutputStream out, byte[] head, byte[] body) throws IOException {
        done.countDown();
        reached.countDown();
        switch (kind) {
            case DROP_REPLY -> { }
            case RESET_REPLY -> client.setSoLinger(true, 0);
            case CUT_BODY, STALL_BODY -> {
                out.write(head);
                out.write(body, 0, body.length / 2);
                out.flush();
                if (kind == Kind.STALL_BODY) {
                    hold();
                    out.write(body, body.length / 2, body.length - body.length / 2);
                    out.flush();
                }
            }
            case SLOW_BODY -> {
                writeSlowly(out, head, body);
                return true;
            }
            case SLOW_ANSWER, HOLD_REQUEST, HOLD_REPLY -> {
                pause(kind == Kind.HOLD_REPLY ? HOLD_LIMIT_MS : pauseMs);
                out.write(head);
                out.write(body);
                out.flush();
                return true;
            }
            default -> throw new IllegalStateException("Not after the server: " + kind);
        }
        return false;
    }

    private void writeSlowly(OutputStream out, byte[] head, byte[] body) throws IOException {
        out.write(head);
        for (int piece = 0; piece < SLOW_PIECES; piece++) {
            int from = (int) ((long) body.length * piece / SLOW_PIECES);
            int to = (int) ((long) body.length * (piece + 1) / SLOW_PIECES);
            out.write(body, from, to - from);
            out.flush();
            pause(pauseMs);
        }
    }

    private void hold() throws IOException {
        pause(TimeUnit.MINUTES.toMillis(1));
    }

    /** Until the release, at most so long. */
    private void pause(long atMostMs) throws IOException {
        try {
            released.await(atMostMs, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Proxy closed", e);
        }
    }
}
