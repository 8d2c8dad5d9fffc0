package io.firn.membership.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real directory keeps the contract and belongs to one process. */
@Timeout(60)
class FileFolderTest extends FolderContract {

    @TempDir
    private Path directory;

    @Override
    Folder open() throws IOException {
        return FileFolder.open(directory.resolve("a/b"));
    }

    @Override
    Folder reopen() throws IOException {
        return open();
    }

    private void assertInUse() {
        assertThatThrownBy(this::open).isInstanceOfSatisfying(MetadataOpenFailed.class, error -> assertThat(error.reason()).isEqualTo(Reason.IN_USE));
    }

    @Test
    void anotherProcessKeepsItLockedUntilItIsKilled() throws Exception {
        Process other = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", System.getProperty("java.class.path"),
                Holder.class.getName(), directory.resolve("a/b").toString()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            assertThat(other.inputReader().readLine()).isEqualTo("open");
            assertInUse();
            assertInUse();
        } finally {
            other.destroyForcibly();
        }
        assertThat(other.waitFor(30, TimeUnit.SECONDS)).isTrue();
        open().close();
    }

    @Test
    void aSecondOpeningInThisProcessDoesNotFreeTheLockForOthers() throws Exception {
        Folder folder = open();
        assertInUse();
        Process other = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", System.getProperty("java.class.path"),
                Holder.class.getName(), directory.resolve("a/b").toString()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            assertThat(other.inputReader().readLine()).isEqualTo("refused");
        } finally {
            other.destroyForcibly();
            folder.close();
        }
    }

    @Test
    void closingAgainDoesNotFreeWhatOthersHaveOpenedSince() throws Exception {
        Folder first = open();
        first.close();
        Folder second = open();
        first.close();
        assertInUse();
        second.close();
    }

    @Test
    void aFileInItsPlaceIsAnError() throws IOException {
        Files.writeString(directory.resolve("a"), "");
        assertThatThrownBy(this::open).isInstanceOf(IOException.class);
    }

    /** Another process: opens the directory, says how that went, and keeps it until killed. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws IOException {
            try {
                FileFolder.open(Path.of(args[0]));
                System.out.println("open");
            } catch (MetadataOpenFailed e) {
                System.out.println("refused");
            }
            System.in.read();
        }
    }
}
