package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ColdStoreConfigTest {

    @Test
    void valuesThatCannotWorkAreRefusedByName() {
        refused("chunkBytes", 1000, 1 << 20, 1, 1);
        refused("cacheBytes", 1 << 20, 7 << 20, 1, 1);
        refused("readParallelism", 1 << 20, 8 << 20, 0, 1);
        refused("uploadParallelism", 1 << 20, 8 << 20, 1, 0);
    }

    private static void refused(String name, int chunkBytes, long cacheBytes, int readParallelism, int uploadParallelism) {
        assertThatThrownBy(() -> new ColdStoreConfig("", "c", chunkBytes, cacheBytes, readParallelism, 0, uploadParallelism, 1000, 1, 0, false))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(name);
    }
}
