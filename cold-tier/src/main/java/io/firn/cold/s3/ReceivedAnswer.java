package io.firn.cold.s3;

import io.firn.cold.store.BodyReceiver;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.async.SdkAsyncHttpResponseHandler;

/**
 * The answer to one GET that we have signed: the body of a success goes into a {@link BodyReceiver}, piece by piece as it arrives, by a copy where the socket was not read into its {@link #target};
 * any other answer is kept, for the SDK to say what it means, up to {@link #MAX_REFUSAL_BYTES} of it.
 *
 * <p>Threading: called by the event loop, in order; {@link #refusal} is asked once the request has ended.
 */
final class ReceivedAnswer implements SdkAsyncHttpResponseHandler, Subscriber<ByteBuffer> {

    /** As much as the SDK's client is given of one over our connections. */
    static final int MAX_REFUSAL_BYTES = 64 << 10;

    private final BodyReceiver receiver;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream(0);
    private Optional<SdkHttpResponse> refused = Optional.empty();
    private boolean complete;

    ReceivedAnswer(BodyReceiver receiver) {
        this.receiver = receiver;
    }

    @Override
    public void onHeaders(SdkHttpResponse head) {
        if (head.isSuccessful()) {
            receiver.begin(head.firstMatchingHeader("Content-Length").map(Long::parseLong).orElse(-1L), head.firstMatchingHeader("Content-Range").orElse(""));
        } else {
            refused = Optional.of(head);
        }
    }

    @Override
    public void onStream(Publisher<ByteBuffer> stream) {
        stream.subscribe(this);
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        subscription.request(Long.MAX_VALUE); // nothing is queued: each piece is in its target before the next one is read
    }

    /** What up to so many bytes of the body may be read into, which come as a piece then, as all do. */
    Optional<ByteBuf> target(int limit) {
        return refused.isPresent() ? Optional.empty() : receiver.room(limit).map(room -> new TargetBuffer(receiver, room));
    }

    @Override
    public void onNext(ByteBuffer piece) {
        if (refused.isEmpty()) {
            receiver.accept(piece);
        } else {
            byte[] copy = new byte[Math.min(piece.remaining(), MAX_REFUSAL_BYTES - kept.size())];
            piece.get(copy);
            kept.writeBytes(copy);
        }
    }

    /** The request fails by the same failure, which is where it is dealt with. */
    @Override
    public void onError(Throwable failure) {
        receiver.close();
    }

    @Override
    public void onComplete() {
        complete = true;
    }

    /** The answer that was no success, if it was none. Throws what the receiver says if the body is not what was asked for. */
    Optional<KnownAnswer> refusal() {
        if (refused.isEmpty()) {
            end();
        }
        return refused.map(head -> new KnownAnswer(head, kept.toByteArray()));
    }

    /** Not by the event loop, as the connection is as good as before if it throws. */
    private void end() {
        try {
            if (!complete) {
                throw new IllegalStateException("The request has ended before its answer");
            }
            receiver.end();
        } catch (RuntimeException e) {
            receiver.close();
            throw e;
        }
    }
}
