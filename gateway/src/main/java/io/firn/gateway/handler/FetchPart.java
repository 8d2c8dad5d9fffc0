package io.firn.gateway.handler;

import io.firn.cold.ColdRead;
import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.SentRecords;
import io.firn.gateway.partition.AwaitedRead;
import io.firn.gateway.partition.ColdArrival;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.ReadTerms;
import io.firn.gateway.peer.ReplicaReads;
import io.firn.hot.AbortedTransaction;
import io.firn.hot.EpochEnd;
import io.firn.hot.FileRange;
import io.firn.hot.ReadResult;
import io.firn.hot.replication.FetchVerdict;
import io.firn.hot.replication.ReplicaFetch;
import io.firn.retention.TieredRead;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition of a fetch: what was asked, what was found, and the answer.
 *
 * <p>Owns what it found (file references, cache chunks) from {@link #read} until {@link #discard}. A cold read that ends after
 * the answer left is the next fetch's that waits for it, or released.
 *
 * <p>Threading: {@link #read} and {@link #movedSinceRead} on the partition's loop, the rest on the connection's; the two never overlap.
 */
final class FetchPart {

    private static final Logger LOG = LoggerFactory.getLogger(FetchPart.class);

    private static final CompletableFuture<List<AbortedTransaction>> NONE_ABORTED = CompletableFuture.completedFuture(null);

    private final TopicIdPartition id;
    private final FetchRequest.PartitionData wanted;
    private final Partition partition;
    private final FetchReader reader;
    /** Most bytes this reader takes of the partition in one answer, but for a first batch that is larger: its limit, and that of its fetch. */
    private final int mostBytes;

    private FetchResponseData.PartitionData answer;
    private FileRange hot;
    /** The read of the cold tier that this part waits for, until the answer leaves. */
    private Optional<AwaitedRead> awaited = Optional.empty();
    private CompletableFuture<ColdArrival> arrival;
    private boolean takenOver;
    private boolean patient;
    private SentRecords records;
    private CompletableFuture<List<AbortedTransaction>> aborted;
    private boolean committedOnly;
    private boolean answered;
    private boolean notFoundYet;
    private int expectedBytes;
    private long watermarkAtRead;
    private long endAtRead;

    FetchPart(TopicIdPartition id, FetchRequest.PartitionData wanted, Partitions.Found found, FetchReader reader, int fetchMaxBytes) {
        this.id = id;
        this.reader = reader;
        this.wanted = wanted;
        this.mostBytes = Math.max(1, Math.min(wanted.maxBytes, fetchMaxBytes));
        this.partition = found.partition();
        if (partition == null) {
            answer = FetchResponse.partitionResponse(id, found.error());
        }
    }

    boolean located() {
        return partition != null;
    }

    Partition partition() {
        return partition;
    }

    // On the partition's loop

    /** Looks for bytes; returns how many are on their way. Never throws: a fetch that is not answered would hold up its connection for ever. */
    int read(int bytesLeft, boolean evenOneTooLarge, boolean onlyCommitted) {
        try {
            if (reader instanceof FetchReader.Mender mender) {
                return lookForMender(mender, bytesLeft, evenOneTooLarge);
            }
            return reader instanceof FetchReader.Replica replica ? lookForReplica(replica, bytesLeft, evenOneTooLarge) : look(bytesLeft, evenOneTooLarge, onlyCommitted);
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("partition", id).addKeyValue("offset", wanted.fetchOffset).setCause(e).log("A read failed unexpectedly");
            discard();
            expectedBytes = 0;
            answer = FetchResponse.partitionResponse(id, ErrorMapping.of(e));
            return 0;
        }
    }

    private int look(int bytesLeft, boolean evenOneTooLarge, boolean onlyCommitted) {
        expectedBytes = 0;
        notFoundYet = false;
        awaited = Optional.empty();
        takenOver = false;
        patient = false;
        committedOnly = onlyCommitted;
        Errors error = check();
        if (error != Errors.NONE) {
            answer = FetchResponse.partitionResponse(id, error);
            return 0;
        }
        watermarkAtRead = partition.highWatermark();
        long limit = onlyCommitted ? partition.lastStableOffset() : watermarkAtRead;
        answer = new FetchResponseData.PartitionData().setPartitionIndex(id.partition()).setHighWatermark(watermarkAtRead)
                .setLastStableOffset(partition.lastStableOffset()).setLogStartOffset(partition.log().logStartOffset())
                .setRecords(MemoryRecords.EMPTY).setAbortedTransactions(onlyCommitted ? List.of() : null);
        if (diverges() || isSentNearer()) {
            return 0;
        }
        if (bytesLeft <= 0 && !evenOneTooLarge) {
            checkRange();
            return 0;
        }
        find(Math.max(1, Math.min(mostBytes, bytesLeft)), limit, evenOneTooLarge);
        return expectedBytes;
    }

    /** KIP-392: a consumer whose rack has a replica in sync, but not the leader, is told to ask there. */
    private boolean isSentNearer() {
        if (!(reader instanceof FetchReader.Consumer consumer) || consumer.nearby().isEmpty() || !partition.leads()) {
            return false;
        }
        OptionalInt nearest = partition.replica().nearest(consumer.nearby()::contains, wanted.fetchOffset);
        nearest.ifPresent(answer::setPreferredReadReplica);
        return nearest.isPresent();
    }

    /** Up to the log's end; asking is what counts for the high watermark. */
    private int lookForReplica(FetchReader.Replica follower, int bytesLeft, boolean evenOneTooLarge) {
        expectedBytes = 0;
        notFoundYet = false;
        if (partition.retired()) {
            answer = FetchResponse.partitionResponse(id, Errors.NOT_LEADER_OR_FOLLOWER);
            return 0;
        }
        FetchVerdict verdict = partition.replica().onFetch(new ReplicaFetch(follower.brokerId(), follower.brokerEpoch(), wanted.currentLeaderEpoch.orElse(ReplicaFetch.NO_EPOCH), wanted.fetchOffset,
                wanted.lastFetchedEpoch.orElse(ReplicaFetch.NO_EPOCH), wanted.logStartOffset));
        partition.followerAsked();
        watermarkAtRead = partition.highWatermark();
        endAtRead = partition.log().hot().logEndOffset();
        answer = new FetchResponseData.PartitionData().setPartitionIndex(id.partition()).setHighWatermark(watermarkAtRead).setLastStableOffset(FetchResponse.INVALID_LAST_STABLE_OFFSET)
                .setLogStartOffset(partition.log().logStartOffset()).setRecords(MemoryRecords.EMPTY);
        if (verdict instanceof FetchVerdict.Refused refused) {
            fail(ErrorMapping.of(refused.error()));
        } else if (verdict instanceof FetchVerdict.Diverging diverging) {
            answer.setHighWatermark(FetchResponse.INVALID_HIGH_WATERMARK).divergingEpoch().setEpoch(diverging.end().leaderEpoch()).setEndOffset(diverging.end().endOffset()); // not learned, as with an error
        } else if ((bytesLeft > 0 || evenOneTooLarge) && follower.throttle().allows(partition.id().topicPartition(), follower.brokerId())) {
            findLocal(Math.max(1, Math.min(wanted.maxBytes, bytesLeft)), endAtRead, evenOneTooLarge);
        }
        return expectedBytes;
    }

    /** What is committed and on this disk, for the leader of the partition and nobody else: it has to know the epoch in which this replica follows. */
    private int lookForMender(FetchReader.Mender mender, int bytesLeft, boolean evenOneTooLarge) {
        expectedBytes = 0;
        notFoundYet = false;
        watermarkAtRead = partition.highWatermark();
        answer = new FetchResponseData.PartitionData().setPartitionIndex(id.partition()).setHighWatermark(watermarkAtRead).setLastStableOffset(FetchResponse.INVALID_LAST_STABLE_OFFSET)
                .setLogStartOffset(partition.log().logStartOffset()).setRecords(MemoryRecords.EMPTY);
        int epoch = wanted.currentLeaderEpoch.orElse(ReplicaFetch.NO_EPOCH);
        if (epoch != partition.leaderEpoch()) {
            fail(epoch < partition.leaderEpoch() ? Errors.FENCED_LEADER_EPOCH : Errors.UNKNOWN_LEADER_EPOCH);
        } else if (partition.retired() || partition.leads() || !mender.leads(partition.id())) {
            fail(Errors.NOT_LEADER_OR_FOLLOWER);
        } else if (bytesLeft > 0 || evenOneTooLarge) {
            findLocal(Math.max(1, Math.min(Math.min(wanted.maxBytes, ReplicaReads.MOST_BYTES), bytesLeft)), watermarkAtRead, evenOneTooLarge);
        }
        return expectedBytes;
    }

    private void findLocal(int maxBytes, long limit, boolean evenOneTooLarge) {
        ReadResult found = partition.log().hot().read(wanted.fetchOffset, maxBytes, limit, evenOneTooLarge);
        if (found instanceof ReadResult.Range in) {
            hot = in.range();
            expectedBytes = hot.sizeBytes();
            aborted = NONE_ABORTED;
        } else if (found instanceof ReadResult.AtEnd) {
            notFoundYet = evenOneTooLarge && wanted.fetchOffset < limit;
        } else if (found instanceof ReadResult.OutOfRange) {
            fail(Errors.OFFSET_OUT_OF_RANGE);
        } else if (found instanceof ReadResult.BelowLocal) {
            fail(Errors.OFFSET_MOVED_TO_TIERED_STORAGE);
        } else {
            fail(Errors.KAFKA_STORAGE_ERROR);
        }
    }

    private Errors check() {
        if (partition.retired()) {
            return Errors.NOT_LEADER_OR_FOLLOWER;
        }
        return LeaderEpochs.check(wanted.currentLeaderEpoch.orElse(partition.leaderEpoch()), partition.leaderEpoch());
    }

    /**
     * KIP-595: a reader that says which epoch it read last is told where that epoch's records ended here. An epoch that this log does not
     * know, or an offset that was deleted, is out of range, as in Apache Kafka; a log that knows no epoch at all has no history to differ from.
     */
    private boolean diverges() {
        if (wanted.lastFetchedEpoch.isEmpty() || partition.log().hot().latestEpoch().isEmpty()) {
            return false;
        }
        Optional<EpochEnd> end = partition.log().hot().endOffsetFor(wanted.lastFetchedEpoch.get());
        if (end.isEmpty() || wanted.fetchOffset < partition.log().logStartOffset()) {
            failOutOfRange();
            return true;
        }
        boolean diverged = end.get().endOffset() < wanted.fetchOffset || end.get().leaderEpoch() < wanted.lastFetchedEpoch.get();
        if (diverged) {
            answer.divergingEpoch().setEpoch(end.get().leaderEpoch()).setEndOffset(end.get().endOffset());
        }
        return diverged;
    }

    /** What reading would find out as well; also told when there is no room for records. A log that is out of service has no range: what stands in for it looks empty, and consumers would begin anew. */
    private void checkRange() {
        if (partition.log().offlineReason().isPresent()) {
            fail(Errors.KAFKA_STORAGE_ERROR);
        } else if (wanted.fetchOffset < partition.log().logStartOffset() || wanted.fetchOffset > partition.log().hot().logEndOffset()) {
            failOutOfRange();
        }
    }

    /** Beyond the end of a leader whose lease is over there may be what another has acknowledged: a consumer that took its word would begin somewhere else, and skip records or read them again. */
    private void failOutOfRange() {
        boolean deleted = wanted.fetchOffset < partition.log().logStartOffset();
        fail(deleted || !partition.leads() || partition.mayLead() ? Errors.OFFSET_OUT_OF_RANGE : Errors.NOT_LEADER_OR_FOLLOWER);
    }

    private void find(int maxBytes, long limit, boolean evenOneTooLarge) {
        if (!partition.lateReads().isEmpty() && isLate(evenOneTooLarge)) {
            return;
        }
        TieredRead found = partition.log().read(wanted.fetchOffset, maxBytes, limit, evenOneTooLarge);
        if (found instanceof TieredRead.Hot in) {
            hot = in.range();
            expectedBytes = hot.sizeBytes();
            aborted = committedOnly ? partition.log().abortedTransactions(wanted.fetchOffset, hot.upperBoundOffset()) : NONE_ABORTED;
        } else if (found instanceof TieredRead.Cold in) {
            expectedBytes = maxBytes;
            CompletableFuture<ColdArrival> read = withAborted(partition, committedOnly, in.read());
            waitFor(partition.lateReads().begin(wanted.fetchOffset, new ReadTerms(maxBytes, evenOneTooLarge, committedOnly), read));
        } else if (found instanceof TieredRead.AtEnd) {
            notFoundYet = evenOneTooLarge && wanted.fetchOffset < limit;
            leaveIfCutOff(limit);
        } else if (found instanceof TieredRead.OutOfRange) {
            failOutOfRange();
        } else if (found instanceof TieredRead.Unavailable || found instanceof TieredRead.Offline) {
            fail(Errors.KAFKA_STORAGE_ERROR);
        }
    }

    /**
     * Whether a read that earlier fetches have left brings what is asked for. It takes no room before it has come: others would wait for the room of one that may be long in coming. So what is left of the room does not count
     * either: a client could not always claim what it has begun itself, and its reads would pile up.
     */
    private boolean isLate(boolean evenOneTooLarge) {
        checkRange();
        if (!failed()) {
            partition.lateReads().claim(wanted.fetchOffset, new ReadTerms(mostBytes, evenOneTooLarge, committedOnly)).ifPresent(this::waitFor);
            takenOver = awaited.isPresent();
        }
        return failed() || takenOver;
    }

    private void waitFor(AwaitedRead read) {
        awaited = Optional.of(read);
        arrival = read.arrival();
        patient = partition.lateReads().wantsPatience(wanted.fetchOffset);
    }

    /** On the partition's loop, where the read ends. It knows no part: it may outlast the fetch that began it by minutes, and would hold its request as long. */
    private static CompletableFuture<ColdArrival> withAborted(Partition partition, boolean committedOnly, CompletableFuture<ColdRead> begun) {
        if (!committedOnly) {
            return begun.thenApply(read -> new ColdArrival(read, Optional.empty()));
        }
        return begun.thenCompose(read -> CompletableFuture.supplyAsync(() -> partition.log().abortedTransactions(read), partition.loop()).thenCompose(list -> list).whenComplete((list, failure) -> {
            if (failure != null) {
                read.release();
            }
        }).thenApply(list -> new ColdArrival(read, Optional.of(list))));
    }

    /** Of a broker that is cut off nothing more will come: who waits for it would wait while another leader has more. */
    private void leaveIfCutOff(long limit) {
        if (reader instanceof FetchReader.Consumer consumer && consumer.cutOff() && wanted.fetchOffset >= limit) {
            fail(Errors.NOT_LEADER_OR_FOLLOWER);
        }
    }

    private void fail(Errors error) {
        // A session tells a replica its high watermark again only when it is another one than it was told: what is told with an error it does not learn.
        long told = !(reader instanceof FetchReader.Consumer) ? FetchResponse.INVALID_HIGH_WATERMARK : answer.highWatermark();
        answer = FetchResponse.partitionResponse(id, error).setLogStartOffset(answer.logStartOffset()).setHighWatermark(told);
    }

    boolean movedSinceRead() {
        if (reader instanceof FetchReader.Replica replica) {
            return partition.retired() || partition.log().hot().logEndOffset() != endAtRead || replica.toldAtOnce() && partition.highWatermark() != watermarkAtRead;
        }
        return partition.retired() || partition.highWatermark() != watermarkAtRead;
    }

    // On the connection's loop

    /** Whether its answer has something that the reader has to know at once, with or without records: an error, that it has records which this log has not, or that it is to ask another broker. */
    boolean urgent() {
        return failed() || FetchResponse.isDivergingEpoch(answer) || answer.preferredReadReplica() != FetchResponse.INVALID_PREFERRED_REPLICA_ID;
    }

    private boolean failed() {
        return answer.errorCode() != Errors.NONE.code();
    }

    /** Whether records are there that the log could not find without the disk: it reads the pages now, and no new record may come to tell. */
    boolean notFoundYet() {
        return notFoundYet;
    }

    int expectedBytes() {
        return expectedBytes;
    }

    int readyBytes() {
        return records == null ? 0 : records.sizeInBytes();
    }

    /** Whether what it has came in a read that had been begun for another fetch: no room was kept for that. */
    boolean tookOver() {
        return takenOver && records != null;
    }

    /** Whether it is waited for, whatever else there is: earlier reads came to nobody, or the local disk reads its pages, which the next fetch would have it read again. */
    boolean isWaitedFor() {
        return (patient || hot != null) && records == null && !failed();
    }

    /** Whether bytes are being fetched from the cold tier: then there is data, and no reason to wait for more. */
    boolean cold() {
        return awaited.isPresent();
    }

    /** Begins to fetch what is not at hand yet; empty when the answer is complete. The future never fails: failures become error answers. */
    Optional<CompletableFuture<?>> gather(EventLoop loop) {
        if (awaited.isPresent()) {
            return Optional.of(arrival.thenAcceptAsync(this::coldArrived, loop).exceptionallyAsync(this::failed, loop));
        }
        if (hot == null) {
            return Optional.empty();
        }
        CompletableFuture<Void> pages = hot.probablyResident() ? CompletableFuture.completedFuture(null) : hot.prefetch();
        CompletableFuture<Void> ready = pages.thenCombine(aborted, (done, list) -> null);
        if (ready.isDone() && !ready.isCompletedExceptionally()) {
            hotReady();
            return Optional.empty();
        }
        return Optional.of(ready.thenRunAsync(this::hotReady, loop).exceptionallyAsync(this::failed, loop));
    }

    private void hotReady() {
        if (!answered) {
            answer.setAbortedTransactions(inKafkasForm(aborted.join()));
            records = new SentRecords.Hot(hot);
            hot = null;
        }
    }

    private void coldArrived(ColdArrival arrived) {
        if (answered) {
            arrived.read().release();
            partition.lateReads().wasted(wanted.fetchOffset);
        } else {
            answer.setAbortedTransactions(arrived.aborted().map(FetchPart::inKafkasForm).orElse(null));
            records = new SentRecords.Cold(arrived.read());
        }
    }

    private Void failed(Throwable cause) {
        if (!answered) {
            LOG.atDebug().addKeyValue("partition", id).addKeyValue("offset", wanted.fetchOffset).setCause(cause).log("Fetch could not be served");
            fail(ErrorMapping.of(cause));
        }
        return null;
    }

    private static List<FetchResponseData.AbortedTransaction> inKafkasForm(List<AbortedTransaction> aborted) {
        return aborted == null ? null : aborted.stream()
                .map(one -> new FetchResponseData.AbortedTransaction().setProducerId(one.producerId()).setFirstOffset(one.firstOffset())).toList();
    }

    /** Its records are left out of the answer, and come with the next. */
    void leaveOut() {
        discard();
        answer.setAbortedTransactions(committedOnly ? List.of() : null);
    }

    /** The answer as it stands; what comes later is not for it. */
    FetchResponseData.PartitionData answer(EventLoop loop) {
        answered = true;
        if (awaited.isPresent() && !arrival.isDone()) {
            leave(awaited.get(), loop);
        }
        if (records != null) {
            answer.setRecords(records);
            if (cold()) {
                partition.lateReads().served(wanted.fetchOffset);
            }
            if (reader instanceof FetchReader.Replica follower) {
                follower.throttle().record(partition.id().topicPartition(), records.sizeInBytes());
            }
        }
        return answer;
    }

    /** Before the answer is on its way: the next fetch may come as soon as it is, on the stack of whoever sends it, and is to find the read. */
    private void leave(AwaitedRead read, EventLoop loop) {
        if (partition.loop() == loop) {
            partition.lateReads().leave(read);
        } else {
            partition.loop().execute(() -> partition.lateReads().leave(read));
        }
    }

    /** No answer leaves: what is there is given back, and what comes is nobody's. */
    void giveUp() {
        answered = true;
        discard();
    }

    /** Gives back whatever was found; also to look again. */
    void discard() {
        if (hot != null) {
            hot.release();
            hot = null;
        }
        if (records != null) {
            records.release();
            records = null;
        }
    }
}
