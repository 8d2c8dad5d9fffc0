package io.firn.membership.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

/** What every {@link Folder} does. Subclasses say how an empty one is opened, and opened again after closing. */
abstract class FolderContract {

    abstract Folder open() throws IOException;

    /** Opens the same folder after it was closed or its process killed. */
    abstract Folder reopen() throws IOException;

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(Folder folder, String name) throws IOException {
        return new String(folder.read(name), StandardCharsets.UTF_8);
    }

    @Test
    void aNewFolderIsEmpty() throws IOException {
        Folder folder = open();
        assertThat(folder.names()).isEmpty();
        assertThatThrownBy(() -> folder.read("a")).isInstanceOf(NoSuchFileException.class);
        folder.delete("a");
        folder.close();
        folder.close();
    }

    @Test
    void appendedBytesFollowEachOtherAndStayOverClosing() throws IOException {
        Folder folder = open();
        try (AppendFile file = folder.append("a")) {
            file.append(bytes("one"));
            file.append(bytes(""));
            file.append(bytes("two"));
            file.force();
            assertThat(file.sizeBytes()).isEqualTo(6);
        }
        folder.force();
        folder.close();
        Folder again = reopen();
        try (AppendFile file = again.append("a")) {
            assertThat(file.sizeBytes()).isEqualTo(6);
            file.append(bytes("three"));
            assertThat(text(again, "a")).isEqualTo("onetwothree");
            file.truncate(3);
            assertThat(file.sizeBytes()).isEqualTo(3);
            file.append(bytes("!"));
            file.force();
        }
        assertThat(text(again, "a")).isEqualTo("one!");
        again.close();
    }

    @Test
    void onlyTheBytesBetweenPositionAndLimitAreAppended() throws IOException {
        Folder folder = open();
        ByteBuffer part = bytes("abcdef").position(1).limit(3);
        try (AppendFile file = folder.append("a")) {
            file.append(part);
        }
        assertThat(part.hasRemaining()).isFalse();
        assertThat(text(folder, "a")).isEqualTo("bc");
        folder.close();
    }

    @Test
    void renamingReplacesAndDeletingRemoves() throws IOException {
        Folder folder = open();
        folder.replace("a", new byte[] {'1'});
        folder.replace("b", new byte[] {'2'});
        folder.rename("a", "b");
        assertThat(folder.names()).containsExactly("b");
        assertThat(text(folder, "b")).isEqualTo("1");
        folder.delete("b");
        assertThat(folder.names()).isEmpty();
        folder.force();
        folder.close();
    }

    @Test
    void replacingLeavesNothingBesideAndTakesOverAnInterruptedOne() throws IOException {
        Folder folder = open();
        try (AppendFile file = folder.append("a" + Folder.TEMPORARY)) {
            file.append(bytes("left over from a crash"));
        }
        folder.replace("a", new byte[] {'1'});
        folder.replace("a", new byte[] {'2', '3'});
        assertThat(folder.names()).containsExactly("a");
        assertThat(text(folder, "a")).isEqualTo("23");
        folder.close();
    }
}
