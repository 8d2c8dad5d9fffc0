package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class RangedGetsTest {

    private final SimThreads store = new SimThreads();
    private final SimThreads work = new SimThreads();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final SimObjectStore objects = new SimObjectStore(store, store);
    private final ByteBuffer target = ByteBuffer.allocate(3);

    @Test
    void theStoreIsAskedByTheThreadsForWorkAndNotByWhoeverWantsTheBytes() {
        store.await(objects.putIfAbsent("a", ByteBuffer.wrap(new byte[] {1, 2, 3, 4})));
        long before = objects.requests();
        CompletableFuture<Void> got = new RangedGets(objects, work, new ColdMeters(registry)).get("a", 1, target);
        assertThat(objects.requests()).isEqualTo(before);
        work.settle();
        assertThat(objects.requests()).isEqualTo(before + 1);
        store.await(got);
        assertThat(target.array()).containsExactly(2, 3, 4);
        assertThat(registry.get("firn.cold.gets").counter().count()).isOne();
        assertThat(registry.get("firn.cold.fetched.bytes").counter().count()).isEqualTo(3);
    }

    @Test
    void whenTheThreadsHaveEndedTheBytesAreUnavailable() {
        RangedGets gets = new RangedGets(objects, task -> {
            throw new RejectedExecutionException("ended");
        }, new ColdMeters(registry));
        CompletableFuture<Void> got = gets.get("a", 0, target);
        assertThatThrownBy(got::join).hasCauseInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(objects.requests()).isZero();
    }
}
