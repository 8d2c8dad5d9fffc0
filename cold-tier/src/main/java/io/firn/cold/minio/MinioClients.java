package io.firn.cold.minio;

import io.firn.cold.ObjectStoreConfig;
import io.minio.MinioAsyncClient;
import io.minio.credentials.AwsConfigProvider;
import io.minio.credentials.AwsEnvironmentProvider;
import io.minio.credentials.ChainedProvider;
import io.minio.credentials.IamAwsProvider;
import io.minio.credentials.MinioEnvironmentProvider;
import io.minio.credentials.Provider;
import io.minio.credentials.StaticProvider;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Response;

/** Makes the MinIO client as Firn wants it: no retries of its own, time limits by progress, named and bounded threads. Stateless. */
final class MinioClients {

    private static final String AWS_ENDPOINT = "https://s3.amazonaws.com";

    private static final long CONNECT_LIMIT_MS = 10_000;

    private static final int IDLE_SECONDS = 20;

    private MinioClients() {}

    static OkHttpClient http(ObjectStoreConfig config) {
        Dispatcher dispatcher = new Dispatcher(callThreads());
        dispatcher.setMaxRequests(config.maxConnections());
        dispatcher.setMaxRequestsPerHost(config.maxConnections());
        return new OkHttpClient.Builder().dispatcher(dispatcher).connectionPool(new ConnectionPool(config.maxConnections(), IDLE_SECONDS, TimeUnit.SECONDS))
                .retryOnConnectionFailure(false).followRedirects(false).connectTimeout(Math.min(config.requestTimeoutMs(), CONNECT_LIMIT_MS), TimeUnit.MILLISECONDS)
                .readTimeout(config.requestTimeoutMs(), TimeUnit.MILLISECONDS).writeTimeout(config.requestTimeoutMs(), TimeUnit.MILLISECONDS)
                .addInterceptor(new AnswerInterceptor()).addNetworkInterceptor(MinioClients::withoutInvitation).build();
    }

    /** okhttp repeats a request once by itself whose 503 says that it may be repeated at once; when it is, is for us to say. */
    private static Response withoutInvitation(Interceptor.Chain chain) throws IOException {
        Response response = chain.proceed(chain.request());
        return response.code() == 503 ? response.newBuilder().removeHeader("Retry-After").build() : response;
    }

    static MinioAsyncClient client(ObjectStoreConfig config, OkHttpClient http) {
        MinioAsyncClient client = MinioAsyncClient.builder().endpoint(config.endpoint().map(Object::toString).orElse(AWS_ENDPOINT)).region(config.region())
                .credentialsProvider(credentials(config, http)).httpClient(http).build();
        if (config.pathStyle()) {
            client.disableVirtualStyleEndpoint();
        } else {
            client.enableVirtualStyleEndpoint();
        }
        return client;
    }

    private static Provider credentials(ObjectStoreConfig config, OkHttpClient http) {
        return config.credentials().<Provider>map(pair -> new StaticProvider(pair.accessKey(), pair.secretKey(), null)).orElseGet(() -> new ChainedProvider(
                new AwsEnvironmentProvider(), new MinioEnvironmentProvider(), new AwsConfigProvider(null, null), new IamAwsProvider(null, http)));
    }

    /** One thread a call in progress; the dispatcher itself holds further calls back. */
    private static ExecutorService callThreads() {
        AtomicInteger number = new AtomicInteger();
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(),
                work -> new Thread(work, "cold-minio-net-" + number.getAndIncrement()));
    }

    /** Threads that start requests (which may ask for credentials) and read bodies; what they do is bounded by the requests in flight. */
    static ExecutorService bodyThreads(int threads) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                work -> new Thread(work, "cold-minio-" + number.getAndIncrement()));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }
}
