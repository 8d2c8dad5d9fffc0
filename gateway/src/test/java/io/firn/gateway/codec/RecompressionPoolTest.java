package io.firn.gateway.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendError;
import org.junit.jupiter.api.Test;

class RecompressionPoolTest {

    /** A partition has no other way to go on. */
    @Test
    void whateverHappensThereIsAnAnswer() {
        Rewritten withoutMemory = RecompressionPool.outcome(() -> {
            throw new OutOfMemoryError("thrown by a test");
        });
        assertThat(withoutMemory.rejected().orElseThrow().error()).as("clients try again").isEqualTo(AppendError.OFFLINE);

        Rewritten withABug = RecompressionPool.outcome(() -> {
            throw new IllegalStateException("thrown by a test");
        });
        assertThat(withABug.rejected().orElseThrow().error()).isEqualTo(AppendError.INVALID_RECORD);
    }

    @Test
    void allThreadsTogetherTakeNoMoreThanHalfOfTheHeap() {
        long launched = 256L << 20;

        assertThat(RecompressionPool.threads(2, launched)).isOne();
        assertThat(RecompressionPool.threads(4, launched)).isEqualTo(2);
        assertThat(RecompressionPool.threads(32, launched)).isEqualTo(2);
        assertThat(RecompressionPool.threads(32, 4L << 30)).isEqualTo(16);
        assertThat(RecompressionPool.threads(1, 64L << 20)).isOne();
    }
}
