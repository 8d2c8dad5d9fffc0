package io.firn.gateway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class LineFormatTest {

    private final LineFormat keyed = new LineFormat(Optional.of("::".getBytes(UTF_8)));

    @Test
    void theFirstSeparatorEndsTheKey() {
        LineFormat.KeyAndValue record = keyed.split("k::v::w".getBytes(UTF_8));

        assertThat(record.key()).asString(UTF_8).isEqualTo("k");
        assertThat(record.value()).asString(UTF_8).isEqualTo("v::w");
    }

    @Test
    void aLineWithoutSeparatorHasNoKey() {
        assertThat(keyed.split("k:v".getBytes(UTF_8)).key()).isNull();
        assertThat(new LineFormat(Optional.empty()).split("k::v".getBytes(UTF_8)).value()).asString(UTF_8).isEqualTo("k::v");
    }

    @Test
    void bytesThatAreNoTextPassUnchanged() throws IOException {
        byte[] binary = {(byte) 0xff, 0, (byte) 0xc3};
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        LineFormat.write(new ConsumerRecord<>("t", 0, 0, null, binary), false, false, out);

        assertThat(out.toByteArray()).containsExactly(0xff, 0, 0xc3, '\n');
    }

    @Test
    void headersAndKeyComeFirstWhenAskedFor() throws IOException {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>("t", 0, 0, "k".getBytes(UTF_8), null);
        record.headers().add("a", "1".getBytes(UTF_8)).add("b", null);
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        LineFormat.write(record, true, true, out);

        assertThat(out).hasToString("a=1,b=null\tk\tnull\n");
    }
}
