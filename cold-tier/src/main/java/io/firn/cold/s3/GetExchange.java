package io.firn.cold.s3;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpContent;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Consumer;
import software.amazon.awssdk.http.SdkCancellationException;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.async.SdkAsyncHttpResponseHandler;

/**
 * One GET and its answer, between whoever has signed it and judges the answer, and the connection it goes over.
 *
 * <pre>
 *   waits ──begin──▶ sent ──answered──▶ body ──delivered──▶ over
 *     │ refuse        │ lost, on a kept connection: sent once more, on a fresh one
 *     └───────────────┴── fail, cancelled, abort ─────────────▶ over
 * </pre>
 *
 * <p><b>Invariants.</b> It ends once; then its turn is left, if it had begun, and its connection is either kept, with nothing of the answer left in it, or closed. As with the SDK's own client a failure is told to the body's
 * subscriber, the handler and the future, in this order.
 *
 * <p>Threading: confined to the event loop.
 */
final class GetExchange implements RequestTurns.Waiting {

    private final AskedRequest asked;
    private final EventLoop loop;
    private final GetConnections connections;
    private final RequestTurns turns;
    private Optional<GetConnection> connection = Optional.empty();
    private Optional<BodyPublisher> body = Optional.empty();
    private boolean begun;
    private boolean over;

    /** The future of {@code asked} is its owner's: it succeeds with the whole answer, and who fails it from outside aborts the exchange. */
    GetExchange(AskedRequest asked, EventLoop loop, GetConnections connections, RequestTurns turns) {
        this.asked = asked;
        this.loop = loop;
        this.connections = connections;
        this.turns = turns;
    }

    SdkHttpRequest request() {
        return asked.request().request();
    }

    @Override
    public void begin() {
        begun = true;
        try {
            connections.send(this);
        } catch (RuntimeException e) {
            fail(e); // a request that cannot be written
        }
    }

    @Override
    public void refuse(IOException why) {
        fail(why);
    }

    @Override
    public boolean over() {
        return over;
    }

    /** It goes over this connection from now on. */
    void takes(GetConnection chosen) {
        connection = Optional.of(chosen);
    }

    /** Whether anything of the answer has come. */
    boolean isAnswered() {
        return body.isPresent();
    }

    void answered(SdkHttpResponse head) {
        BodyPublisher publisher = new BodyPublisher(loop, this);
        body = Optional.of(publisher);
        SdkAsyncHttpResponseHandler handler = asked.request().responseHandler();
        try {
            handler.onHeaders(head);
            handler.onStream(publisher);
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    /** What up to so many bytes of the body are read into, if its subscriber has memory for them. */
    Optional<ByteBuf> target(int limit) {
        return body.flatMap(BodyPublisher::waiting).flatMap(answer -> answer.target(limit));
    }

    /** Takes a piece of the body, with its reference. */
    void piece(HttpContent content) {
        body.orElseThrow().accept(content);
    }

    /** The body has come to its end. */
    void whole() {
        body.orElseThrow().finish();
    }

    /** Whether the body wants more at the moment. */
    void reading(boolean on) {
        connection.ifPresent(c -> c.reading(on));
    }

    /** The subscriber has the whole body. The connection and the turn are given on when the read is over that may have brought it: what that has brought beyond is not to be taken for the next one's answer. */
    void delivered() {
        if (!over) {
            over = true;
            connection.ifPresent(GetConnection::left);
            try {
                loop.execute(() -> giveOn(GetConnection::free));
            } finally {
                asked.done().complete(null);
            }
        }
    }

    /** The subscriber wants no more of the body. */
    void cancelled() {
        fail(new SdkCancellationException("The rest of the body is not wanted"));
    }

    void fail(Throwable failure) {
        if (over) {
            return;
        }
        over = true;
        try {
            giveOn(GetConnection::discard);
        } finally {
            body.ifPresent(b -> asked.tell(() -> b.fail(failure)));
            asked.fail(failure);
        }
    }

    private void giveOn(Consumer<GetConnection> howItGoesOn) {
        try {
            connection.ifPresent(howItGoesOn);
        } finally {
            connection = Optional.empty();
            if (begun) {
                turns.leave();
            }
        }
    }
}
