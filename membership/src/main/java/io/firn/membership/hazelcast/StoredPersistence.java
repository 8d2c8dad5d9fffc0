package io.firn.membership.hazelcast;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.cp.internal.RaftGroupId;
import com.hazelcast.cp.internal.persistence.CPMetadataStore;
import com.hazelcast.cp.internal.persistence.CPPersistenceService;
import com.hazelcast.cp.internal.raft.impl.persistence.LogFileStructure;
import com.hazelcast.cp.internal.raft.impl.persistence.RaftStateStore;
import io.firn.membership.cp.CpGroup;
import io.firn.membership.cp.CpStore;
import java.io.IOException;
import java.util.function.Function;

/** The persistence that Hazelcast's free edition lacks, over a {@link CpStore}. Thread-safe. */
final class StoredPersistence implements CPPersistenceService {

    private final CpStore store;
    private final StoredIdentity identity;
    private final Function<Object, byte[]> serialize;

    StoredPersistence(CpStore store, Function<Object, byte[]> serialize) {
        this.store = store;
        this.identity = new StoredIdentity(store);
        this.serialize = serialize;
    }

    @Override
    public boolean isEnabled() {
        return true;
    }

    @Override
    public CPMetadataStore getCPMetadataStore() {
        return identity;
    }

    @Override
    public RaftStateStore createRaftStateStore(RaftGroupId group, LogFileStructure restored) {
        return new StoredRaftState(store, store.log(group(group), restored != null), serialize);
    }

    @Override
    public void removeRaftStateStore(RaftGroupId group) {
        try {
            store.remove(group(group));
        } catch (IOException e) {
            throw new HazelcastException(e);
        }
    }

    /** Firn never resets the CP subsystem: on the wrong side of a partition that would destroy what the other side acknowledged. */
    @Override
    public void reset() {
        IllegalStateException refusal = new IllegalStateException("somebody asked to reset the CP subsystem");
        store.stop(refusal);
        throw refusal;
    }

    static CpGroup group(RaftGroupId group) {
        return new CpGroup(group.getName(), group.getSeed(), group.getId());
    }

    static RaftGroupId id(CpGroup group) {
        return new RaftGroupId(group.name(), group.seed(), group.id());
    }
}
