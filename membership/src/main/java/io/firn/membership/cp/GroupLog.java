package io.firn.membership.cp;

import io.firn.membership.cp.GroupRecord.Entry;
import io.firn.membership.cp.GroupRecord.Members;
import io.firn.membership.cp.GroupRecord.Snapshot;
import io.firn.membership.cp.GroupRecord.Term;
import io.firn.membership.storage.AppendFile;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The durable part of one Raft group on this member.
 *
 * <p>Entries, cuts and snapshots are collected in memory and become durable with {@link #flush()}; members and terms at once, together with everything collected before them.
 * A snapshot makes the next write a new file with the whole state, so a file never grows beyond what one snapshot interval adds.
 *
 * <p>Two may be made for one group (Hazelcast creates one before it knows whether it needs it); only one is opened, and the file is not touched before that. A snapshot may come
 * before the opening: restoring may take one.
 *
 * <p>Threading: thread-safe, by the lock of its {@link CpStore}. Every call but {@link #durableIndex()} may block on the disk.
 *
 * <p><b>On crash</b> the file holds everything up to the last completed call that forces, and perhaps what was collected since.
 */
public final class GroupLog {

    private final CpStore store;
    private final CpGroup group;
    private final GroupState state;

    private final List<byte[]> collected = new ArrayList<>();
    private boolean rewriteDue;
    private long frames;
    private Optional<AppendFile> file = Optional.empty();
    private volatile boolean closed;
    private volatile long durableIndex;

    /** One that does not exist yet. */
    GroupLog(CpStore store, CpGroup group) {
        this.store = store;
        this.group = group;
        this.state = new GroupState();
    }

    /** One that was read from disk. */
    GroupLog(CpStore store, GroupFile read) {
        this.store = store;
        this.group = read.group();
        this.state = read.state();
        this.frames = read.frames();
        this.durableIndex = state.lastIndex();
    }

    public CpGroup group() {
        return group;
    }

    /** Who this member is in the group and who began it; empty before {@link #begin}. */
    public Optional<Members> members() {
        return state.members();
    }

    public Term term() {
        return state.term();
    }

    public Optional<Snapshot> snapshot() {
        return state.snapshot();
    }

    /** Entries after the snapshot. */
    public List<Entry> entries() {
        return List.copyOf(state.entries());
    }

    /** The last index that is on disk for certain. */
    public long durableIndex() {
        return durableIndex;
    }

    /** From now on it may be written. */
    public void open() throws IOException {
        change(folder -> {
            store.use(this);
            if (state.members().isPresent()) {
                file = Optional.of(folder.append(group.fileName()));
                writeIfDue(folder);
            }
        });
    }

    /** Creates the log, durably, and enters it into the identity; without effect when it exists already with the same own name. */
    public void begin(UUID own, List<UUID> initial) throws IOException {
        change(folder -> {
            if (state.members().isPresent()) {
                if (!state.own().equals(own)) {
                    throw new IllegalStateException("the log of group " + group.name() + " is that of member " + state.own() + ", not of " + own);
                }
                return;
            }
            state.apply(new Members(own, initial));
            rewrite(folder);
            store.register(folder, group, own);
        });
    }

    /** Durable when it returns, with everything collected before. */
    public void term(int term, Optional<UUID> vote) throws IOException {
        change(folder -> {
            collect(new Term(term, vote));
            write(folder);
        });
    }

    public void entry(long index, int term, byte[] bytes) throws IOException {
        change(folder -> collect(new Entry(index, term, bytes)));
    }

    /** Entries from this index on are no more. */
    public void cut(long fromIndex) throws IOException {
        change(folder -> collect(new GroupRecord.Cut(fromIndex)));
    }

    /** Everything up to this index is in the snapshot. */
    public void snapshot(long index, int term, byte[] bytes) throws IOException {
        change(folder -> {
            state.apply(new Snapshot(index, term, bytes));
            rewriteDue = true;
        });
    }

    /** Makes durable what was collected. */
    public void flush() throws IOException {
        change(this::write);
    }

    /** Gives the file up; what was collected and not flushed was never promised to anybody. Idempotent. */
    public void close() throws IOException {
        closed = true;
        store.release(this);
    }

    void closeFile() throws IOException {
        if (file.isPresent()) {
            file.get().close();
            file = Optional.empty();
        }
    }

    private void collect(GroupRecord record) {
        state.apply(record);
        collected.add(GroupRecord.encode(record));
    }

    private void write(Folder folder) throws IOException {
        if (rewriteDue) {
            rewrite(folder);
        } else {
            append();
        }
    }

    private void writeIfDue(Folder folder) throws IOException {
        if (rewriteDue) {
            rewrite(folder);
        }
    }

    private void append() throws IOException {
        if (collected.isEmpty()) {
            return;
        }
        AppendFile open = file.orElseThrow(() -> new IllegalStateException("the log of group " + group.name() + " is not open"));
        open.append(GroupFrame.encode(frames, collected));
        open.force();
        frames++;
        collected.clear();
        durableIndex = state.lastIndex();
    }

    /** The whole state into a new file, which then takes the place of the old one; what was collected is in the state. */
    private void rewrite(Folder folder) throws IOException {
        closeFile();
        folder.replace(group.fileName(), GroupFile.encode(group, state));
        file = Optional.of(folder.append(group.fileName()));
        frames = 1;
        collected.clear();
        rewriteDue = false;
        durableIndex = state.lastIndex();
    }

    /** A closed log is no error of the disk: its Raft node has ended and says nothing more. */
    private void change(CpStore.Work work) throws IOException {
        if (closed) {
            throw new IOException("the log of group " + group.name() + " is closed");
        }
        store.guarded(work);
    }
}
