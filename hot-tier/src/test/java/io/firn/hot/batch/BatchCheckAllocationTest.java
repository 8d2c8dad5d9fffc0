package io.firn.hot.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.firn.hot.AppendOrigin;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import io.firn.hot.producer.ProducerLimits;
import io.firn.hot.producer.ProducerStates;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** The checks and patches of an append leave no garbage behind. */
class BatchCheckAllocationTest {

    private static final int ROUNDS = 20_000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final BatchHeader header = new BatchHeader();
    private final ProducerStates producers = ProducerStates.empty(new ProducerLimits(10, 1000));

    @Test
    void soundBatchIsCheckedAndPatchedWithoutAllocation() {
        ByteBuffer batch = Batches.data(0, 1, (short) 0, 0, 20, false, 1_000_000);
        int half = batch.limit() / 2;
        RecordBuffers bytes = RecordBuffers.of(direct(batch, 0, 50), direct(batch, 50, half), direct(batch, half, batch.limit()));
        long sum = checkAndPatch(bytes);
        long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        sum += checkAndPatch(bytes);
        long allocated = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
        assertThat(sum).isPositive();
        assertThat(allocated).as("bytes in %d rounds", ROUNDS).isLessThan(ROUNDS);
    }

    private long checkAndPatch(RecordBuffers bytes) {
        long sum = 0;
        for (int i = 0; i < ROUNDS; i++) {
            sum += BatchCheck.fromClient(bytes, header, HotLogConfig.DEFAULT, 1_000_000) instanceof BatchVerdict.Sound ? 1 : 0;
            sum += producers.check(header, AppendOrigin.CLIENT, TransactionTerms.TRUSTED).hashCode() & 1;
            header.assignLeaderEpoch(i);
            header.assignBaseOffset(i);
            sum += header.lastOffset() + header.maxTimestamp() + header.sizeInBytes();
            header.assignBaseOffset(0);
        }
        return sum;
    }

    private static ByteBuffer direct(ByteBuffer batch, int from, int to) {
        return ByteBuffer.allocateDirect(to - from).put(0, batch, from, to - from);
    }
}
