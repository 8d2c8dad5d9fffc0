package io.firn.hot;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class FileDiskTest extends DiskContractTest {

    @TempDir
    Path directory;

    @Override
    Disk disk() {
        return new FileDisk();
    }

    @Override
    Path root() {
        return directory.resolve("root");
    }
}
