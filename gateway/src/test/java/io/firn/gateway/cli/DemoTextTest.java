package io.firn.gateway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTextTest {

    private static final int PLENTY = 1 << 20;

    @TempDir
    Path directory;

    @Test
    void takesTheLinesOfTextFilesAlsoGzippedOnes() throws IOException {
        Files.writeString(directory.resolve("a.txt"), "one\n\ntwo");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(directory.resolve("b.gz")))) {
            out.write("three\nfour\n".getBytes(UTF_8));
        }

        DemoText text = DemoText.load(List.of(directory), PLENTY);

        assertThat(lines(text)).containsExactlyInAnyOrder("one", "two", "three", "four");
        assertThat(text.files()).isEqualTo(2);
    }

    @Test
    void passesOverWhatIsNoText() throws IOException {
        Files.write(directory.resolve("binary"), new byte[] {1, 0, 2});
        Files.writeString(directory.resolve("broken.gz"), "no gzip");

        DemoText text = DemoText.load(List.of(directory), PLENTY);

        assertThat(text.lines()).isZero();
        assertThat(text.unreadable()).isEqualTo(1);
    }

    @Test
    void keepsNoMoreThanItsLimit() throws IOException {
        Files.writeString(directory.resolve("a.txt"), "12345\n67890\nabc\n");

        DemoText text = DemoText.load(List.of(directory), 8);

        assertThat(lines(text)).containsExactly("12345", "678");
    }

    @Test
    void cutsALineWithoutEnd() throws IOException {
        Files.writeString(directory.resolve("a.txt"), "x".repeat(200_000));

        DemoText text = DemoText.load(List.of(directory), PLENTY);

        assertThat(lines(text)).allSatisfy(line -> assertThat(line.length()).isBetween(1, 1 << 16));
        assertThat(text.sizeBytes()).isEqualTo(200_000);
    }

    @Test
    void anInputThatIsNotThereIsRefused() {
        Path missing = directory.resolve("missing");

        assertThatThrownBy(() -> DemoText.inputs(List.of(missing))).isInstanceOf(CliFailure.class).hasMessage("--input " + missing + " cannot be read");
    }

    private static List<String> lines(DemoText text) {
        return IntStream.range(0, text.lines()).mapToObj(i -> new String(text.line(i), UTF_8)).toList();
    }
}
