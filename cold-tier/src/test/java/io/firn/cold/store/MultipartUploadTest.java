package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.Slots;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How an upload ends that never gets as far as its first part, and how uploads share their slots; the rest is in the contract of the bucket stores. */
class MultipartUploadTest {

    private static final int SLOTS = 3;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Deque<ColdStoreException> answers = new ArrayDeque<>();
    private final Slots slots = new Slots(SLOTS);

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

    @Test
    void anUploadOfAGibibyteTakesFewRequests() {
        Bucket bucket = new Bucket(1 << 30);
        CompletableFuture<StoredObject> upload = bucket.upload();
        while (!bucket.held.isEmpty()) {
            bucket.answerOne();
        }

        assertThat(upload.join().sizeBytes()).isEqualTo(1 << 30);
        assertThat(bucket.writes).as("create, parts, complete").isEqualTo(1 + 52 + 1);
    }

    @Test
    void anUploadThatIsAloneHasAllSlotsAndGivesThemBack() {
        Bucket bucket = new Bucket(5L * MultipartUpload.PART_BYTES);
        CompletableFuture<StoredObject> upload = bucket.upload();

        assertThat(bucket.held).hasSize(SLOTS);
        while (!bucket.held.isEmpty()) {
            bucket.answerOne();
        }
        assertThat(upload).isCompleted();
        assertThat(freeSlots()).isEqualTo(SLOTS);
    }

    @Test
    void uploadsTogetherHaveNoMorePartsInFlightThanThereAreSlotsAndNoneWaitsForAWholeOtherOne() {
        Bucket first = new Bucket(5L * MultipartUpload.PART_BYTES);
        Bucket second = new Bucket(5L * MultipartUpload.PART_BYTES);
        CompletableFuture<StoredObject> before = first.upload();
        CompletableFuture<StoredObject> behind = second.upload();

        assertThat(first.held).hasSize(SLOTS);
        assertThat(second.held).as("waits").isEmpty();
        first.answerOne();
        assertThat(first.held).hasSize(SLOTS - 1);
        assertThat(second.held).as("has the slot of the part that is done").hasSize(1);

        while (!first.held.isEmpty() || !second.held.isEmpty()) {
            (first.held.isEmpty() ? second : first).answerOne();
            assertThat(first.held.size() + second.held.size()).isLessThanOrEqualTo(SLOTS);
        }
        assertThat(before).isCompleted();
        assertThat(behind).isCompleted();
        assertThat(freeSlots()).isEqualTo(SLOTS);
    }

    @Test
    void theLastLaneOfAnUploadGoesOnThoughOthersWait() {
        slots.take();
        slots.take();
        Bucket bucket = new Bucket(2L * MultipartUpload.PART_BYTES);
        CompletableFuture<StoredObject> upload = bucket.upload();
        CompletableFuture<Void> other = slots.take();

        bucket.answerOne();
        assertThat(other).isNotDone();
        bucket.answerOne();
        assertThat(upload).isCompleted();
        assertThat(other).isCompleted();
    }

    @Test
    void aFailedPartEndsAllLanesAndGivesTheirSlotsBack() {
        Bucket bucket = new Bucket(9L * MultipartUpload.PART_BYTES);
        CompletableFuture<StoredObject> upload = bucket.upload();

        bucket.held.remove().completeExceptionally(new ColdStoreException.Misconfigured("no permission", null));
        assertThat(upload).as("waits for the buffers that are in use").isNotDone();
        bucket.answerOne();
        bucket.answerOne();
        assertThat(bucket.held).isEmpty();
        assertThatThrownBy(upload::join).cause().isInstanceOf(ColdStoreException.Misconfigured.class);
        assertThat(freeSlots()).isEqualTo(SLOTS);
    }

    @Test
    void anErrorInALaneIsAFailureLikeAnyOtherAndCostsNoSlot() {
        Error noMemory = new OutOfMemoryError("Cannot reserve bytes of direct buffer memory");
        CompletableFuture<StoredObject> unreadable = new Bucket(2L * MultipartUpload.PART_BYTES).upload(Runnable::run, (position, target) -> {
            throw noMemory;
        });
        assertThatThrownBy(() -> unreadable.getNow(null)).hasCause(noMemory);

        Error noThread = new OutOfMemoryError("unable to create native thread");
        CompletableFuture<StoredObject> unstarted = new Bucket(2L * MultipartUpload.PART_BYTES).upload(task -> {
            throw noThread;
        }, Bytes::zeros);
        assertThatThrownBy(() -> unstarted.getNow(null)).hasRootCause(noThread);
        assertThat(freeSlots()).isEqualTo(SLOTS);
    }

    private int freeSlots() {
        int free = 0;
        while (slots.takeIfFree()) {
            free++;
        }
        return free;
    }

    /** Takes an upload of zeros; parts are held until they are answered. */
    private final class Bucket {

        private final long sizeBytes;
        private final Deque<CompletableFuture<String>> held = new ArrayDeque<>();
        private int writes;

        Bucket(long sizeBytes) {
            this.sizeBytes = sizeBytes;
        }

        CompletableFuture<StoredObject> upload() {
            return upload(Runnable::run, Bytes::zeros);
        }

        CompletableFuture<StoredObject> upload(Executor readers, Bytes bytes) {
            return new MultipartUpload(requests(this::answer), new Retrier(new RetryPolicy(1, 0, 0), timer, () -> 0.5), readers, slots, "key", new Source(sizeBytes, bytes)).start();
        }

        void answerOne() {
            held.remove().complete("etag");
        }

        private CompletableFuture<?> answer(String request) {
            writes += request.equals("head") ? 0 : 1;
            return switch (request) {
                case "createUpload" -> CompletableFuture.completedFuture("id");
                case "uploadPart" -> {
                    CompletableFuture<String> part = new CompletableFuture<>();
                    held.add(part);
                    yield part;
                }
                case "completeUpload", "abortUpload" -> CompletableFuture.completedFuture(null);
                case "head" -> CompletableFuture.completedFuture(Optional.of(new StoredObject("key", sizeBytes, 0)));
                default -> throw new AssertionError("not expected: " + request);
            };
        }
    }

    private interface Bytes {
        void read(long position, ByteBuffer target);

        static void zeros(long position, ByteBuffer target) {
            target.position(target.limit());
        }
    }

    private record Source(long sizeBytes, Bytes bytes) implements UploadSource {
        @Override
        public void read(long position, ByteBuffer target) {
            bytes.read(position, target);
        }
    }

    private interface Answers {
        CompletableFuture<?> to(String request);
    }

    private static BucketRequests requests(Answers answers) {
        return (BucketRequests) Proxy.newProxyInstance(BucketRequests.class.getClassLoader(), new Class<?>[] {BucketRequests.class}, (proxy, method, arguments) -> answers.to(method.getName()));
    }

    private void upload() {
        BucketRequests requests = requests(request -> {
            if (!request.equals("createUpload")) {
                throw new AssertionError("not expected: " + request);
            }
            return CompletableFuture.failedFuture(answers.remove());
        });
        new MultipartUpload(requests, new Retrier(new RetryPolicy(2, 0, 0), timer, () -> 0.5), timer, slots, "key", UploadSource.of(ByteBuffer.allocate(MultipartUpload.PART_BYTES + 1))).start()
                .orTimeout(60, TimeUnit.SECONDS).join();
    }
}
