package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.UploadSource;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How an upload ends that never gets as far as its first part; the rest is in the contract of the bucket stores. */
class MultipartUploadTest {

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Deque<ColdStoreException> answers = new ArrayDeque<>();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void aRefusalAfterALostAnswerIsARefusal() {
        answers.addAll(List.of(new ColdStoreException.Uncertain("connection closed", null), new ColdStoreException.Misconfigured("no such bucket", null)));
        assertThatThrownBy(this::upload).cause().isInstanceOf(ColdStoreException.Misconfigured.class);
    }

    @Test
    void answersThatAreLostEachTimeMakeItUnavailableAndNotUncertain() {
        answers.addAll(List.of(new ColdStoreException.Uncertain("connection closed", null), new ColdStoreException.Uncertain("connection closed", null)));
        assertThatThrownBy(this::upload).cause().isInstanceOf(ColdStoreException.Unavailable.class);
    }

    private void upload() {
        BucketRequests requests = (BucketRequests) Proxy.newProxyInstance(BucketRequests.class.getClassLoader(), new Class<?>[] {BucketRequests.class}, (proxy, method, arguments) -> {
            if (!method.getName().equals("createUpload")) {
                throw new AssertionError("not expected: " + method.getName());
            }
            return CompletableFuture.failedFuture(answers.remove());
        });
        new MultipartUpload(requests, new Retrier(new RetryPolicy(2, 0, 0), timer, () -> 0.5), timer, "key", UploadSource.of(ByteBuffer.allocate(MultipartUpload.PART_BYTES + 1))).start(1)
                .orTimeout(60, TimeUnit.SECONDS).join();
    }
}
