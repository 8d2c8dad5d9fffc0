package io.firn.cold;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class ColdLogOnFileTest extends ColdLogContract {

    @TempDir
    Path directory;

    @Override
    ObjectStore open() {
        return ObjectStores.open(ObjectStoreConfig.ofDirectory(directory), new SimpleMeterRegistry());
    }
}
