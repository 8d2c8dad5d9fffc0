package io.firn.gateway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConsumeLoopTest {

    private static final TopicPartition PARTITION = new TopicPartition("t", 0);
    private static final long FOR_EVER = Long.MAX_VALUE;

    /** Kafka's own consumer without a broker. */
    private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    @Test
    void endsWhenWhatWasThereAtTheStartIsWritten() {
        records(3);

        loop(written, FOR_EVER, true, false).run();

        assertThat(written).hasToString("v0\nv1\nv2\n");
    }

    @Test
    void anEmptyPartitionIsAtItsEndAtOnce() {
        records(0);

        loop(written, FOR_EVER, true, false).run();

        assertThat(written.size()).isZero();
    }

    @Test
    void endsAfterTheCountAndCommitsOnlyWhatWasWritten() {
        records(5);

        loop(written, 2, false, true).run();

        assertThat(written).hasToString("v0\nv1\n");
        assertThat(consumer.committed(Set.of(PARTITION)).get(PARTITION).offset()).isEqualTo(2);
    }

    @Test
    void aReaderThatIsGoneEndsItQuietlyAndNothingIsCommitted() {
        records(5);

        loop(failing("Broken pipe"), FOR_EVER, true, true).run();

        assertThat(consumer.committed(Set.of(PARTITION)).get(PARTITION)).isNull();
    }

    @Test
    void anOutputThatFailsIsAnError() {
        records(5);

        assertThatThrownBy(() -> loop(failing("No space left on device"), FOR_EVER, true, true).run())
                .isInstanceOf(CliFailure.class).hasMessage("cannot write to standard output: No space left on device");
    }

    @Test
    void stopEndsAPollThatWaits() throws InterruptedException {
        records(0);
        ConsumeLoop loop = loop(written, FOR_EVER, false, false);
        Thread runner = new Thread(() -> {
            loop.run();
            loop.ended();
        });
        runner.start();

        loop.stop();

        runner.join();
    }

    private void records(int count) {
        consumer.assign(List.of(PARTITION));
        consumer.updateBeginningOffsets(Map.of(PARTITION, 0L));
        consumer.updateEndOffsets(Map.of(PARTITION, (long) count));
        for (int i = 0; i < count; i++) {
            consumer.addRecord(new ConsumerRecord<>("t", 0, i, null, ("v" + i).getBytes(UTF_8)));
        }
    }

    private ConsumeLoop loop(OutputStream out, long maxRecords, boolean atEnd, boolean commit) {
        return new ConsumeLoop(consumer, new RecordOutput(out, false, false), new ConsumeLoop.Ends(maxRecords, atEnd), commit);
    }

    private static OutputStream failing(String message) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        };
    }
}
