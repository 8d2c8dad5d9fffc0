package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What a reader of a {@link KeyedLoad} knows: of each key the newest update it was shown. Fails where records or a key's updates are out of order. For one thread. */
final class KeyedTable {

    private final Map<Integer, KeyedLoad.Update> newest = new HashMap<>();
    private long next;

    void take(ConsumerRecord<byte[], byte[]> record) {
        assertThat(record.offset()).isGreaterThanOrEqualTo(next);
        next = record.offset() + 1;
        KeyedLoad.Update update = KeyedLoad.update(record);
        KeyedLoad.Update former = newest.put(KeyedLoad.key(record), update);
        assertThat(former == null || former.number() < update.number()).as("order of key %d: %s after %s", KeyedLoad.key(record), update, former).isTrue();
    }

    /** Whether it has this update of the key, or one that supersedes it. */
    boolean has(int key, KeyedLoad.Update update) {
        return newest.containsKey(key) && newest.get(key).number() >= update.number();
    }

    Map<Integer, KeyedLoad.Update> newest() {
        return newest;
    }
}
