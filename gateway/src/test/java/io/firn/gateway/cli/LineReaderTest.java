package io.firn.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LineReaderTest {

    @Test
    void linesEndWithALineFeedAndTheLastMayLackIt() throws IOException {
        assertThat(read("a\n\nbc\r\nd", 10)).containsExactly("a", "", "bc\r", "d");
        assertThat(read("a\n", 10)).containsExactly("a");
        assertThat(read("", 10)).isEmpty();
    }

    @Test
    void linesLongerThanTheReadBufferComeWhole() throws IOException {
        String longLine = "x".repeat(200_000);

        assertThat(read(longLine + "\ny\n" + longLine, 200_000)).containsExactly(longLine, "y", longLine);
    }

    @Test
    void aLineBeyondTheLimitIsNamedByItsNumber() {
        assertThatThrownBy(() -> read("ok\n12345\n", 4)).isInstanceOf(CliFailure.class).hasMessage("line 2 is longer than 4 bytes");
    }

    private static List<String> read(String text, int maxLineBytes) throws IOException {
        LineReader reader = new LineReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)), maxLineBytes);
        List<String> lines = new ArrayList<>();
        for (Optional<byte[]> line = reader.next(); line.isPresent(); line = reader.next()) {
            lines.add(new String(line.get(), StandardCharsets.US_ASCII));
        }
        return lines;
    }
}
