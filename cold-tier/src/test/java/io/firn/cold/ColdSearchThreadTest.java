package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.firn.cold.file.FileObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On which threads a search looks into records. Those for work are as fast here as they can be: what they are given is done before whoever gave it goes on. */
class ColdSearchThreadTest {

    private static final int CRC_AT = 17;
    private static final int ATTRIBUTES_AT = 21;
    private static final byte GZIP = 1;
    private static final long WAIT_S = 60;

    @TempDir
    Path directory;

    private final ScheduledThreadPoolExecutor own = new ScheduledThreadPoolExecutor(1);
    private final ExecutorService uploads = Executors.newSingleThreadExecutor();

    @AfterEach
    void end() {
        own.shutdownNow();
        uploads.shutdownNow();
    }

    private static void atOnce(Runnable task) {
        Thread thread = new Thread(task, "work");
        thread.start();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(WAIT_S));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A batch that is sound but says of its records that they are compressed, which they are not: whoever reads them leaves a trace of where that was. */
    private static SegmentFixture unreadable() {
        SegmentFixture segment = new SegmentFixture(0, 1).batch(new Random(1), Compression.NONE, 5, 100);
        byte[] bytes = segment.bytes();
        bytes[ATTRIBUTES_AT + 1] = GZIP;
        CRC32C crc = new CRC32C();
        crc.update(bytes, ATTRIBUTES_AT, bytes.length - ATTRIBUTES_AT);
        ByteBuffer.wrap(bytes).putInt(CRC_AT, (int) crc.getValue());
        return segment;
    }

    @Test
    void recordsAreUnpackedByTheThreadsForWorkAlsoWhenTheirBytesAreThereBeforeTheCallerHasGoneOn() throws Exception {
        ColdThreads threads = new ColdThreads(new SerialExecutor(own), ColdSearchThreadTest::atOnce, uploads, () -> {});
        FileObjectStore objects = FileObjectStore.open(directory.resolve("objects"), 2);
        try (ColdStore store = ColdStore.open(ColdFixture.config(16 * ColdFixture.CHUNK, 0), objects, InstantSource.system(), new SimpleMeterRegistry(), threads, new Random(2))) {
            ColdLog log = await(store.openLog(new TopicIdPartition(new Uuid(1, 1), new TopicPartition("t", 0)), 1));
            await(log.append(unreadable()));
            Throwable first = catchThrowable(() -> await(log.offsetForTimestamp(0, 0)));
            assertThat(first).as("now its chunk and indexes are in memory").isInstanceOf(ColdStoreException.Corrupt.class);
            Throwable again = catchThrowable(() -> await(log.offsetForTimestamp(0, 0)));
            assertThat(again).isInstanceOf(ColdStoreException.Corrupt.class);
            assertThat(Arrays.stream(again.getStackTrace()).map(StackTraceElement::getClassName)).as("the caller, an event loop perhaps, has not done it").doesNotContain(getClass().getName());
        }
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        try {
            return future.orTimeout(WAIT_S, TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            throw (Exception) e.getCause();
        }
    }
}
