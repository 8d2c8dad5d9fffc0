package io.firn.membership.hazelcast;

import static io.firn.membership.hazelcast.CpMember.await;

import com.hazelcast.cp.CPGroup;
import com.hazelcast.cp.CPGroupId;
import com.hazelcast.cp.internal.RaftGroupId;
import com.hazelcast.cp.internal.raftop.metadata.AddCPMemberOp;
import io.firn.membership.cp.CpGroup;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.cp.CpStore;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The changes of who is a member, on the thread of {@link CpMember}, which does nothing else meanwhile.
 *
 * <p>A broker writes down that it is a member before it asks to become one, so there is no moment in which others count on it and its disk does not know. If it crashes in between,
 * it comes back, finds that it is no member, wipes itself and is outside again.
 *
 * <p>Hazelcast makes one change at a time and refuses others meanwhile; those are tried again until the time is over.
 */
final class Promotion {

    private static final Logger LOGGER = LoggerFactory.getLogger(Promotion.class);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final CpStore store;
    private final CpInstance instance;
    private final long deadlineNanos;

    Promotion(CpStore store, CpInstance instance, long timeoutMs) {
        this.store = store;
        this.instance = instance;
        this.deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    }

    void run() throws IOException, ExecutionException, TimeoutException {
        if (store.identity().stage() == Stage.OUTSIDE) {
            store.becomeMember();
            add();
            LOGGER.atInfo().addKeyValue("member", store.identity().uuid()).log("This broker became a CP member");
        }
        catchUp();
    }

    private void add() throws IOException, ExecutionException, TimeoutException {
        try {
            changed(deadlineNanos, () -> instance.raft().getInvocationManager().<Object>invoke(instance.raft().getMetadataGroupId(), new AddCPMemberOp(instance.extension().localMember()))
                    .toCompletableFuture());
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IllegalStateException) { // refused, for another member has this address
                store.stayOutside();
            }
            throw e;
        }
        instance.extension().becomeLocal();
    }

    /** Returns when everything that is committed now in any group of this member is on its disk. */
    private void catchUp() throws ExecutionException, TimeoutException {
        for (CPGroupId id : await(instance.raft().getCPGroupIds().toCompletableFuture())) {
            CPGroup group = await(instance.raft().getCPGroup(id).toCompletableFuture());
            boolean ours = group.members().stream().anyMatch(member -> member.getUuid().equals(store.identity().uuid()));
            if (ours) {
                catchUp(StoredPersistence.group((RaftGroupId) id));
            }
        }
    }

    private void catchUp(CpGroup group) throws ExecutionException, TimeoutException {
        long index = instance.commitIndex(group);
        while (store.durableIndex(group) < index) {
            pause(deadlineNanos);
        }
        LOGGER.atInfo().addKeyValue("group", group.name()).addKeyValue("index", index).log("This CP member has caught up");
    }

    static void remove(CpInstance instance, UUID member, long timeoutMs) throws ExecutionException, TimeoutException {
        try {
            changed(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs), () -> instance.raft().removeCPMember(member).toCompletableFuture());
            LOGGER.atInfo().addKeyValue("member", member).log("A CP member was removed");
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof IllegalArgumentException)) { // else there is no such member, any more
                throw e;
            }
        }
    }

    private interface Change {
        CompletableFuture<?> begin();
    }

    private static void changed(long deadlineNanos, Change change) throws ExecutionException, TimeoutException {
        while (true) {
            try {
                await(change.begin(), Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime())));
                return;
            } catch (ExecutionException e) {
                boolean busy = e.getCause() instanceof IllegalStateException && String.valueOf(e.getCause().getMessage()).contains("ongoing");
                if (!busy) {
                    throw e;
                }
                pause(deadlineNanos);
            }
        }
    }

    private static void pause(long deadlineNanos) throws TimeoutException {
        if (System.nanoTime() - deadlineNanos > 0) {
            throw new TimeoutException("the change of CP members is not complete in time");
        }
        LockSupport.parkNanos(PAUSE_NANOS);
    }
}
