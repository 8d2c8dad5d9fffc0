package io.firn.cold.s3;

import io.firn.cold.ColdStoreException;
import io.firn.cold.store.BodyReceiver;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.reactivestreams.Subscriber;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkHttpContentPublisher;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/**
 * GETs of one bucket. Those of ranges are signed here, by the SDK's signer, and sent without the rest of what the SDK does for a request; all others are the SDK's.
 *
 * <p>How to ask is taken from the SDK: it makes one GET that is not sent ({@link GetPattern}). What an answer means that is no success is the SDK's to say: it is given the answer as one to a GET of its own, so that nothing is asked
 * twice and its clock is set. After one that may be due to how we have asked, and where there is no pattern, all GETs are the SDK's for {@link #REST}, and then a pattern is taken anew.
 *
 * <p><b>Threading.</b> Thread-safe. Credentials are resolved, which may have to wait for a server, on the thread that asks, or while the pattern is taken on one of {@code completions}, where futures complete, too.
 */
final class DirectGets {

    /** How long all GETs are left to the SDK. Shorter: while a store does not take our requests, more of them are made twice, though sent once. Longer: reads cost more for longer after it is back. */
    static final Duration REST = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(DirectGets.class);

    private static final SdkHttpContentPublisher NO_CONTENT = new NoContent();

    private final S3AsyncClient sdk;
    private final AnsweringHttpClient http;
    private final AwsCredentialsProvider credentials;
    private final String bucket;
    private final Executor completions;
    private final Clock clock;
    private Optional<CompletableFuture<Optional<GetPattern>>> pattern = Optional.empty(); // guarded by this, with restsSince
    private Instant restsSince = Instant.MIN;

    /**
     * Owns nothing of what it is given.
     *
     * @param http what {@code sdk} sends by
     * @param credentials those of {@code sdk}
     */
    DirectGets(S3AsyncClient sdk, AnsweringHttpClient http, AwsCredentialsProvider credentials, String bucket, Executor completions, Clock clock) {
        this.sdk = sdk;
        this.http = http;
        this.credentials = credentials;
        this.bucket = bucket;
        this.completions = completions;
        this.clock = clock;
    }

    /** One GET; fails as the SDK does, or with what the receiver throws. */
    CompletableFuture<Void> get(String key, BodyReceiver receiver) {
        Optional<String> range = receiver.rangeHeader();
        if (range.isEmpty()) {
            return bySdk(key, receiver, Optional.empty());
        }
        return pattern(key, range.get()).thenCompose(known -> known.isPresent() ? direct(known.get(), key, range.get(), receiver) : bySdk(key, receiver, Optional.empty()));
    }

    private CompletableFuture<Void> bySdk(String key, BodyReceiver receiver, Optional<String> ticket) {
        return sdk.getObject(request -> {
            request.bucket(bucket).key(key);
            receiver.rangeHeader().ifPresent(request::range);
            ticket.ifPresent(number -> request.overrideConfiguration(override -> override.putHeader(AnsweringHttpClient.TICKET, number)));
        }, new ReceivingTransformer(receiver)).thenApply(whole -> null);
    }

    private CompletableFuture<Void> direct(GetPattern known, String key, String range, BodyReceiver receiver) {
        SdkHttpRequest request = known.request(key, range, credentials.resolveCredentials());
        ReceivedAnswer answer = new ReceivedAnswer(receiver);
        return http.execute(AsyncExecuteRequest.builder().request(request).requestContentPublisher(NO_CONTENT).responseHandler(answer).build()).handleAsync((nothing, failure) -> {
            if (failure != null) {
                throw new CompletionException(ColdStoreException.unwrap(failure));
            }
            return answer.refusal();
        }, completions).thenCompose(refusal -> refusal.isEmpty() ? CompletableFuture.completedFuture(null) : judged(key, receiver, refusal.get()));
    }

    private CompletableFuture<Void> judged(String key, BodyReceiver receiver, KnownAnswer refusal) {
        if (concernsAsking(refusal.head().statusCode())) {
            rest();
        }
        return http.answering(refusal, seen -> { }, ticket -> bySdk(key, receiver, Optional.of(ticket)));
    }

    /** Whether it may be due to how we have asked: signature, clock, credentials, place. What says no more than that there is no such object, or not now, the SDK would have got as well. */
    private static boolean concernsAsking(int status) {
        return switch (status) {
            case 404, 408, 416, 429 -> false;
            default -> status < 500 || status == 501;
        };
    }

    private synchronized void rest() {
        pattern = Optional.empty();
        restsSince = clock.instant();
    }

    /** Not for longer because the clock was set back meanwhile. */
    private boolean rests() {
        Duration rested = Duration.between(restsSince, clock.instant());
        return !rested.isNegative() && rested.compareTo(REST) < 0;
    }

    /** The pattern, or that there is none at the moment; who comes while it is being taken waits for it. */
    private CompletableFuture<Optional<GetPattern>> pattern(String key, String range) {
        CompletableFuture<Optional<GetPattern>> taking = new CompletableFuture<>();
        synchronized (this) {
            if (rests()) {
                return CompletableFuture.completedFuture(Optional.empty());
            }
            if (pattern.isPresent()) {
                return pattern.get();
            }
            pattern = Optional.of(taking);
        }
        CompletableFuture.completedFuture(key).thenCompose(first -> take(first, range)).whenComplete((taken, failure) -> { // what it throws is a failure, too: all wait for its end
            try {
                if (failure != null || taken.isEmpty()) {
                    rest();
                    log.atDebug().setCause(failure).log("GETs are left to the SDK for a while: how it asks is not known here"); // what failed fails again as it does all of it, and is told then
                }
            } finally {
                taking.complete(failure == null ? taken : Optional.empty());
            }
        });
        return taking;
    }

    private CompletableFuture<Optional<GetPattern>> take(String key, String range) {
        AtomicReference<Optional<Shown>> shown = new AtomicReference<>(Optional.empty());
        return http.answering(KnownAnswer.EMPTY, request -> shown.set(Optional.of(new Shown(request, clock.instant()))), ticket -> sdk.getObject(request -> request.bucket(bucket).key(key).range(range)
                .overrideConfiguration(override -> override.putHeader(AnsweringHttpClient.TICKET, ticket)), AsyncResponseTransformer.toBytes()))
                .thenApply(nothing -> shown.get().flatMap(signed -> GetPattern.of(key, signed.request(), signed.at(), credentials.resolveCredentials(), clock)));
    }

    /** What the SDK has just signed, by our clock. */
    private record Shown(SdkHttpRequest request, Instant at) {}

    /** The body of a GET. */
    private static final class NoContent implements SdkHttpContentPublisher {

        @Override
        public Optional<Long> contentLength() {
            return Optional.of(0L);
        }

        @Override
        public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
            AsyncRequestBody.empty().subscribe(subscriber);
        }
    }
}
