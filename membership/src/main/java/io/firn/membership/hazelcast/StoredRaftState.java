package io.firn.membership.hazelcast;

import com.hazelcast.cp.internal.raft.impl.RaftEndpoint;
import com.hazelcast.cp.internal.raft.impl.log.LogEntry;
import com.hazelcast.cp.internal.raft.impl.log.SnapshotEntry;
import com.hazelcast.cp.internal.raft.impl.persistence.RaftStateStore;
import io.firn.membership.cp.CpStore;
import io.firn.membership.cp.GroupLog;
import java.io.IOException;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Function;

/**
 * What Hazelcast's Raft writes through: one group's log. Entries and snapshots are stored in Hazelcast's own serialization, which pins its version.
 *
 * <p>Threading: the group's partition thread, which waits for the disk.
 */
final class StoredRaftState implements RaftStateStore {

    private final CpStore store;
    private final GroupLog log;
    private final Function<Object, byte[]> serialize;

    StoredRaftState(CpStore store, GroupLog log, Function<Object, byte[]> serialize) {
        this.store = store;
        this.log = log;
        this.serialize = serialize;
    }

    @Override
    public void open() throws IOException {
        log.open();
    }

    @Override
    public void persistInitialMembers(RaftEndpoint localMember, Collection<RaftEndpoint> initialMembers) throws IOException {
        log.begin(localMember.getUuid(), initialMembers.stream().map(RaftEndpoint::getUuid).toList());
    }

    @Override
    public void persistTerm(int term, RaftEndpoint votedFor) throws IOException {
        log.term(term, Optional.ofNullable(votedFor).map(RaftEndpoint::getUuid));
    }

    @Override
    public void persistEntry(LogEntry entry) throws IOException {
        log.entry(entry.index(), entry.term(), bytes(entry));
    }

    @Override
    public void persistSnapshot(SnapshotEntry entry) throws IOException {
        log.snapshot(entry.index(), entry.term(), bytes(entry));
    }

    @Override
    public void deleteEntriesFrom(long startIndexInclusive) throws IOException {
        log.cut(startIndexInclusive);
    }

    @Override
    public void flushLogs() throws IOException {
        log.flush();
    }

    @Override
    public void close() throws IOException {
        log.close();
    }

    /** What cannot be written is as bad as a disk that fails: Raft has it in memory already. */
    private byte[] bytes(LogEntry entry) {
        try {
            return serialize.apply(entry);
        } catch (RuntimeException | Error e) {
            store.stop(e);
            throw e;
        }
    }
}
