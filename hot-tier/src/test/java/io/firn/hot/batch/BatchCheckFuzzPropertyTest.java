package io.firn.hot.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendOrigin;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.Seeds;
import io.firn.hot.TransactionTerms;
import io.firn.hot.producer.ProducerDecision;
import io.firn.hot.producer.ProducerLimits;
import io.firn.hot.producer.ProducerStates;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever the bytes, a check answers; it never throws. */
class BatchCheckFuzzPropertyTest {

    private static final HotLogConfig COMPACTED = new HotLogConfig(1 << 30, 1, 0, 1, 1, 1 << 20, true, Long.MAX_VALUE, Long.MAX_VALUE, true);

    @Test
    void anyBytesGetAnAnswer() {
        Seeds.each(20_000, random -> {
            ByteBuffer bytes = random.nextBoolean() ? noise(random) : damaged(random);
            RecordBuffers run = RecordBuffers.of(bytes);
            BatchHeader header = new BatchHeader();
            ProducerStates producers = ProducerStates.empty(new ProducerLimits(1, 1));
            assertThat(BatchCheck.fromClient(run, header, COMPACTED, 0)).isNotNull();
            assertThat(BatchCheck.fromCoordinator(run, header, COMPACTED)).isNotNull();
            if (BatchCheck.structure(run, 0, header) instanceof BatchVerdict.Sound
                    && producers.check(header, AppendOrigin.REPLICATION, TransactionTerms.TRUSTED) instanceof ProducerDecision.Accept) {
                producers.apply(header, 0);
            }
        });
    }

    private static ByteBuffer noise(Random random) {
        byte[] bytes = new byte[random.nextInt(120)];
        random.nextBytes(bytes);
        ByteBuffer noise = ByteBuffer.wrap(bytes);
        if (bytes.length >= BatchHeader.SIZE_BYTES) {
            noise.put(16, (byte) 2).putInt(8, bytes.length - 12);
            Batches.mendCrc(noise);
        }
        return noise;
    }

    private static ByteBuffer damaged(Random random) {
        ByteBuffer batch = random.nextBoolean()
                ? Batches.marker(0, 1, (short) 0, true, 0, 0)
                : Batches.data(0, 1, (short) 0, 0, 1 + random.nextInt(3), random.nextBoolean(), 0);
        for (int i = random.nextInt(4); i >= 0; i--) {
            batch.put(17 + random.nextInt(batch.limit() - 17), (byte) (random.nextBoolean() ? random.nextInt(256) : random.nextInt(4) - 2));
        }
        return Batches.mendCrc(batch);
    }
}
