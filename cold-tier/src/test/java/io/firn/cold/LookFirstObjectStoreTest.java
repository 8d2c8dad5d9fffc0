package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.firn.cold.store.ForwardingObjectStore;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LookFirstObjectStoreTest {

    private final SimThreads sim = new SimThreads();
    private final SimObjectStore objects = new SimObjectStore(sim, sim);
    private final LookFirstObjectStore store = new LookFirstObjectStore(objects);

    @BeforeEach
    void lookFirst() {
        store.lookFirst(true);
    }

    @Test
    void untilItIsToldCreatesAreTheStores() {
        LookFirstObjectStore untold = new LookFirstObjectStore(objects);
        assertThat(sim.await(untold.putIfAbsent("key", utf8("mine")))).isEqualTo(PutOutcome.CREATED);
        assertThat(objects.requests(Operation.PUT_IF_ABSENT)).isOne();
        assertThat(objects.requests(Operation.GET_SMALL)).isZero();
    }

    @Test
    void aKeyThatIsFreeIsWrittenWithoutACondition() {
        assertThat(sim.await(store.putIfAbsent("key", utf8("mine")))).isEqualTo(PutOutcome.CREATED);
        assertThat(objects.bytes("key")).asString(StandardCharsets.UTF_8).isEqualTo("mine");
        assertThat(objects.requests(Operation.PUT_IF_ABSENT)).isZero();
    }

    @Test
    void aKeyThatIsTakenIsLeftAlone() {
        sim.await(objects.put("key", UploadSource.of(utf8("theirs"))));
        assertThat(sim.await(store.putIfAbsent("key", utf8("mine")))).isEqualTo(PutOutcome.EXISTED);
        assertThat(objects.bytes("key")).asString(StandardCharsets.UTF_8).isEqualTo("theirs");
    }

    @Test
    void aCreateWhoseReplyWasLostIsRecognizedAsOursWhenItIsRepeated() {
        objects.inject(SimFault.losingReply(1).on(Operation.PUT));
        assertThatThrownBy(() -> sim.await(store.putIfAbsent("key", utf8("mine")))).hasCauseInstanceOf(ColdStoreException.Uncertain.class);
        assertThat(sim.await(store.putIfAbsent("key", utf8("mine")))).isEqualTo(PutOutcome.CREATED);
    }

    @Test
    void whoeverIsOverwrittenBetweenItsLookAndItsWriteHasLostIfItIsSeen() {
        ObjectStore contested = new ForwardingObjectStore(objects) {
            @Override
            public CompletableFuture<StoredObject> put(String key, UploadSource source) {
                return super.put(key, UploadSource.of(utf8("their longer one"))).thenCompose(theirs -> CompletableFuture.failedFuture(new ColdStoreException.Corrupt("Stored 4 bytes, but found 16", null)));
            }
        };
        LookFirstObjectStore losing = new LookFirstObjectStore(contested);
        losing.lookFirst(true);
        assertThat(sim.await(losing.putIfAbsent("key", utf8("mine")))).isEqualTo(PutOutcome.EXISTED);
    }

    @Test
    void aWriteThatIsOverwrittenAndThenCannotBeSeenIsUncertain() {
        ObjectStore contested = new ForwardingObjectStore(objects) {
            @Override
            public CompletableFuture<StoredObject> put(String key, UploadSource source) {
                objects.inject(SimFault.outage().on(Operation.GET_SMALL));
                return CompletableFuture.failedFuture(new ColdStoreException.Corrupt("Stored 4 bytes, but found 16", null));
            }
        };
        LookFirstObjectStore blind = new LookFirstObjectStore(contested);
        blind.lookFirst(true);
        assertThatThrownBy(() -> sim.await(blind.putIfAbsent("key", utf8("mine")))).hasCauseInstanceOf(ColdStoreException.Uncertain.class).hasRootCauseInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void whatIsTooLargeToBeReadBackIsRefusedAsByOtherStores() {
        ByteBuffer large = ByteBuffer.allocate(ObjectStore.SMALL_OBJECT_LIMIT_BYTES + 1);
        assertThatThrownBy(() -> store.putIfAbsent("key", large)).isInstanceOf(IllegalArgumentException.class);
        assertThat(objects.requests()).isZero();
        assertThat(sim.await(store.putIfAbsent("key", large.slice(1, ObjectStore.SMALL_OBJECT_LIMIT_BYTES)))).isEqualTo(PutOutcome.CREATED);
    }

    @Test
    void aLookThatFailsWritesNothing() {
        objects.inject(SimFault.outage().on(Operation.GET_SMALL));
        assertThatThrownBy(() -> sim.await(store.putIfAbsent("key", utf8("mine")))).hasCauseInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(objects.keys()).isEmpty();
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
