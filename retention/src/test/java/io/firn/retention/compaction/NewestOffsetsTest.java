package io.firn.retention.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.Seeds;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NewestOffsetsTest {

    @Test
    void holdsTheNewestOffsetOfEachKeyUpToItsCapacityAndNoFurtherKey() {
        Seeds.each(30, random -> {
            NewestOffsets table = NewestOffsets.of(24L * (2 + random.nextInt(300)), Long.MAX_VALUE);
            Map<Long, Long> model = new HashMap<>();
            for (long offset = 0; offset < 1000; offset++) {
                long key = random.nextInt(400) - 50; // hashes that fall on the same slots, and zero
                boolean fits = model.containsKey(key) || model.size() < table.capacity();
                assertThat(table.put(key, key % 3, offset)).isEqualTo(fits);
                if (fits) {
                    model.put(key, offset);
                }
            }
            assertThat(table.size()).isEqualTo(model.size());
            for (long key = -60; key < 400; key++) {
                assertThat(table.get(key, key % 3)).isEqualTo(model.getOrDefault(key, NewestOffsets.NONE));
            }
        });
    }

    @Test
    void takesNoMoreMemoryThanTheRecordsThatCanComeNeed() {
        assertThat(NewestOffsets.of(1 << 30, 100).capacity()).isBetween(100, 150);
        assertThat(NewestOffsets.of(24 * 1000, 1_000_000).capacity()).isEqualTo(900);
        assertThat(NewestOffsets.of(1, 0).capacity()).isPositive();
    }

    @Test
    void aKeysHashDoesNotDependOnThePiecesItComesInButOnTheSecret() {
        KeyHash one = new KeyHash(new SecureRandom());
        KeyHash other = new KeyHash(new SecureRandom());
        byte[] key = "some key".getBytes(StandardCharsets.UTF_8);
        one.begin();
        one.update(key, 0, key.length);
        one.end();
        long high = one.high();
        long low = one.low();
        one.begin();
        one.update(key, 0, 3);
        one.update(key, 3, key.length - 3);
        one.end();
        assertThat(one.high()).isEqualTo(high);
        assertThat(one.low()).isEqualTo(low);
        other.begin();
        other.update(key, 0, key.length);
        other.end();
        assertThat(other.high()).isNotEqualTo(high);
    }
}
