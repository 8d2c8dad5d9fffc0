package io.firn.membership.cp;

import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.storage.AppendFile;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CP directory of this process: the identity and the logs of its Raft groups. They are one thing; they are lost, copied or wiped only together.
 *
 * <p><b>Fail-stop.</b> Hazelcast's Raft catches whatever a store throws and goes on, with the entry or vote in memory that is not on disk; a second request for it would be
 * granted. So after the first error of any kind {@code failStop} is called, which must not let this process say another word (in production it halts it), and every later call
 * fails. A force is never tried again.
 *
 * <p><b>On crash</b> files that were not finished are {@code *.tmp}, a log that was not yet entered into the identity has never been used, and one that is no longer entered has
 * been given up: all three are deleted at opening. A torn end of a log is cut, and what is found is forced before it is told to anybody. An entered log that is missing, or damage elsewhere, refuses the opening.
 *
 * <p>Threading: thread-safe behind one lock, which is held while the disk works: groups wait for each other. There are two, one of them hardly used.
 */
public final class CpStore implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(CpStore.class);
    private static final String IDENTITY = "identity";

    private final Folder folder;
    private final Consumer<Throwable> failStop;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<CpGroup, GroupLog> restored = new LinkedHashMap<>();
    private final Map<CpGroup, GroupLog> used = new LinkedHashMap<>();
    private volatile CpIdentity identity;
    private volatile boolean failed;
    private volatile boolean closed;

    private CpStore(Folder folder, Consumer<Throwable> failStop, CpIdentity identity) {
        this.folder = folder;
        this.failStop = failStop;
        this.identity = identity;
    }

    /**
     * Opens the directory; an empty one becomes that of a process outside.
     *
     * @param folder is the store's from now on
     * @param failStop see above; called on the thread that met the error, at most once
     * @throws MetadataOpenFailed with one line for the operator; nothing on disk was changed then
     */
    public static CpStore open(Folder folder, Consumer<Throwable> failStop) {
        try {
            Set<String> names = folder.names();
            if (!names.contains(IDENTITY)) {
                return fresh(folder, names, failStop);
            }
            CpStore store = new CpStore(folder, failStop, CpIdentity.decode(folder.read(IDENTITY)));
            if (store.identity.stage() == Stage.WIPING) {
                LOGGER.atWarn().addKeyValue("member", store.identity.uuid()).log("Going on to wipe the CP directory of a member that was removed");
                store.wipe();
                return store;
            }
            store.restore();
            return store;
        } catch (IOException e) {
            throw new MetadataOpenFailed(Reason.UNAVAILABLE, "the CP directory cannot be read or written: " + e.getMessage(), e);
        }
    }

    private static CpStore fresh(Folder folder, Set<String> names, Consumer<Throwable> failStop) throws IOException {
        List<String> logs = names.stream().filter(CpGroup::isFileName).sorted().toList();
        if (!logs.isEmpty()) {
            throw new MetadataOpenFailed(Reason.DAMAGED, "the CP directory has logs (" + logs + ") but no identity: the disk of this CP member counts as lost; see \"replace a broker\" in the README");
        }
        CpStore store = new CpStore(folder, failStop, CpIdentity.outside(UUID.randomUUID()));
        store.deleteAll(names.stream().filter(name -> name.endsWith(Folder.TEMPORARY)).toList());
        store.replaceIdentity(store.identity);
        return store;
    }

    private void restore() throws IOException {
        List<GroupFile> files = new ArrayList<>();
        for (CpGroup group : identity.groups()) {
            files.add(read(group));
        }
        Set<String> needed = identity.groups().stream().map(CpGroup::fileName).collect(Collectors.toSet());
        deleteAll(folder.names().stream().filter(name -> name.endsWith(Folder.TEMPORARY) || CpGroup.isFileName(name) && !needed.contains(name)).toList());
        for (GroupFile file : files) {
            cutAndForce(file);
            restored.put(file.group(), new GroupLog(this, file));
        }
        folder.force();
    }

    private GroupFile read(CpGroup group) throws IOException {
        String name = group.fileName();
        try {
            GroupFile file = GroupFile.decode(name, folder.read(name));
            if (!file.group().equals(group) || !file.state().own().equals(identity.uuid())) {
                throw new MetadataOpenFailed(Reason.DAMAGED, "the CP log " + name + " is that of " + file.group() + " and member " + file.state().own() + ", not of " + group + " and member " + identity.uuid());
            }
            return file;
        } catch (NoSuchFileException e) {
            throw new MetadataOpenFailed(Reason.DAMAGED, "the log of CP group " + group.name() + ", " + name + ", is missing, and without it this member could vote twice: the disk of this CP member"
                    + " counts as lost, see \"replace a broker\" in the README", e);
        }
    }

    /** A killed process may have left votes, entries and names that are only in the memory of the operating system. From here on Raft tells others of them, so they are forced first. */
    private void cutAndForce(GroupFile file) throws IOException {
        try (AppendFile open = folder.append(file.group().fileName())) {
            if (file.tornBytes() > 0) {
                LOGGER.atWarn().addKeyValue("group", file.group().name()).addKeyValue("goodBytes", file.goodBytes()).addKeyValue("cutBytes", file.tornBytes()).log("Cut the torn end of a CP log");
                open.truncate(file.goodBytes());
            }
            open.force();
        }
    }

    private void deleteAll(List<String> names) throws IOException {
        for (String name : names) {
            LOGGER.atInfo().addKeyValue("file", name).log("Deleted a file of the CP directory that is not in use");
            folder.delete(name);
        }
        if (!names.isEmpty()) {
            folder.force();
        }
    }

    public CpIdentity identity() {
        return identity;
    }

    /** The logs found at opening, in the order they were entered. */
    public Collection<GroupLog> restored() {
        return List.copyOf(restored.values());
    }

    /** The log of a group: the one found at opening, or a new one. */
    public GroupLog log(CpGroup group, boolean wasRestored) {
        lock.lock();
        try {
            GroupLog log = wasRestored ? restored.get(group) : new GroupLog(this, group);
            if (log == null) {
                throw new IllegalStateException("there is no log of group " + group.name() + " to go on with");
            }
            return log;
        } finally {
            lock.unlock();
        }
    }

    /** The last index of the group that is on disk; -1 when there is no log of it. */
    public long durableIndex(CpGroup group) {
        lock.lock();
        try {
            GroupLog log = used.getOrDefault(group, restored.get(group));
            return log == null || !identity.groups().contains(group) ? -1 : log.durableIndex();
        } finally {
            lock.unlock();
        }
    }

    /** Becomes a founder: the group is begun with all founders, as if it had always been there, and only then the identity says so. Durable when it returns. */
    public GroupLog found(CpGroup group, List<CpPlace> founders) throws IOException {
        GroupLog log = new GroupLog(this, group);
        guarded(unused -> {
            if (identity.stage() != Stage.OUTSIDE || founders.stream().noneMatch(place -> place.uuid().equals(identity.uuid()))) {
                throw new IllegalStateException("a process that is " + identity.stage() + " cannot found the CP subsystem with " + founders);
            }
            GroupState state = new GroupState();
            state.apply(new GroupRecord.Members(identity.uuid(), founders.stream().map(CpPlace::uuid).toList()));
            folder.replace(group.fileName(), GroupFile.encode(group, state));
            replaceIdentity(identity.foundedBy(founders).with(group));
            restored.put(group, new GroupLog(this, GroupFile.decode(group.fileName(), folder.read(group.fileName()))));
        });
        return log(group, true);
    }

    /** The founding is complete, or this process is about to ask for membership. Durable when it returns. */
    public void becomeMember() throws IOException {
        guarded(unused -> replaceIdentity(identity.at(Stage.MEMBER)));
    }

    /** Membership was certainly refused. */
    public void stayOutside() throws IOException {
        guarded(unused -> {
            if (!identity.groups().isEmpty()) {
                throw new IllegalStateException("a member of groups cannot go back outside");
            }
            replaceIdentity(identity.at(Stage.OUTSIDE));
        });
    }

    /** Remembers the newest list of members; an older one is without effect. */
    public void members(List<CpPlace> members, long index) throws IOException {
        guarded(unused -> {
            if (index > identity.membersIndex() || identity.members().isEmpty()) {
                replaceIdentity(identity.seeing(members, index));
            }
        });
    }

    /** Gives a group up: this member is out of it, or it is no more. */
    public void remove(CpGroup group) throws IOException {
        guarded(unused -> {
            replaceIdentity(identity.without(group));
            restored.remove(group);
            GroupLog log = used.remove(group);
            if (log != null) {
                log.closeFile();
            }
            folder.delete(group.fileName());
            folder.force();
        });
    }

    /** Deletes everything and becomes a process outside, with a new name. After a crash in between, the next opening goes on with it. */
    public void wipe() throws IOException {
        guarded(unused -> {
            replaceIdentity(identity.at(Stage.WIPING));
            for (GroupLog log : used.values()) {
                log.closeFile();
            }
            used.clear();
            restored.clear();
            deleteAll(folder.names().stream().filter(name -> CpGroup.isFileName(name) || name.endsWith(Folder.TEMPORARY)).toList());
            replaceIdentity(CpIdentity.outside(UUID.randomUUID()));
        });
    }

    /** Under the lock: a log was begun. The identity must have this member's name already. */
    void register(Folder unused, CpGroup group, UUID own) throws IOException {
        if (!identity.speaks() || !identity.uuid().equals(own)) {
            throw new IllegalStateException("member " + own + " begins a log in the CP directory of " + identity.stage() + " " + identity.uuid());
        }
        replaceIdentity(identity.without(group).with(group));
    }

    /** Under the lock. */
    void use(GroupLog log) {
        used.put(log.group(), log);
    }

    /** Closes the file of a log; also when the store itself has ended. */
    void release(GroupLog log) throws IOException {
        lock.lock();
        try {
            log.closeFile();
        } finally {
            lock.unlock();
        }
    }

    private void replaceIdentity(CpIdentity next) throws IOException {
        folder.replace(IDENTITY, next.encode());
        identity = next;
    }

    /** Work on the directory. */
    interface Work {
        void run(Folder folder) throws IOException;
    }

    /** Runs it under the lock; whatever it throws ends this store. */
    void guarded(Work work) throws IOException {
        // An interrupt would close the file in the middle of a write: it waits.
        boolean interrupted = Thread.interrupted();
        lock.lock();
        try {
            if (failed || closed) {
                throw new IOException(failed ? "the CP store has failed" : "the CP store is closed");
            }
            work.run(folder);
        } catch (IOException | RuntimeException | Error e) {
            stop(e);
            throw e;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends this store and, by way of {@code failStop}, this process. Idempotent; without effect after closing. */
    public void stop(Throwable cause) {
        if (!failed && !closed) {
            failed = true;
            failStop.accept(cause);
        }
    }

    /** Whether an error ended this store. */
    public boolean failed() {
        return failed;
    }

    /** Gives the directory free. Idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            for (GroupLog log : used.values()) {
                log.closeFile();
            }
        } catch (IOException e) {
            LOGGER.atWarn().setCause(e).log("A CP log did not close cleanly");
        } finally {
            lock.unlock();
            folder.close();
        }
    }
}
