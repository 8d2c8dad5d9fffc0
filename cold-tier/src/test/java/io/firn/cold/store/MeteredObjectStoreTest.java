package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreContract;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The decorator keeps the contract, and counts each operation by its outcome. */
class MeteredObjectStoreTest extends ObjectStoreContract {

    private final SimObjectStore sim = new SimObjectStore();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ObjectStore store = new MeteredObjectStore(sim, new ObjectStoreMeters(meters));

    @Override
    protected ObjectStore store() {
        return store;
    }

    @Nested
    class Counts {

        @Test
        void eachOperationOnceAndTheBytesOfThoseThatSucceeded() {
            sim.inject(SimFault.failing(1));
            assertFails(ColdStoreException.Unavailable.class, store.putIfAbsent("a", utf8("12345")));
            await(store.putIfAbsent("a", utf8("12345")));
            await(store.putIfAbsent("a", utf8("54321")));
            await(store.put("large", UploadSource.of(ByteBuffer.allocate(MultipartUpload.PART_BYTES + 1))));
            await(store.get("a", 1, ByteBuffer.allocate(3)));
            for (String outcome : new String[] {"unavailable", "ok", "existed"}) {
                assertThat(count("put_if_absent", outcome)).as(outcome).isOne();
            }
            assertThat(count("put", "ok")).isOne();
            assertThat(count("get", "ok")).isOne();
            assertThat(meters.get("firn.cold.store.written.bytes").counter().count()).isEqualTo(5 + MultipartUpload.PART_BYTES + 1);
            assertThat(meters.get("firn.cold.store.read.bytes").counter().count()).isEqualTo(3);
        }

        private long count(String operation, String outcome) {
            return meters.get("firn.cold.store.requests").tag("operation", operation).tag("outcome", outcome).timer().count();
        }
    }
}
