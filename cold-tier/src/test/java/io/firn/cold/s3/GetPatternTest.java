package io.firn.cold.s3;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;

/** That a pattern is taken only from what can be made anew, and what is made of it. */
class GetPatternTest {

    private static final AwsCredentials CREDENTIALS = AwsBasicCredentials.create("key-id", "secret");
    private static final Clock THEIRS = Clock.fixed(Instant.parse("2026-11-27T10:00:00Z"), ZoneOffset.UTC);
    private static final Clock OURS = Clock.fixed(Instant.parse("2026-11-27T08:00:00Z"), ZoneOffset.UTC);

    /** A GET of {@code a b} as the SDK would send it, but for what {@code change} does. */
    private static SdkHttpRequest sent(Consumer<SdkHttpRequest.Builder> change) {
        SdkHttpRequest.Builder bare = SdkHttpRequest.builder().method(SdkHttpMethod.GET).uri(URI.create("http://127.0.0.1:9000")).encodedPath("/firn/a%20b").putHeader("Range", "bytes=0-4").putHeader("User-Agent", "sdk")
                .putHeader("amz-sdk-request", "attempt=1; max=1");
        change.accept(bare);
        return signed(bare.build(), "eu-west-1", CREDENTIALS);
    }

    private static SdkHttpRequest signed(SdkHttpRequest bare, String region, AwsCredentials credentials) {
        return AwsV4HttpSigner.create().sign(sign -> sign.identity(credentials).request(bare).putProperty(AwsV4HttpSigner.REGION_NAME, region).putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "s3")
                .putProperty(AwsV4HttpSigner.DOUBLE_URL_ENCODE, false).putProperty(AwsV4HttpSigner.NORMALIZE_PATH, false).putProperty(AwsV4HttpSigner.SIGNING_CLOCK, THEIRS)).request();
    }

    private static boolean isUnderstood(SdkHttpRequest sent) {
        return GetPattern.of("a b", sent, OURS.instant(), CREDENTIALS, OURS).isPresent();
    }

    @Test
    void aRequestOfThePatternIsWhatTheSignerMakesOfItAtTheClockOfTheOneItWasTakenFrom() {
        SdkHttpRequest made = GetPattern.of("a b", sent(request -> { }), OURS.instant(), CREDENTIALS, OURS).orElseThrow().request("c+/d~=%é", "bytes=5-9", CREDENTIALS);
        SdkHttpRequest wanted = SdkHttpRequest.builder().method(SdkHttpMethod.GET).uri(URI.create("http://127.0.0.1:9000")).encodedPath("/firn/c%2B/d~%3D%25%C3%A9").putHeader("Range", "bytes=5-9").putHeader("User-Agent", "sdk").build();
        assertThat(made.getUri()).isEqualTo(wanted.getUri());
        assertThat(made.headers()).isEqualTo(signed(wanted, "eu-west-1", CREDENTIALS).headers());
        assertThat(made.firstMatchingHeader("X-Amz-Date")).contains("20261127T100000Z");
    }

    @Test
    void otherCredentialsThanThoseItWasTakenWithMayAskByIt() {
        AwsCredentials renewed = AwsSessionCredentials.create("key-2", "secret-2", "token");
        SdkHttpRequest made = GetPattern.of("a b", sent(request -> { }), OURS.instant(), CREDENTIALS, OURS).orElseThrow().request("a b", "bytes=0-4", renewed);
        assertThat(made.firstMatchingHeader("X-Amz-Security-Token")).contains("token");
        assertThat(made.firstMatchingHeader("Authorization").orElseThrow()).contains("Credential=key-2/", "x-amz-security-token");
    }

    @Test
    void whatIsMoreThanAnObjectAndItsRangeIsNotUnderstood() {
        assertThat(isUnderstood(sent(request -> { }))).isTrue();
        assertThat(isUnderstood(sent(request -> request.putRawQueryParameter("versionId", "1")))).isFalse();
        assertThat(isUnderstood(sent(request -> request.putHeader("x-amz-request-payer", "requester")))).isFalse();
        assertThat(isUnderstood(sent(request -> request.method(SdkHttpMethod.HEAD)))).isFalse();
        assertThat(isUnderstood(sent(request -> request.encodedPath("/firn/a+b")))).as("a key that is written in another way").isFalse();
    }

    @Test
    void whatIsSignedInAnotherWayIsNotUnderstood() {
        SdkHttpRequest sent = sent(request -> { });
        SdkHttpRequest bare = sent.toBuilder().removeHeader("Authorization").removeHeader("X-Amz-Date").build();
        String authorization = sent.firstMatchingHeader("Authorization").orElseThrow();
        for (String other : List.of("", authorization.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), authorization.replace("/eu-west-1/", "/us-east-1/"), authorization.replace("/s3/", "/s3express/"),
                authorization.substring(0, authorization.length() - 1) + (authorization.endsWith("0") ? "1" : "0"))) {
            assertThat(isUnderstood(sent.toBuilder().putHeader("Authorization", other).build())).as(other).isFalse();
        }
        assertThat(isUnderstood(bare)).as("not at all").isFalse();
        assertThat(isUnderstood(sent.toBuilder().putHeader("X-Amz-Date", "today").build())).isFalse();
        assertThat(isUnderstood(sent.toBuilder().putHeader("x-amz-content-sha256", "UNSIGNED-PAYLOAD").build())).isFalse();
        assertThat(isUnderstood(signed(bare, "eu-west-1", AwsBasicCredentials.create("key-id", "other")))).as("with credentials that are not ours").isFalse();
    }
}
