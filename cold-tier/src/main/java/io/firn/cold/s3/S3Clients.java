package io.firn.cold.s3;

import io.firn.cold.ObjectStoreConfig;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3AsyncClientBuilder;
import software.amazon.awssdk.utils.AttributeMap;

/**
 * Makes the SDK's client as Firn wants it: no retries of its own, time limits by progress, no more threads than needed, checksums only where we give them. Stateless.
 */
final class S3Clients {

    /** One, because with two the SDK's pool now and then loses a request whose connection is refused, until the time limit for connections (README, Decisions). */
    private static final int EVENT_LOOPS = 1;

    private static final int COMPLETION_THREADS = 2;

    private static final long CONNECT_LIMIT_MS = 10_000;

    /** Most requests that wait for a connection, and how many times one request's silence they may. */
    private static final int WAITING_LIMIT = 10_000;

    private static final int WAITING_TIMEOUT_FACTOR = 2;

    /** How long a connection for GETs is kept unused. Servers close theirs after five seconds to a minute; one that is closed as we use it costs a connection, not an error. */
    private static final long KEPT_LIMIT_MS = 20_000;

    private S3Clients() {}

    /** The SDK's client, which owns what it sends by, and the GETs, which use both. */
    record Clients(S3AsyncClient sdk, DirectGets gets) {}

    static Clients open(ObjectStoreConfig config, EventLoopGroup loops, ExecutorService completions, LongConsumer resends) {
        return open(config, credentials(config), new HttpClient(config, loops, resends), completions, Clock.systemUTC());
    }

    /** Over any network. */
    static Clients open(ObjectStoreConfig config, AwsCredentialsProvider credentials, SdkAsyncHttpClient.Builder<?> network, ExecutorService completions, Clock clock) {
        AnsweringClient http = new AnsweringClient(network);
        S3AsyncClientBuilder builder = S3AsyncClient.builder().region(Region.of(config.region())).forcePathStyle(config.pathStyle())
                .multipartEnabled(false).credentialsProvider(credentials).httpClientBuilder(http)
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED).responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .overrideConfiguration(override -> override.retryStrategy(AwsRetryStrategy.doNotRetry()))
                .asyncConfiguration(async -> async.advancedOption(SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, completions));
        config.endpoint().ifPresent(builder::endpointOverride);
        S3AsyncClient sdk = builder.build();
        return new Clients(sdk, new DirectGets(sdk, http.built.orElseThrow(), credentials, config.bucket().orElseThrow(), completions, clock));
    }

    /** As the SDK wants to be given it, so that it also closes it. */
    private record HttpClient(ObjectStoreConfig config, EventLoopGroup loops, LongConsumer resends) implements SdkAsyncHttpClient.Builder<HttpClient> {
        @Override
        public SdkAsyncHttpClient buildWithDefaults(AttributeMap defaults) {
            long silenceMs = config.requestTimeoutMs();
            GetHttpClient.Limits limits = new GetHttpClient.Limits(config.maxConnections(), WAITING_LIMIT, silenceMs * WAITING_TIMEOUT_FACTOR, connectLimitMs(config), silenceMs, KEPT_LIMIT_MS);
            return new GetHttpClient(others(config, loops).buildWithDefaults(defaults), loops.next(), ClientTls.ofJvm(), limits, resends);
        }
    }

    /** The same, around it; remembers what the SDK was given. */
    private static final class AnsweringClient implements SdkAsyncHttpClient.Builder<AnsweringClient> {

        private final SdkAsyncHttpClient.Builder<?> network;
        private Optional<AnsweringHttpClient> built = Optional.empty();

        AnsweringClient(SdkAsyncHttpClient.Builder<?> network) {
            this.network = network;
        }

        @Override
        public SdkAsyncHttpClient buildWithDefaults(AttributeMap defaults) {
            AnsweringHttpClient client = new AnsweringHttpClient(network.buildWithDefaults(defaults));
            built = Optional.of(client);
            return client;
        }
    }

    private static int connectLimitMs(ObjectStoreConfig config) {
        return (int) Math.min(config.requestTimeoutMs(), CONNECT_LIMIT_MS);
    }

    private static NettyNioAsyncHttpClient.Builder others(ObjectStoreConfig config, EventLoopGroup loops) {
        Duration silence = Duration.ofMillis(config.requestTimeoutMs());
        return NettyNioAsyncHttpClient.builder().maxConcurrency(config.maxConnections()).maxPendingConnectionAcquires(WAITING_LIMIT)
                .connectionTimeout(Duration.ofMillis(connectLimitMs(config)))
                .connectionAcquisitionTimeout(silence.multipliedBy(WAITING_TIMEOUT_FACTOR)).readTimeout(silence).writeTimeout(silence).tcpKeepAlive(true)
                .eventLoopGroup(SdkEventLoopGroup.create(loops, NioSocketChannel::new));
    }

    /** Ours and not the client's, which takes two seconds to close its own. */
    @SuppressWarnings("deprecation") // the SDK knows event loop groups by their class, and of Netty 4.2's only this old one
    static EventLoopGroup loops() {
        AtomicInteger number = new AtomicInteger();
        ThreadFactory threads = work -> new Thread(work, "cold-s3-net-" + number.getAndIncrement());
        return new NioEventLoopGroup(EVENT_LOOPS, threads);
    }

    private static AwsCredentialsProvider credentials(ObjectStoreConfig config) {
        return config.credentials().<AwsCredentialsProvider>map(pair -> StaticCredentialsProvider.create(AwsBasicCredentials.create(pair.accessKey(), pair.secretKey())))
                .orElseGet(() -> DefaultCredentialsProvider.builder().build());
    }

    static ExecutorService completions() {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(COMPLETION_THREADS, COMPLETION_THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                work -> new Thread(work, "cold-s3-done-" + number.getAndIncrement()));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** Whether the client itself refused the request (no credentials, a bucket name that cannot be): nothing was sent. The SDK has no type for it. */
    static boolean refusedByClient(Throwable failure) {
        for (Throwable current = failure; current != null; current = current.getCause()) {
            if (current instanceof IllegalArgumentException) {
                return true;
            }
        }
        boolean lacksCredentials = String.valueOf(failure.getMessage()).contains("Unable to load credentials");
        return lacksCredentials || failure.getClass() == SdkClientException.class && failure.getCause() == null;
    }
}
