package io.firn.cold.s3;

import io.firn.cold.store.BodyReceiver;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Leads the body of one GET into a {@link BodyReceiver}, piece by piece as it arrives. Used once: the client does not retry.
 *
 * <p>Threading: called by the client's event loop, in order; {@link #exceptionOccurred} may come from another thread, and the receiver can stand that.
 */
final class ReceivingTransformer implements AsyncResponseTransformer<GetObjectResponse, Boolean> {

    private final BodyReceiver receiver;
    private final CompletableFuture<Boolean> whole = new CompletableFuture<>();

    ReceivingTransformer(BodyReceiver receiver) {
        this.receiver = receiver;
    }

    @Override
    public CompletableFuture<Boolean> prepare() {
        return whole;
    }

    @Override
    public void onResponse(GetObjectResponse response) {
        try {
            receiver.begin(response.contentLength() == null ? -1 : response.contentLength(), response.contentRange() == null ? "" : response.contentRange());
        } catch (RuntimeException e) {
            whole.completeExceptionally(e);
        }
    }

    @Override
    public void onStream(SdkPublisher<ByteBuffer> publisher) {
        publisher.subscribe(new Body());
    }

    @Override
    public void exceptionOccurred(Throwable error) {
        receiver.close();
        whole.completeExceptionally(error);
    }

    private final class Body implements Subscriber<ByteBuffer> {

        private Subscription subscription;

        @Override
        public void onSubscribe(Subscription given) {
            subscription = given;
            if (whole.isDone()) {
                given.cancel(); // refused by its headers
            } else {
                given.request(Long.MAX_VALUE); // nothing is queued: each piece is copied before the next one is read
            }
        }

        @Override
        public void onNext(ByteBuffer piece) {
            try {
                receiver.accept(piece);
            } catch (RuntimeException e) {
                whole.completeExceptionally(e);
                subscription.cancel();
            }
        }

        @Override
        public void onError(Throwable failure) {
            whole.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            try {
                receiver.end();
                whole.complete(true);
            } catch (RuntimeException e) {
                whole.completeExceptionally(e);
            }
        }
    }
}
