package io.firn.cold.s3;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpContent;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * The body of one answer, as the SDK wants it: pieces are views of what the socket was read into, valid during {@code onNext} only, and never copied here. What nobody has asked for yet is held, and the
 * connection is not read meanwhile; so at most what one read brought is held.
 *
 * <p>Threading: confined to the event loop; requests and cancellation may come from any thread and are taken there.
 */
final class BodyPublisher implements Publisher<ByteBuffer>, Subscription {

    private final EventLoop loop;
    private final GetExchange exchange;
    private final ArrayDeque<HttpContent> held = new ArrayDeque<>();
    private Optional<Subscriber<? super ByteBuffer>> subscriber = Optional.empty();
    private long wanted;
    private boolean delivering;
    private boolean whole; // nothing comes any more
    private boolean over; // the subscriber hears nothing any more

    BodyPublisher(EventLoop loop, GetExchange exchange) {
        this.loop = loop;
        this.exchange = exchange;
    }

    @Override
    public void subscribe(Subscriber<? super ByteBuffer> given) {
        onLoop(() -> {
            if (subscriber.isPresent()) {
                throw new IllegalStateException("The body of an answer is there once");
            }
            subscriber = Optional.of(given);
            given.onSubscribe(this);
            deliver();
        });
    }

    @Override
    public void request(long count) {
        onLoop(() -> {
            if (count <= 0) {
                exchange.fail(new IllegalArgumentException("Request for " + count + " pieces"));
                return;
            }
            wanted = wanted + count < 0 ? Long.MAX_VALUE : wanted + count;
            deliver();
        });
    }

    @Override
    public void cancel() {
        onLoop(() -> {
            if (!over) {
                end();
                exchange.cancelled();
            }
        });
    }

    /** The subscriber, if it is one of ours and takes the next piece at once, whatever comes. */
    Optional<ReceivedAnswer> waiting() {
        return over || wanted == 0 || !held.isEmpty() ? Optional.empty() : subscriber.filter(ReceivedAnswer.class::isInstance).map(ReceivedAnswer.class::cast);
    }

    /** Takes the piece over, with its reference. */
    void accept(HttpContent piece) {
        if (over) {
            piece.release();
            return;
        }
        held.add(piece);
        deliver();
    }

    /** Nothing follows what was accepted. */
    void finish() {
        whole = true;
        deliver();
    }

    /** Ends the body with a failure, unless it has ended. */
    void fail(Throwable failure) {
        if (!over) {
            end();
            subscriber.ifPresent(s -> s.onError(failure));
        }
    }

    private void deliver() {
        if (delivering || over) {
            return;
        }
        if (subscriber.isEmpty()) {
            exchange.reading(held.isEmpty());
            return;
        }
        delivering = true;
        while (wanted > 0 && !held.isEmpty()) {
            wanted--;
            give(held.remove());
        }
        delivering = false;
        exchange.reading(held.isEmpty());
        if (whole && held.isEmpty() && !over) {
            over = true;
            try {
                subscriber.get().onComplete();
            } finally {
                exchange.delivered();
            }
        }
    }

    private void give(HttpContent piece) {
        try {
            if (piece.content().isReadable()) {
                subscriber.get().onNext(piece.content().nioBuffer());
            }
        } catch (RuntimeException e) {
            exchange.fail(e);
        } finally {
            piece.release();
        }
    }

    private void end() {
        over = true;
        while (!held.isEmpty()) {
            held.remove().release();
        }
    }

    private void onLoop(Runnable step) {
        if (loop.inEventLoop()) {
            step.run();
        } else {
            loop.execute(step);
        }
    }
}
