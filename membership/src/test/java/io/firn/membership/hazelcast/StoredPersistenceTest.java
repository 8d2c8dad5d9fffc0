package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.cluster.Address;
import com.hazelcast.cp.internal.CPMemberInfo;
import com.hazelcast.cp.internal.RaftEndpointImpl;
import com.hazelcast.cp.internal.RaftGroupId;
import com.hazelcast.cp.internal.raft.impl.log.LogEntry;
import com.hazelcast.cp.internal.raft.impl.persistence.RaftStateStore;
import io.firn.membership.Seeds;
import io.firn.membership.cp.CpStore;
import io.firn.membership.storage.SimFolder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What Hazelcast must never do to the store ends the process. */
class StoredPersistenceTest {

    private static final RaftGroupId GROUP = new RaftGroupId("default", 0, 1);

    private final List<Throwable> stops = new ArrayList<>();
    private final CpStore store = CpStore.open(new SimFolder(Seeds.random(0)), stops::add);

    private StoredPersistence persistence() {
        return new StoredPersistence(store, object -> {
            throw new IllegalStateException("cannot be serialized");
        });
    }

    @Test
    void hazelcastsOwnDiscoveryNeverRuns() {
        assertThat(persistence().isEnabled()).isTrue();
        assertThat(persistence().getCPMetadataStore().isMarkedAPMember()).isTrue();
    }

    @Test
    void aResetEndsTheProcess() {
        assertThatThrownBy(() -> persistence().reset()).isInstanceOf(IllegalStateException.class);
        assertThat(stops).hasSize(1);
    }

    @Test
    void anotherGroupForTheMetadataEndsTheProcess() {
        assertThatThrownBy(() -> persistence().getCPMetadataStore().persistMetadataGroupId(new RaftGroupId("METADATA", 5, 0))).isInstanceOf(IllegalStateException.class);
        assertThat(stops).hasSize(1);
    }

    @Test
    void aNameThatHazelcastChoseEndsTheProcess() throws Exception {
        CPMemberInfo chosen = new CPMemberInfo(UUID.randomUUID(), new Address("127.0.0.1", 1));
        assertThatThrownBy(() -> persistence().getCPMetadataStore().persistLocalCPMember(chosen)).isInstanceOf(IllegalStateException.class);
        assertThat(stops).hasSize(1);
    }

    @Test
    void anEntryThatCannotBeSerializedEndsTheProcessForRaftHasItInMemoryAlready() throws Exception {
        store.becomeMember();
        RaftStateStore state = persistence().createRaftStateStore(GROUP, null);
        state.open();
        RaftEndpointImpl own = new RaftEndpointImpl(store.identity().uuid());
        state.persistInitialMembers(own, List.of(own));
        assertThatThrownBy(() -> state.persistEntry(new LogEntry(1, 1, "x"))).isInstanceOf(IllegalStateException.class);
        assertThat(stops).hasSize(1);
        assertThat(store.failed()).isTrue();
    }

    @Test
    void aStoreThatIsMadeAndNeverOpenedTouchesNoFile() throws Exception {
        store.becomeMember();
        persistence().createRaftStateStore(GROUP, null);
        assertThat(store.identity().groups()).isEmpty();
    }
}
