package io.firn.membership.storage;

import io.firn.membership.MetadataStore;
import io.firn.membership.MetadataStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The single broker's store keeps the contract on a real file system, where a crash is that of the process. */
class LocalMetadataStoreFileTest extends MetadataStoreContract {

    @TempDir
    private Path directory;
    private FileFolder folder;

    @BeforeEach
    void openFolder() throws Exception {
        folder = FileFolder.open(directory);
    }

    @AfterEach
    void closeFolder() {
        folder.close();
    }

    @Override
    protected MetadataStore open() {
        return LocalMetadataStore.open(folder);
    }

    @Override
    protected void crashEverything() throws Exception {
        folder.close();
        folder = FileFolder.open(directory);
    }
}
