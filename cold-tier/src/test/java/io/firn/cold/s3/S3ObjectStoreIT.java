package io.firn.cold.s3;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.firn.cold.BucketStoreContract;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.UploadSource;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Provider {@code s3} keeps the contract, and copies no body to the heap. */
class S3ObjectStoreIT extends BucketStoreContract {

    private static final int BODY_BYTES = 4 << 20;
    private static final int BODIES = 16;

    S3ObjectStoreIT() {
        super(Provider.S3);
    }

    @Test
    void bodiesOfRangesAreNeverCopiedToTheHeap() {
        await(store().put("body", UploadSource.of(ByteBuffer.wrap(randomBytes(BODY_BYTES, 11)))));
        ByteBuffer target = ByteBuffer.allocateDirect(BODY_BYTES);
        await(store().get("body", 0, target));

        long before = allocatedBytes();
        for (int i = 0; i < BODIES; i++) {
            await(store().get("body", 0, target));
        }

        assertThat(allocatedBytes() - before).as("with what the leak detector of the tests notes of each buffer").isLessThan((long) BODIES * BODY_BYTES / 4);
    }

    /** By the threads that the bodies go through. */
    private static long allocatedBytes() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds())).filter(info -> info != null && info.getThreadName().startsWith("cold-s3-")).mapToLong(ThreadInfo::getThreadId)
                .map(threads::getThreadAllocatedBytes).sum();
    }
}
