package io.firn.cold.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.store.BodyReceiver;
import io.firn.cold.store.Receivers;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.core.SdkGlobalTime;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.utils.AttributeMap;

/** Which GETs are sent past the SDK, that they say what it would, and when they are its own again. That servers take them is shown by the contracts of provider {@code s3}. */
class DirectGetsTest {

    private static final URI SERVER = URI.create("http://127.0.0.1:9000");
    private static final DateTimeFormatter AMZ_DATE = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final KnownAnswer HELLO = answer(206, "hello", "Content-Range", "bytes 0-4/5");

    private final ExecutorService completions = Executors.newSingleThreadExecutor(work -> new Thread(work, "completions"));
    private final SimNetwork network = new SimNetwork();
    private final SetClock clock = new SetClock();
    private volatile Optional<AwsCredentials> credentials = Optional.of(AwsBasicCredentials.create("key-id", "secret"));
    private S3Clients.Clients clients = clients("firn", Optional.of(SERVER), true);

    @AfterEach
    void stop() {
        clients.sdk().close();
        completions.shutdownNow();
        SdkGlobalTime.setGlobalTimeOffset(0); // an answer may have set the clock of all clients of this JVM
    }

    private S3Clients.Clients clients(String bucket, Optional<URI> endpoint, boolean pathStyle) {
        ObjectStoreConfig config = new ObjectStoreConfig(Provider.S3, Optional.empty(), endpoint, "eu-west-1", Optional.of(bucket), Optional.empty(), pathStyle, 16, 3, 5_000, 3);
        return S3Clients.open(config, () -> credentials.orElseThrow(() -> SdkClientException.create("Unable to load credentials from any of the providers")), network, completions, clock);
    }

    private static KnownAnswer answer(int status, String body, String header, String value) {
        SdkHttpResponse head = SdkHttpResponse.builder().statusCode(status).putHeader("Content-Length", Integer.toString(body.length())).putHeader(header, value).build();
        return new KnownAnswer(head, body.getBytes(StandardCharsets.US_ASCII));
    }

    private static KnownAnswer error(int status, String code) {
        return answer(status, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + code + "</Code><Message>injected</Message></Error>", "Content-Type", "application/xml");
    }

    private String get(String key) {
        ByteBuffer target = ByteBuffer.allocateDirect(5);
        await(clients.gets().get(key, Receivers.ofRange(0, target)));
        return StandardCharsets.US_ASCII.decode(target).toString();
    }

    private static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(30, TimeUnit.SECONDS).join();
    }

    private CompletableFuture<Void> asked() {
        return clients.gets().get("key", Receivers.ofRange(0, ByteBuffer.allocate(5)));
    }

    private static boolean isDirect(SdkHttpRequest sent) {
        return sent.firstMatchingHeader("amz-sdk-invocation-id").isEmpty();
    }

    // What is sent

    @Test
    void rangesAreAskedForDirectlyFromTheFirstOneOnAndNothingElseIsSent() {
        assertThat(get("key")).isEqualTo("hello");
        assertThat(get("other")).isEqualTo("hello");
        assertThat(network.sent).hasSize(2).allMatch(DirectGetsTest::isDirect).allMatch(sent -> sent.firstMatchingHeader(AnsweringHttpClient.TICKET).isEmpty());
    }

    @Test
    void whatHasNoRangeIsTheSdks() {
        network.answers = sent -> answer(200, "small", "ETag", "x");
        await(clients.gets().get("key", Receivers.ofSmall()));
        assertThat(network.sent).singleElement().satisfies(sent -> assertThat(isDirect(sent)).isFalse());
    }

    @Test
    void theySayWhatTheSdkWouldWhereverTheBucketIsAndWhateverCharactersItsKeysHave() {
        AwsCredentials session = AwsSessionCredentials.create("key-id", "secret", "a/token+=");
        Set<String> hosts = new HashSet<>();
        for (AwsCredentials given : List.of(AwsBasicCredentials.create("key-id", "secret"), session)) {
            credentials = Optional.of(given);
            for (Optional<URI> endpoint : List.of(Optional.of(SERVER), Optional.of(URI.create("https://s3.example.com")), Optional.of(URI.create("http://s3.example.com:8080")), Optional.<URI>empty())) {
                for (String bucket : List.of("firn", "a.dotted.one", "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine")) {
                    boolean pathStyle = !bucket.startsWith("arn:");
                    hosts.add(assertSame(clients(bucket, endpoint, pathStyle), bucket));
                    hosts.add(assertSame(clients(bucket, endpoint, false), bucket));
                }
            }
        }
        assertThat(hosts).contains("127.0.0.1", "firn.s3.example.com", "s3.example.com", "firn.s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com",
                "mine-123456789012.s3-accesspoint.eu-west-1.amazonaws.com");
    }

    /** Tells the host of the last one. */
    private String assertSame(S3Clients.Clients opened, String bucket) {
        clients = opened;
        for (String key : List.of("plain/0-9_A.segment", "a b", "a+b", "100%", "%41", "ü/日本", "a=b&c=d", "~tilde", "a//b", "/first", "dots/../x", "!*'()", "q?x#y;z:@,$")) {
            network.sent.clear();
            assertThat(get(key)).isEqualTo("hello");
            await(clients.sdk().getObject(request -> request.bucket(bucket).key(key).range("bytes=0-4"), AsyncResponseTransformer.toBytes()));
            SdkHttpRequest direct = network.sent.get(0);
            SdkHttpRequest theirs = network.sent.get(1);
            assertThat(isDirect(direct) && !isDirect(theirs)).isTrue();
            assertThat(direct.getUri()).isEqualTo(theirs.getUri());
            assertThat(direct.method()).isEqualTo(theirs.method());
            assertThat(direct.headers().keySet()).isEqualTo(theirs.toBuilder().removeHeader("amz-sdk-invocation-id").removeHeader("amz-sdk-request").build().headers().keySet());
            for (String header : List.of("Host", "Range", "x-amz-content-sha256", "X-Amz-Security-Token", "User-Agent")) {
                assertThat(direct.firstMatchingHeader(header)).as(header).isEqualTo(theirs.firstMatchingHeader(header));
            }
            assertThat(direct.firstMatchingHeader("X-Amz-Security-Token").isPresent()).isEqualTo(credentials.orElseThrow() instanceof AwsSessionCredentials);
            assertThat(GetPattern.of(key, direct, clock.instant(), credentials.orElseThrow(), clock)).as("signed so that it can be proved").isPresent();
            assertThat(scope(direct)).isEqualTo(scope(theirs).replace("amz-sdk-invocation-id;amz-sdk-request;", ""));
        }
        String host = network.sent.get(0).host();
        opened.sdk().close();
        return host;
    }

    /** Who has signed what, and for which region and service. */
    private static String scope(SdkHttpRequest sent) {
        String authorization = sent.firstMatchingHeader("Authorization").orElseThrow();
        return authorization.substring(0, authorization.indexOf("Signature="));
    }

    @Test
    void credentialsThatAreRenewedAreUsedAtOnce() {
        get("key");
        credentials = Optional.of(AwsSessionCredentials.create("key-2", "secret-2", "token-2"));
        get("key");
        SdkHttpRequest renewed = network.sent.get(1);
        assertThat(isDirect(renewed)).isTrue();
        assertThat(renewed.firstMatchingHeader("X-Amz-Security-Token")).contains("token-2");
        assertThat(GetPattern.of("key", renewed, clock.instant(), credentials.orElseThrow(), clock)).isPresent();
    }

    @Test
    void whoComesWhileThePatternIsTakenWaitsForIt() {
        CountDownLatch held = new CountDownLatch(1);
        completions.execute(() -> awaitLatch(held));
        List<CompletableFuture<Void>> gets = List.of(asked(), asked(), asked());
        assertThat(network.sent).isEmpty();
        held.countDown();
        gets.forEach(DirectGetsTest::await);
        assertThat(network.sent).hasSize(3).allMatch(DirectGetsTest::isDirect);
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void futuresCompleteWhereTheirCallersCannotStallTheNetwork() {
        get("key");
        for (Optional<IOException> end : List.of(Optional.<IOException>empty(), Optional.of(new IOException("reset")))) {
            CompletableFuture<Void> held = new CompletableFuture<>();
            network.held = Optional.of(held);
            CompletableFuture<String> thread = asked().handle((nothing, failure) -> failure == null ? Thread.currentThread().getName() : "failed on " + Thread.currentThread().getName());
            end.ifPresentOrElse(held::completeExceptionally, () -> held.complete(null));
            assertThat(await(thread)).isEqualTo(end.isPresent() ? "failed on completions" : "completions");
        }
    }

    @Test
    void whatBearsATicketIsNeverSent() {
        SdkHttpRequest forged = SdkHttpRequest.builder().method(SdkHttpMethod.GET).uri(SERVER).putHeader(AnsweringHttpClient.TICKET, "1").build();
        AnsweringHttpClient http = new AnsweringHttpClient(network);
        assertThatThrownBy(() -> http.execute(AsyncExecuteRequest.builder().request(forged).build())).isInstanceOf(IllegalStateException.class);
        assertThat(network.sent).isEmpty();
    }

    // What is left to the SDK

    @Test
    void anAnswerThatIsNoSuccessIsToldByTheSdkAndNothingIsAskedTwice() {
        network.answers = sent -> error(503, "SlowDown");
        assertThatThrownBy(() -> await(asked())).cause().isInstanceOfSatisfying(S3Exception.class, told -> {
            assertThat(told.statusCode()).isEqualTo(503);
            assertThat(told.awsErrorDetails().errorCode()).isEqualTo("SlowDown");
            assertThat(told.awsErrorDetails().errorMessage()).isEqualTo("injected");
        });
        assertThat(network.sent).singleElement().satisfies(sent -> assertThat(isDirect(sent)).isTrue());
    }

    @Test
    void whateverTheAnswerIsItMeansWhatItMeansToTheSdk() {
        for (KnownAnswer refusal : List.of(error(404, "NoSuchKey"), error(404, "NoSuchBucket"), error(403, "ExpiredToken"), error(400, "ExpiredToken"), error(416, "InvalidRange"), error(301, "PermanentRedirect"), error(500, "InternalError"),
                answer(502, "<html>Bad gateway</html>", "Content-Type", "text/html"), answer(429, "", "Retry-After", "1"), answer(304, "", "ETag", "x"), answer(503, "cut <Error", "Content-Type", "application/xml"))) {
            network.answers = sent -> refusal;
            Throwable direct = failure(asked());
            Throwable theirs = ColdStoreException.unwrap(clients.sdk().getObject(request -> request.bucket("firn").key("key").range("bytes=0-4"), AsyncResponseTransformer.toBytes())
                    .handle((nothing, failure) -> failure).orTimeout(30, TimeUnit.SECONDS).join());
            assertThat(network.sent.stream().map(DirectGetsTest::isDirect)).containsExactly(true, false);
            assertThat(direct).hasSameClassAs(theirs).hasMessage(theirs.getMessage());
            assertThat(((S3Exception) direct).statusCode()).isEqualTo(refusal.head().statusCode());
            assertThat(((S3Exception) direct).awsErrorDetails().errorCode()).isEqualTo(((S3Exception) theirs).awsErrorDetails().errorCode());
            network.sent.clear();
            clock.pass(DirectGets.REST);
        }
        network.answers = sent -> error(404, "NoSuchKey");
        assertThat(failure(asked())).isInstanceOf(NoSuchKeyException.class);
    }

    private static Throwable failure(CompletableFuture<?> future) {
        return ColdStoreException.unwrap(future.handle((nothing, failure) -> failure).orTimeout(30, TimeUnit.SECONDS).join());
    }

    @Test
    void afterOneThatMayBeDueToHowWeAskedAllGetsAreTheSdksForAMinute() {
        network.answers = sent -> error(403, "AccessDenied");
        failure(asked());
        network.answers = sent -> HELLO;
        get("key");
        clock.pass(DirectGets.REST.minusMillis(1));
        get("key");
        clock.pass(Duration.ofMillis(1));
        get("key");
        get("key");
        assertThat(network.sent.stream().map(DirectGetsTest::isDirect)).containsExactly(true, false, false, true, true);
    }

    @Test
    void afterOneThatSaysNothingOfHowWeAskedGetsAreDirectStill() {
        for (int status : List.of(404, 408, 416, 429, 500, 502, 503, 504)) {
            network.answers = sent -> error(status, "Whatever");
            failure(asked());
            network.answers = sent -> HELLO;
            get("key");
        }
        assertThat(network.sent).hasSize(16).allMatch(DirectGetsTest::isDirect);
    }

    @Test
    void aClockThatIsSetBackDoesNotProlongTheMinute() {
        network.answers = sent -> error(403, "AccessDenied");
        failure(asked());
        network.answers = sent -> HELLO;
        clock.pass(Duration.ofHours(-2));
        get("key");
        assertThat(network.sent.stream().map(DirectGetsTest::isDirect)).containsExactly(true, true);
    }

    @Test
    void errorsThatGoOnCostNoMoreRequestsThanGets() {
        network.answers = sent -> error(403, "AccessDenied");
        for (int i = 0; i < 20; i++) {
            failure(asked());
            clock.pass(Duration.ofSeconds(20));
        }
        assertThat(network.sent).hasSize(20);
        assertThat(network.sent.stream().filter(DirectGetsTest::isDirect)).as("one each minute").hasSize(7);
    }

    @Test
    void anAnswerToOneOfOursSetsTheSdksClockAndThatOneOurs() {
        Instant theirs = Instant.now().plus(2, ChronoUnit.HOURS);
        network.answers = sent -> answer(403, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>RequestTimeTooSkewed</Code><Message>injected</Message></Error>", "Date",
                DateTimeFormatter.RFC_1123_DATE_TIME.format(theirs.atOffset(ZoneOffset.UTC)));
        failure(asked());
        network.answers = sent -> HELLO;
        get("key");
        clock.pass(DirectGets.REST);
        get("key");
        assertThat(network.sent.stream().map(DirectGetsTest::isDirect)).containsExactly(true, false, true);
        assertThat(date(0)).isBefore(theirs.minus(1, ChronoUnit.HOURS));
        assertThat(date(1)).isAfter(theirs.minus(1, ChronoUnit.HOURS));
        assertThat(date(2)).isAfter(theirs.minus(1, ChronoUnit.HOURS));
    }

    private Instant date(int request) {
        return AMZ_DATE.parse(network.sent.get(request).firstMatchingHeader("X-Amz-Date").orElseThrow(), Instant::from);
    }

    @Test
    void aBucketWhoseRequestsAreSignedInAnotherWayIsLeftToTheSdk() {
        clients.sdk().close();
        clients = clients("firn--euw1-az1--x-s3", Optional.empty(), false);
        network.answers = sent -> sent.rawQueryParameters().containsKey("session")
                ? answer(200, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CreateSessionResult><Credentials><SessionToken>t</SessionToken><SecretAccessKey>s</SecretAccessKey><AccessKeyId>a</AccessKeyId><Expiration>"
                        + Instant.now().plus(5, ChronoUnit.MINUTES).truncatedTo(ChronoUnit.SECONDS) + "</Expiration></Credentials></CreateSessionResult>", "Content-Type", "application/xml")
                : HELLO;
        get("key");
        get("key");
        assertThat(network.sent.stream().filter(sent -> sent.firstMatchingHeader("Range").isPresent())).hasSize(2).noneMatch(DirectGetsTest::isDirect)
                .allMatch(sent -> sent.firstMatchingHeader("x-amz-s3session-token").isPresent());
    }

    @Test
    void whileThereAreNoCredentialsTheSdkSaysSoAndWhenThereAreGetsAreDirectAfterAMinute() {
        Optional<AwsCredentials> given = credentials;
        credentials = Optional.empty();
        assertThat(failure(asked())).isInstanceOf(SdkClientException.class).hasMessageContaining("Unable to load credentials");
        assertThat(network.sent).isEmpty();
        credentials = given;
        get("key");
        clock.pass(DirectGets.REST);
        get("key");
        credentials = Optional.empty();
        assertThat(failure(asked())).as("once the pattern is known").isInstanceOf(SdkClientException.class).hasMessageContaining("Unable to load credentials");
        assertThat(network.sent.stream().map(DirectGetsTest::isDirect)).containsExactly(false, true);
    }

    // What fails

    @Test
    void aConnectionThatFailsIsToldAsItIsAndTheNextGetIsDirectAgain() {
        network.failure = Optional.of(new IOException("reset"));
        assertThatThrownBy(() -> await(asked())).hasRootCauseInstanceOf(IOException.class).hasRootCauseMessage("reset");
        network.failure = Optional.empty();
        get("key");
        assertThat(network.sent).hasSize(2).allMatch(DirectGetsTest::isDirect);
    }

    @Test
    void aBodyThatIsNotWhatWasAskedForIsTheReceiversToTell() {
        network.answers = sent -> answer(200, "hello", "ETag", "x");
        assertThat(failure(asked())).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("does not honour ranges");
        network.answers = sent -> answer(206, "hel", "Content-Range", "bytes 0-4/5");
        assertThat(failure(asked())).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("cut short");
        network.answers = sent -> answer(206, "hello", "Content-Range", "bytes 7-11/20");
        assertThat(failure(asked())).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("range from 0");
        assertThat(network.sent).hasSize(3).allMatch(DirectGetsTest::isDirect);
    }

    /** Our connections never do so; the SDK's, which a proxy is asked by, promise nothing. */
    @Test
    void aRequestThatEndsBeforeItsAnswerIsNoSuccess() {
        get("key");
        network.answers = sent -> HELLO;
        network.silent = true;
        assertThat(failure(asked())).isInstanceOf(IllegalStateException.class).hasMessageContaining("before its answer");
    }

    @Test
    void ofALongRefusalTheBeginningIsKept() {
        get("key");
        network.answers = sent -> answer(400, "<Error><Code>TooLong</Code>" + " ".repeat(2 * ReceivedAnswer.MAX_REFUSAL_BYTES) + "</Error>", "Content-Type", "application/xml");
        assertThat(failure(asked())).isInstanceOfSatisfying(S3Exception.class, told -> assertThat(told.statusCode()).isEqualTo(400));
    }

    @Test
    void afterAFailureNothingIsWrittenToTheTargetAnyMore() {
        get("key");
        network.failure = Optional.of(new IOException("reset"));
        ByteBuffer target = ByteBuffer.allocate(5);
        BodyReceiver receiver = Receivers.ofRange(0, target);
        failure(clients.gets().get("key", receiver));
        receiver.accept(StandardCharsets.US_ASCII.encode("hello"));
        assertThat(target.array()).containsOnly(0);
    }

    /** Answers at once, on the thread that asks. */
    private static final class SimNetwork implements SdkAsyncHttpClient, SdkAsyncHttpClient.Builder<SimNetwork> {

        private final List<SdkHttpRequest> sent = new CopyOnWriteArrayList<>();
        private volatile Function<SdkHttpRequest, KnownAnswer> answers = request -> HELLO;
        private volatile Optional<IOException> failure = Optional.empty();
        private volatile boolean silent;
        private volatile Optional<CompletableFuture<Void>> held = Optional.empty();

        @Override
        public CompletableFuture<Void> execute(AsyncExecuteRequest request) {
            sent.add(request.request());
            try {
                if (failure.isPresent()) {
                    throw new IllegalStateException(failure.get());
                }
                if (!silent) {
                    answers.apply(request.request()).tell(request.responseHandler());
                }
                return held.orElseGet(() -> CompletableFuture.completedFuture(null));
            } catch (RuntimeException e) {
                Throwable told = failure.isPresent() ? failure.get() : e;
                request.responseHandler().onError(told);
                return CompletableFuture.failedFuture(told);
            }
        }

        @Override
        public SdkAsyncHttpClient buildWithDefaults(AttributeMap defaults) {
            return this;
        }

        @Override
        public void close() {
            sent.clear();
        }
    }

    /** Stands still until it is told. */
    private static final class SetClock extends Clock {

        private volatile Instant now = Instant.now();

        void pass(Duration time) {
            now = now.plus(time);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
