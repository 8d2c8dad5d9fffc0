package io.firn.gateway.share;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Timer;
import io.firn.gateway.partition.Partition;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.LeaderNotAvailableException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One share partition that this broker leads: performs what {@link InFlightRecords} decides.
 *
 * <p>States: <b>loading</b> (its state is asked of the share coordinator) → <b>active</b> → <b>gone</b> (the load or a write was refused because another leader or another state has
 * taken over, the group or topic was deleted, the partition left service, or nobody uses it any more). What is gone answers nothing, and is loaded anew when it is asked for again.
 *
 * <p><b>Writes</b> leave one after the other; what comes meanwhile leaves together with the next. So the start offset written never goes back, and a burst of acknowledgements
 * costs few writes.
 *
 * <p><b>Reading</b>: one fetch at a time reads for its member ({@link #beginReading}), so that two do not read the same records from the disk or the bucket to find that one has them.
 *
 * <p>Threading: confined to the loop of the partition, except {@link #key()} and {@link #partition()}. Futures complete on the loop. {@code locks} may call back on any thread.
 *
 * <p>On crash: see {@link InFlightRecords}.
 */
final class SharePartition {
    private static final Logger LOG = LoggerFactory.getLogger(SharePartition.class);

    private final ShareKey key;
    private final Partition partition;
    private final ShareState state;
    private final GroupConfigs configs;
    private final Timer locks;
    private final LongSupplier nowMs;
    private final Consumer<SharePartition> whenGone;

    private final Set<Runnable> listeners = new LinkedHashSet<>();
    private Optional<InFlightRecords> records = Optional.empty();
    private int stateEpoch;
    private boolean gone;
    private Optional<ApiException> loadFailure = Optional.empty();
    private boolean unused;
    private Optional<Object> reader = Optional.empty();
    private boolean refused;

    private final List<Write> waiting = new ArrayList<>();
    private boolean writing;

    private Runnable cancelAlarm = () -> {};
    private long alarmMs = Long.MAX_VALUE;
    private long version;

    /** A change on its way to the coordinator; one without a number counts whatever becomes of the write. */
    private record Write(Optional<InFlightRecords.Change> change, List<StateRange> ranges, CompletableFuture<Void> done) {}

    /** @param whenGone told once, on the loop */
    SharePartition(ShareKey key, Partition partition, ShareState state, GroupConfigs configs, Timer locks, LongSupplier nowMs, Consumer<SharePartition> whenGone) {
        this.key = key;
        this.partition = partition;
        this.state = state;
        this.configs = configs;
        this.locks = locks;
        this.nowMs = nowMs;
        this.whenGone = whenGone;
    }

    ShareKey key() {
        return key;
    }

    Partition partition() {
        return partition;
    }

    // Life

    /** Asks the coordinator for the state; then it is active, or gone with a {@link #loadFailure()}. */
    void load() {
        state.load(key, partition).thenAcceptAsync(this::loaded, partition.loop()).exceptionallyAsync(this::notLoaded, partition.loop());
    }

    private void loaded(ShareState.Loaded loaded) {
        if (!gone) {
            stateEpoch = loaded.stateEpoch();
            records = Optional.of(InFlightRecords.of(loaded.start(), loaded.ranges()));
            changed();
        }
    }

    private Void notLoaded(Throwable failure) {
        Throwable cause = ErrorMapping.unwrap(failure);
        LOG.atWarn().addKeyValue("group", key.group()).addKeyValue("partition", key.partition()).setCause(cause).log("A share partition could not be loaded");
        loadFailure = Optional.of(ErrorMapping.of(cause).exception(cause.getMessage()));
        goAway();
        return null;
    }

    /** Why it is gone, if it never was active. */
    Optional<ApiException> loadFailure() {
        return loadFailure;
    }

    boolean isGone() {
        return gone;
    }

    boolean active() {
        return records.isPresent() && !gone;
    }

    /** Ends it; whoever waits is told, and finds it anew. */
    void goAway() {
        if (!gone) {
            gone = true;
            cancelAlarm.run();
            whenGone.accept(this);
            changed();
        }
    }

    /** Nobody of the group is here any more: ends it once all writes are done. */
    void unused() {
        unused = true;
        endIfUnused();
    }

    /** Somebody is here again. */
    void used() {
        unused = false;
    }

    private void endIfUnused() {
        if (unused && !writing && waiting.isEmpty()) {
            goAway();
        }
    }

    private static NotLeaderOrFollowerException gone() {
        return new NotLeaderOrFollowerException("The share partition is served anew.");
    }

    private InFlightRecords records() {
        if (gone) {
            throw gone();
        }
        return records.orElseThrow(() -> new LeaderNotAvailableException("The share partition is being loaded."));
    }

    private ShareLimits limits() {
        return configs.limits(key.group());
    }

    // Listening

    /** Told on the loop each time something may have become available, until it is removed. */
    void addListener(Runnable listener) {
        listeners.add(listener);
    }

    void removeListener(Runnable listener) {
        listeners.remove(listener);
    }

    /** Grows whenever listeners are told. */
    long version() {
        return version;
    }

    private void changed() {
        version++;
        List.copyOf(listeners).forEach(Runnable::run);
    }

    // Reading and giving

    /** Whether {@code who} may read now, for as long as {@link #endReading} was not called. */
    boolean beginReading(Object who) {
        if (reader.isPresent()) {
            refused = true;
            return false;
        }
        reader = Optional.of(who);
        return true;
    }

    void endReading(Object who) {
        if (reader.isPresent() && reader.get() == who) {
            reader = Optional.empty();
            if (refused) {
                refused = false;
                changed();
            }
        }
    }

    boolean canDeliver() {
        return active() && records().canDeliver(limits());
    }

    long nextOffset() {
        return records().nextOffset();
    }

    /** No batch from this offset on is of use to a fetch of {@code maxRecords}. */
    long neededBefore(int maxRecords) {
        return records().end() + maxRecords;
    }

    Acquisition acquire(Delivery.Ask ask, long wantedFrom, List<LogBatch> batches, List<LogBatch> aborted) {
        if (!active()) {
            return Acquisition.NONE;
        }
        Acquisition given = records().acquire(ask, wantedFrom, batches, aborted, limits(), nowMs.getAsLong());
        setAlarm();
        return given;
    }

    /** The log's start has overtaken what is in flight. */
    void logStartsAt(long offset) {
        if (active()) {
            records().logStartsAt(offset);
        }
    }

    // Taking back

    /** Completes when written; fails with an {@link org.apache.kafka.common.errors.ApiException}, and nothing has changed. */
    CompletableFuture<Void> acknowledge(String member, List<Acknowledgement> acknowledgements) {
        InFlightRecords.Change change;
        try {
            change = records().acknowledge(member, acknowledgements, limits(), nowMs.getAsLong());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        setAlarm();
        return write(change);
    }

    /** Takes everything back that the member has. */
    CompletableFuture<Void> release(String member) {
        return active() ? write(records().release(member, limits())) : CompletableFuture.completedFuture(null);
    }

    private CompletableFuture<Void> write(InFlightRecords.Change change) {
        if (change.toWrite().isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        Write write = new Write(Optional.of(change), change.toWrite(), new CompletableFuture<>());
        waiting.add(write);
        writeNext();
        return write.done();
    }

    private void writeNext() {
        if (writing || waiting.isEmpty()) {
            return;
        }
        List<Write> batch = List.copyOf(waiting);
        waiting.clear();
        writing = true;
        InFlightRecords now = records.orElseThrow();
        StateRange.Gatherer ranges = new StateRange.Gatherer();
        batch.forEach(write -> write.ranges().forEach(range -> ranges.add(range.first(), range.end(), range.state(), range.deliveryCount())));
        state.save(key, partition.leaderEpoch(), new ShareState.Saved(stateEpoch, now.start(), now.finished(), ranges.ranges()))
                .whenCompleteAsync((done, failure) -> written(batch, failure), partition.loop());
    }

    private void written(List<Write> batch, Throwable failure) {
        writing = false;
        InFlightRecords now = records.orElseThrow();
        batch.forEach(write -> write.change().ifPresent(change -> now.settle(change.number(), failure == null, limits(), nowMs.getAsLong())));
        if (failure != null) {
            LOG.atDebug().addKeyValue("group", key.group()).addKeyValue("partition", key.partition()).setCause(failure).log("The state of a share partition was not written");
        }
        if (failure != null && takenOver(ErrorMapping.of(failure))) {
            goAway();
        } else {
            setAlarm();
            changed();
        }
        batch.forEach(write -> complete(write.done(), failure));
        writeNext();
        endIfUnused();
    }

    private static void complete(CompletableFuture<Void> done, Throwable failure) {
        if (failure == null) {
            done.complete(null);
        } else {
            done.completeExceptionally(ErrorMapping.unwrap(failure));
        }
    }

    private static boolean takenOver(Errors error) {
        return switch (error) {
            case NOT_LEADER_OR_FOLLOWER, GROUP_ID_NOT_FOUND, UNKNOWN_TOPIC_OR_PARTITION -> true;
            default -> false;
        };
    }

    // Locks

    private void setAlarm() {
        OptionalLong first = records.map(InFlightRecords::nextExpiryMs).orElse(OptionalLong.empty());
        if (gone || first.isEmpty() || first.getAsLong() >= alarmMs) {
            return;
        }
        cancelAlarm.run();
        alarmMs = first.getAsLong();
        cancelAlarm = locks.after(Math.max(1, alarmMs - nowMs.getAsLong()), () -> partition.loop().execute(this::expire));
    }

    private void expire() {
        alarmMs = Long.MAX_VALUE;
        if (!active()) {
            return;
        }
        List<StateRange> ranges = records().expire(limits(), nowMs.getAsLong());
        if (!ranges.isEmpty()) {
            // A lost write costs one delivery that is not counted, and no more.
            waiting.add(new Write(Optional.empty(), ranges, new CompletableFuture<>()));
            writeNext();
            changed();
        }
        setAlarm();
    }
}
