package io.firn.gateway.share;

import io.firn.cold.ColdRead;
import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.SentRecords;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.hot.AbortedTransaction;
import io.firn.hot.FileRange;
import io.firn.retention.TieredRead;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.message.ShareFetchResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition of a share fetch: looks for records that can be given to the member, gives them, and holds their bytes.
 *
 * <p>Where the bytes are in memory, looking and giving is one step. Else the part has the share partition to itself ({@link SharePartition#beginReading}) until the bytes are there, and
 * gives from them then, unless the fetch has been answered meanwhile.
 *
 * <p>Owns the bytes it found from {@link #attempt} to {@link #discard}.
 *
 * <p>Threading: {@link #attempt}, {@link #available}, {@link #watch} and what follows from them on the partition's loop; the rest on the connection's, between two attempts. What
 * passes from one to the other passes with a task.
 */
final class ShareFetchPart {
    private static final Logger LOG = LoggerFactory.getLogger(ShareFetchPart.class);

    /** Most bytes looked at in one attempt; one first batch may be larger. Enough for what a member takes at a time, little enough to be read before it is given. */
    private static final int MOST_BYTES = 1 << 20;

    private final TopicIdPartition id;
    private final ShareKey key;
    private final Partition partition;
    private final SharePartitions shares;
    private final boolean committedOnly;

    private Optional<SharePartition> share = Optional.empty();
    private Errors error = Errors.NONE;
    private String message;
    private Acquisition given = Acquisition.NONE;
    private Optional<SentRecords> records = Optional.empty();
    private Optional<CompletableFuture<Void>> reading = Optional.empty();
    private boolean answered;
    private boolean notFoundYet;
    private boolean lookAtOnce;
    private long watermarkSeen;
    private long versionSeen;

    ShareFetchPart(String group, TopicIdPartition id, Partitions.Found found, SharePartitions shares, boolean committedOnly) {
        this.id = id;
        this.key = new ShareKey(group, id);
        this.partition = found.partition();
        this.shares = shares;
        this.committedOnly = committedOnly;
        this.error = found.error();
        this.message = found.error().message();
    }

    boolean located() {
        return partition != null;
    }

    Partition partition() {
        return partition;
    }

    TopicIdPartition id() {
        return id;
    }

    // On the partition's loop: looking

    /**
     * Tries to give records. Never throws: a fetch that is not answered would hold up its connection for ever.
     *
     * @return how many of the records asked for are used up
     */
    int attempt(Delivery.Ask ask, int maxBytes) {
        try {
            return ask.maxRecords() > 0 && ready() ? read(ask, maxBytes) : 0;
        } catch (RuntimeException e) {
            failed(e);
            return 0;
        }
    }

    /** Bytes that could be given, at most {@code maxBytes}. Never throws. */
    int available(int maxBytes) {
        try {
            return ready() ? measured(look(maxBytes), maxBytes) : 0;
        } catch (RuntimeException e) {
            failed(e);
            return 0;
        }
    }

    private static int measured(TieredRead found, int maxBytes) {
        if (found instanceof TieredRead.Hot hot) {
            int bytes = hot.range().sizeBytes();
            hot.range().release();
            return bytes;
        }
        if (found instanceof TieredRead.Cold cold) {
            cold.read().thenAccept(ColdRead::release);
            return maxBytes;
        }
        return 0;
    }

    private boolean ready() {
        if (error != Errors.NONE || reading.isPresent()) {
            return false;
        }
        notFoundYet = false;
        lookAtOnce = false;
        watermarkSeen = partition.highWatermark();
        if (partition.retired()) {
            throw new NotLeaderOrFollowerException("The partition is not served here.");
        }
        SharePartition current = current();
        versionSeen = current.version();
        return current.canDeliver();
    }

    /** The share partition as it is now. One that could not be loaded since the last attempt fails this part. */
    private SharePartition current() {
        share.flatMap(SharePartition::loadFailure).ifPresent(failure -> {
            throw failure;
        });
        if (share.isEmpty() || share.get().isGone()) {
            share = Optional.of(shares.find(key, partition));
        }
        return share.get();
    }

    private long limit() {
        return committedOnly ? partition.lastStableOffset() : watermarkSeen;
    }

    private TieredRead look(int maxBytes) {
        long from = share.orElseThrow().nextOffset();
        if (from >= limit()) {
            return new TieredRead.AtEnd();
        }
        TieredRead found = partition.log().read(from, Math.max(1, Math.min(maxBytes, MOST_BYTES)), limit(), true);
        if (found instanceof TieredRead.AtEnd) {
            notFoundYet = true;
        } else if (found instanceof TieredRead.OutOfRange) {
            share.orElseThrow().logStartsAt(partition.log().logStartOffset());
            lookAtOnce = share.orElseThrow().nextOffset() != from;
        } else if (found instanceof TieredRead.Unavailable unavailable) {
            throw new KafkaStorageException(unavailable.reason());
        } else if (found instanceof TieredRead.Offline offline) {
            throw new KafkaStorageException(offline.reason());
        }
        return found;
    }

    private int read(Delivery.Ask ask, int maxBytes) {
        SharePartition mine = share.orElseThrow();
        if (!mine.beginReading(this)) {
            return 0;
        }
        long from = mine.nextOffset();
        TieredRead found;
        try {
            found = look(maxBytes);
        } catch (RuntimeException e) {
            mine.endReading(this);
            throw e;
        }
        if (found instanceof TieredRead.Hot hot) {
            return giveHot(ask, from, hot.range());
        }
        if (found instanceof TieredRead.Cold cold) {
            return later(ask, cold.read().thenCompose(this::bytes), from);
        }
        mine.endReading(this);
        return 0;
    }

    // On the partition's loop: giving

    /** Bytes at hand, where their batches are, and which transactions in them were aborted. */
    private record Bytes(SentRecords records, BatchSource batches, List<AbortedTransaction> aborted) {}

    @FunctionalInterface
    private interface BatchSource {
        BatchWalk walk(long from, long before) throws IOException;
    }

    private int giveHot(Delivery.Ask ask, long from, FileRange range) {
        CompletableFuture<List<AbortedTransaction>> aborted = committedOnly ? partition.log().abortedTransactions(from, range.upperBoundOffset())
                : CompletableFuture.completedFuture(List.of());
        CompletableFuture<Void> pages = range.probablyResident() ? CompletableFuture.completedFuture(null) : range.prefetch();
        CompletableFuture<Bytes> ready = pages.thenCombine(aborted, (done, list) -> new Bytes(new SentRecords.Hot(range), (first, before) -> BatchWalk.of(range, first, before), list));
        if (!ready.isDone() || ready.isCompletedExceptionally()) {
            return later(ask, ready.whenComplete((bytes, failure) -> {
                if (failure != null) {
                    range.release();
                }
            }), from);
        }
        try {
            give(ask, from, ready.join());
        } finally {
            share.orElseThrow().endReading(this);
        }
        return given.count();
    }

    private CompletableFuture<Bytes> bytes(ColdRead read) {
        Bytes none = new Bytes(new SentRecords.Cold(read), (first, before) -> BatchWalk.of(read, first, before), List.of());
        if (!committedOnly) {
            return CompletableFuture.completedFuture(none);
        }
        return CompletableFuture.supplyAsync(() -> partition.log().abortedTransactions(read), partition.loop())
                .thenCompose(list -> list).thenApply(list -> new Bytes(none.records(), none.batches(), list)).whenComplete((bytes, failure) -> {
                    if (failure != null) {
                        read.release();
                    }
                });
    }

    /** Gives when the bytes are there; nobody else reads here until then. All records asked for count as used up. */
    private int later(Delivery.Ask ask, CompletableFuture<Bytes> arriving, long from) {
        reading = Optional.of(arriving.handleAsync((bytes, failure) -> {
            try {
                if (failure != null) {
                    failed(failure);
                } else if (answered) {
                    bytes.records().release();
                } else {
                    give(ask, from, bytes);
                }
            } catch (RuntimeException e) {
                failed(e);
            } finally {
                share.orElseThrow().endReading(this);
            }
            return null;
        }, partition.loop()));
        return ask.maxRecords();
    }

    private void give(Delivery.Ask ask, long from, Bytes bytes) {
        SharePartition mine = share.orElseThrow();
        BatchWalk.Part part = null;
        try {
            if (mine.active()) {
                BatchWalk batches = bytes.batches().walk(from, mine.neededBefore(ask.maxRecords()));
                given = mine.acquire(ask, from, batches.offsets(), batches.abortedIn(bytes.aborted()));
                part = given.isEmpty() ? null : batches.part(given.first(), given.end());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            records = part == null ? Optional.empty() : Optional.of(bytes.records().part(part.position(), part.sizeBytes()));
            if (part == null) {
                bytes.records().release();
            }
        }
        lookAtOnce = given.isEmpty() && mine.active() && mine.nextOffset() != from;
    }

    private void failed(Throwable failure) {
        Errors code = ErrorMapping.of(failure);
        if (code == Errors.UNKNOWN_SERVER_ERROR && !(ErrorMapping.unwrap(failure) instanceof ApiException)) {
            LOG.atError().addKeyValue("group", key.group()).addKeyValue("partition", id).setCause(failure).log("A share fetch failed unexpectedly");
        }
        error = toldToMembers(code);
        message = ErrorMapping.unwrap(failure).getMessage();
    }

    /** Share consumers know no errors of coordinators in a fetch: Kafka's own stops with an exception. They are to come again. */
    private static Errors toldToMembers(Errors error) {
        return switch (error) {
            case COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, LEADER_NOT_AVAILABLE, REQUEST_TIMED_OUT -> Errors.OFFSET_NOT_AVAILABLE;
            default -> error;
        };
    }

    // On the partition's loop: waiting

    /** Has {@code listener} told of everything that may bring records; returns what ends that. */
    Runnable watch(Runnable listener, LongConsumer watermarkListener) {
        Optional<SharePartition> watched = share;
        partition.addWatermarkListener(watermarkListener);
        watched.ifPresent(one -> one.addListener(listener));
        return () -> {
            partition.removeWatermarkListener(watermarkListener);
            watched.ifPresent(one -> one.removeListener(listener));
        };
    }

    /** Whether something came between the attempt and the watch. */
    boolean changedSinceAttempt() {
        return partition.retired() || partition.highWatermark() != watermarkSeen || share.isPresent() && (share.get().isGone() || share.get().version() != versionSeen);
    }

    // On the connection's loop

    boolean failed() {
        return error != Errors.NONE;
    }

    boolean hasRecords() {
        return !given.isEmpty();
    }

    /** Bytes on their way, if they are. */
    Optional<CompletableFuture<Void>> reading() {
        return reading;
    }

    /** Whether records are there whose place in the file is still being read: nobody will tell. */
    boolean notFoundYet() {
        return notFoundYet;
    }

    /** Whether what was found was of no use, and there is more behind it. */
    boolean lookAtOnce() {
        return lookAtOnce;
    }

    ShareFetchResponseData.PartitionData answer() {
        ShareFetchResponseData.PartitionData answer = new ShareFetchResponseData.PartitionData().setPartitionIndex(id.partition()).setErrorCode(error.code())
                .setErrorMessage(error == Errors.NONE ? null : message).setRecords(MemoryRecords.EMPTY);
        records.ifPresent(answer::setRecords);
        return answer.setAcquiredRecords(given.ranges().stream().map(range -> new ShareFetchResponseData.AcquiredRecords().setFirstOffset(range.first()).setLastOffset(range.end() - 1)
                .setDeliveryCount((short) range.deliveryCount())).toList());
    }

    /** The fetch is answered: bytes that come later are of no use any more. On the partition's loop. */
    void close() {
        answered = true;
    }

    /** Gives back the bytes. */
    void discard() {
        records.ifPresent(SentRecords::release);
        records = Optional.empty();
    }

    /** Takes back what the member was given but will never see. */
    void takeBack(String member) {
        share.filter(one -> !given.isEmpty()).ifPresent(one -> partition.loop().execute(() -> one.release(member)));
    }
}
