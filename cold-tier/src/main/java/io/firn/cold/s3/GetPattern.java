package io.firn.cold.s3;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/**
 * How the SDK asks for a range of an object of one bucket, as far as it is the same for all of them: where it sends the GET, what stands before the key, what it signs for. Taken from a GET of its own, and only if that one, made anew
 * from here, has the same URL, the same headers and so the same signature: whatever an endpoint, an access point, a profile or the environment wants beyond that is not known here, and there is no pattern then.
 *
 * <p>The SDK's clock, which it sets by what servers answer, is part of it. Nothing of it is secret. Thread-safe: immutable.
 */
final class GetPattern {

    private static final Pattern AUTHORIZATION = Pattern.compile("AWS4-HMAC-SHA256 Credential=[^/,]+/\\d{8}/([^/,]+)/([^/,]+)/aws4_request, SignedHeaders=[^,]+, Signature=[0-9a-f]+");
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final String DATE_HEADER = "X-Amz-Date";
    private static final String HASH_HEADER = "x-amz-content-sha256";
    private static final String UNSIGNED = "UNSIGNED-PAYLOAD";

    /** What signing adds. */
    private static final List<String> SIGNATURE_HEADERS = List.of("Authorization", DATE_HEADER, HASH_HEADER, "X-Amz-Security-Token");

    /** What a request has to itself; the first is of each GET, the others name an attempt of the SDK's. */
    private static final List<String> OWN_HEADERS = List.of("Range", "amz-sdk-invocation-id", "amz-sdk-request", AnsweringHttpClient.TICKET);

    private static final Set<String> COMMON_HEADERS = Set.of("host", "user-agent");

    private final SdkHttpRequest common;
    private final String beforeKey;
    private final Signing signing;
    private final Clock clock;

    /** What a signature is made for. */
    private record Signing(String region, String service, boolean payload) {

        private static final AwsV4HttpSigner SIGNER = AwsV4HttpSigner.create();

        SdkHttpRequest sign(SdkHttpRequest bare, AwsCredentialsIdentity credentials, Clock clock) {
            return SIGNER.sign(sign -> sign.identity(credentials).request(bare).putProperty(AwsV4HttpSigner.REGION_NAME, region).putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                    .putProperty(AwsV4HttpSigner.DOUBLE_URL_ENCODE, false).putProperty(AwsV4HttpSigner.NORMALIZE_PATH, false).putProperty(AwsV4HttpSigner.PAYLOAD_SIGNING_ENABLED, payload)
                    .putProperty(AwsV4HttpSigner.SIGNING_CLOCK, clock)).request();
        }
    }

    private GetPattern(SdkHttpRequest common, String beforeKey, Signing signing, Clock clock) {
        this.common = common;
        this.beforeKey = beforeKey;
        this.signing = signing;
        this.clock = clock;
    }

    /**
     * The pattern of a GET that the SDK has just signed; empty if it cannot be made anew.
     *
     * @param at when it did, by our clock
     * @param credentials those that the SDK has, to the best of our knowledge
     * @param clock ours
     */
    static Optional<GetPattern> of(String key, SdkHttpRequest sent, Instant at, AwsCredentialsIdentity credentials, Clock clock) {
        Matcher authorization = AUTHORIZATION.matcher(sent.firstMatchingHeader("Authorization").orElse(""));
        Optional<Instant> date = sent.firstMatchingHeader(DATE_HEADER).flatMap(GetPattern::parsed);
        String encodedKey = "/" + SdkHttpUtils.urlEncodeIgnoreSlashes(key);
        if (!authorization.matches() || date.isEmpty() || sent.method() != SdkHttpMethod.GET || !sent.encodedPath().endsWith(encodedKey) || !sent.rawQueryParameters().isEmpty()) {
            return Optional.empty();
        }
        Signing signing = new Signing(authorization.group(1), authorization.group(2), !sent.firstMatchingHeader(HASH_HEADER).equals(Optional.of(UNSIGNED)));
        SdkHttpRequest bare = without(sent, SIGNATURE_HEADERS);
        SdkHttpRequest common = without(bare, OWN_HEADERS);
        if (!isSame(signing.sign(bare, credentials, Clock.fixed(date.get(), ZoneOffset.UTC)), sent) || !hasOnlyCommonHeaders(common)) {
            return Optional.empty();
        }
        Duration ahead = Duration.between(at, date.get());
        String beforeKey = sent.encodedPath().substring(0, sent.encodedPath().length() - encodedKey.length() + 1);
        return Optional.of(new GetPattern(common, beforeKey, signing, Clock.offset(clock, ahead)));
    }

    private static Optional<Instant> parsed(String date) {
        try {
            return Optional.of(DATE.parse(date, Instant::from));
        } catch (DateTimeParseException e) {
            return Optional.empty(); // another form than this signature's
        }
    }

    private static SdkHttpRequest without(SdkHttpRequest request, List<String> headers) {
        SdkHttpRequest.Builder builder = request.toBuilder();
        headers.forEach(builder::removeHeader);
        return builder.build();
    }

    private static boolean isSame(SdkHttpRequest made, SdkHttpRequest sent) {
        return made.getUri().equals(sent.getUri()) && made.headers().equals(sent.headers());
    }

    private static boolean hasOnlyCommonHeaders(SdkHttpRequest common) {
        return common.headers().keySet().stream().allMatch(name -> COMMON_HEADERS.contains(name.toLowerCase(Locale.ROOT)));
    }

    /** The GET of another range, perhaps of another object, signed. */
    SdkHttpRequest request(String key, String range, AwsCredentialsIdentity credentials) {
        return signing.sign(common.toBuilder().encodedPath(beforeKey + SdkHttpUtils.urlEncodeIgnoreSlashes(key)).putHeader("Range", range).build(), credentials, clock);
    }
}
