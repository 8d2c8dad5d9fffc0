package io.firn.membership.hazelcast;

import com.hazelcast.cluster.Address;
import com.hazelcast.cp.internal.CPMemberInfo;
import com.hazelcast.cp.internal.MetadataRaftGroupManager;
import com.hazelcast.cp.internal.RaftEndpointImpl;
import com.hazelcast.cp.internal.RaftService;
import com.hazelcast.cp.internal.persistence.CPPersistenceService;
import com.hazelcast.cp.internal.raft.impl.RaftEndpoint;
import com.hazelcast.cp.internal.raft.impl.log.LogEntry;
import com.hazelcast.cp.internal.raft.impl.log.SnapshotEntry;
import com.hazelcast.cp.internal.raft.impl.persistence.LogFileStructure;
import com.hazelcast.cp.internal.raft.impl.persistence.RestoredRaftState;
import com.hazelcast.instance.impl.DefaultNodeContext;
import com.hazelcast.instance.impl.DefaultNodeExtension;
import com.hazelcast.instance.impl.Node;
import com.hazelcast.instance.impl.NodeExtension;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.HeapData;
import io.firn.membership.cp.CpIdentity;
import io.firn.membership.cp.CpPlace;
import io.firn.membership.cp.CpStore;
import io.firn.membership.cp.GroupLog;
import io.firn.membership.cp.GroupRecord;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Puts the store under a Hazelcast node, and gives the node back what is in it: before it joins, so that nobody can ask it anything until it knows again what it has promised.
 *
 * <p>Order while starting (it matters): addresses of the members, own name, no discovery, then the groups with terms, votes and logs. When a process becomes a member while it runs,
 * the groups come first: with a name and no group yet, Hazelcast would make an empty one when it is asked for it.
 *
 * <p>Threading: the starting thread, then the thread of {@link CpMember}.
 */
final class DurableExtension extends DefaultNodeExtension {

    private final CpStore store;
    private final StoredPersistence persistence;

    /** The thread for which the start is not completed: Hazelcast takes a restored identity only then, and everybody else goes on meanwhile. */
    private final AtomicReference<Thread> restoring = new AtomicReference<>();

    private DurableExtension(Node node, CpStore store) {
        super(node);
        this.store = store;
        this.persistence = new StoredPersistence(store, object -> node.getSerializationService().toBytes(object));
    }

    /** How a node gets this extension. */
    static final class Context extends DefaultNodeContext {
        private final CpStore store;
        private volatile DurableExtension extension;

        Context(CpStore store) {
            this.store = store;
        }

        @Override
        public NodeExtension createNodeExtension(Node node) {
            extension = new DurableExtension(node, store);
            return extension;
        }

        DurableExtension extension() {
            return extension;
        }
    }

    @Override
    public CPPersistenceService getCPPersistenceService() {
        return persistence;
    }

    @Override
    public boolean isStartCompleted() {
        return super.isStartCompleted() && restoring.get() != Thread.currentThread();
    }

    @Override
    public void beforeJoin() {
        CpIdentity identity = store.identity();
        if (identity.speaks()) {
            learn(identity.members().isEmpty() ? identity.founders() : identity.members(), identity.membersIndex());
            metadata().restoreLocalCPMember(localMember());
        }
        metadata().disableDiscovery();
        if (identity.speaks()) {
            store.restored().forEach(this::restore);
        }
    }

    /** This process, which runs and has joined, has become a founder: it speaks as one from now on. */
    void beginFounding(GroupLog log) {
        CpIdentity identity = store.identity();
        learn(identity.founders(), 0);
        restore(log);
        becomeLocal();
    }

    /** This process, which runs and has joined, has become a member. */
    void becomeLocal() {
        restoring.set(Thread.currentThread());
        try {
            if (raft().getLocalCPMember() == null) {
                metadata().restoreLocalCPMember(localMember());
            }
        } finally {
            restoring.set(null);
        }
    }

    /** Tells Hazelcast where the members are; what it knows already wins unless the index is newer. */
    void learn(List<CpPlace> places, long index) {
        raft().updateInvocationManagerMembers(metadata().getMetadataGroupId().getSeed(), index, places.stream().map(StoredIdentity::info).toList());
    }

    RaftService raft() {
        return node.getNodeEngine().getService(RaftService.SERVICE_NAME);
    }

    MetadataRaftGroupManager metadata() {
        return raft().getMetadataGroupManager();
    }

    /** This process as a CP member, at the address it has now. */
    CPMemberInfo localMember() {
        return new CPMemberInfo(store.identity().uuid(), node.getThisAddress());
    }

    Address localAddress() {
        return node.getThisAddress();
    }

    private void restore(GroupLog log) {
        InternalSerializationService serialization = node.getSerializationService();
        GroupRecord.Members members = log.members().orElseThrow();
        SnapshotEntry snapshot = log.snapshot().map(stored -> (SnapshotEntry) serialization.<LogEntry>toObject(data(stored.bytes()))).orElse(null);
        LogEntry[] entries = log.entries().stream().map(stored -> serialization.<LogEntry>toObject(data(stored.bytes()))).toArray(LogEntry[]::new);
        RaftEndpoint vote = log.term().vote().map(RaftEndpointImpl::new).orElse(null);
        RestoredRaftState state = new RestoredRaftState(new RaftEndpointImpl(members.own()), endpoints(members.initial()), log.term().term(), vote, snapshot, entries);
        raft().restoreRaftNode(StoredPersistence.id(log.group()), state, new LogFileStructure("log", new long[0], 0));
    }

    private static Data data(byte[] bytes) {
        return new HeapData(bytes);
    }

    private static Collection<RaftEndpoint> endpoints(List<UUID> uuids) {
        return uuids.stream().map(uuid -> (RaftEndpoint) new RaftEndpointImpl(uuid)).toList();
    }
}
