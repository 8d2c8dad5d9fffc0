package io.firn.gateway.peer;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.ProducedRecords;
import io.firn.gateway.api.Timer;
import io.firn.gateway.quota.ThrottleQuota;
import io.firn.gateway.wire.PeerReply;
import io.firn.hot.EpochEnd;
import io.firn.hot.RecordBuffers;
import io.firn.hot.replication.FetchPosition;
import io.firn.hot.replication.FetchReadiness;
import io.firn.hot.replication.FetchReply;
import io.firn.hot.replication.FetchedBatches;
import io.firn.hot.replication.Replica;
import io.firn.hot.replication.ReplicaFetch;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.FetchSessionHandler;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.utils.LogContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches for the replicas of one event loop that follow one broker: one request at a time for all of them, in a fetch session (KIP-227).
 *
 * <pre>
 *   replicas READY ──▶ one request ──▶ each replica its reply ──▶ appends, forced in one round ──▶ replicas READY
 * </pre>
 *
 * <p>A replica asks only when what it has is durable, and a request that waits at the leader cannot be amended. So a request is not sent while a replica is busy with its log, but for at most {@value #PATIENCE_MS} ms; then it goes
 * without the busy ones and does not wait long. The replicas of a loop are forced in the same rounds, so that is rare.
 *
 * <p>Bytes: at most one answer is under way, of {@link FetchLimits#maxBytes} or one batch; it is held until the last replica has appended its part, and the next is asked for while some part still waits (for a new segment).
 * Records go from the receive buffers to the log without a copy.
 *
 * <p>The leader's session tells of a partition what it has not told yet. What it has told a replica of another time, which follows the same leader again by now, this one does not know: so such a replica is left out of
 * one request, that the session forgets it, and named anew in the next.
 *
 * <p>A request that fails loses every reply in it; each replica then waits as its own back-off says.
 *
 * <p>Threading: confined to the loop.
 */
public final class FollowerFetcher {

    private static final Logger LOG = LoggerFactory.getLogger(FollowerFetcher.class);
    private static final short VERSION = ApiKeys.FETCH.latestVersion();

    /** The first that tells the follower's broker epoch (KIP-903). */
    private static final short OLDEST_VERSION = 15;

    /** How much longer than a leader may keep a request its answer is waited for. */
    private static final long ANSWER_TIMEOUT_MS = 5_000;

    /** How long those that are ready wait for one that is busy with its log. */
    static final int PATIENCE_MS = 10;

    /** How often it is looked whether a replica's time after a failure is over; and how long a leader may keep a request meanwhile. */
    static final int BACKOFF_LOOK_MS = 50;

    private record Asked(Replica replica, FetchPosition position) {}

    private final int self;
    private final LongSupplier brokerEpoch;
    private final int leader;
    private final LeaderLink link;
    private final FetchLimits limits;
    private final ThrottleQuota throttle;
    private final Timer timer;
    private final Executor loop;
    private final FetchSessionHandler session;
    private final Map<TopicIdPartition, Replica> followed = new LinkedHashMap<>();
    /** What the newest request named: that, and nothing else, is in the leader's session. */
    private Map<TopicPartition, Asked> named = Map.of();
    /** In the leader's session since before they were removed. */
    private final Set<TopicIdPartition> toForget = new HashSet<>();
    private boolean inFlight;
    private boolean looking;
    private boolean lookingLater;
    private boolean waitingForBusy;
    private boolean outOfPatience;
    private boolean closed;

    /** @param brokerEpoch of this broker's registration */
    public FollowerFetcher(int self, LongSupplier brokerEpoch, int leader, LeaderLink link, FetchLimits limits, ThrottleQuota throttle, Timer timer, Executor loop) {
        this.self = self;
        this.brokerEpoch = brokerEpoch;
        this.leader = leader;
        this.link = link;
        this.limits = limits;
        this.throttle = throttle;
        this.timer = timer;
        this.loop = loop;
        this.session = new FetchSessionHandler(new LogContext("[follower of broker " + leader + "] "), leader);
    }

    /** Fetches for a replica that follows this broker. */
    public void add(TopicIdPartition id, Replica replica) {
        followed.put(id, replica);
        onReady();
    }

    /** The replica follows somebody else, or nobody. A reply under way still reaches it, and it knows that it is of another time. */
    public void remove(TopicIdPartition id) {
        followed.remove(id);
        if (named.containsKey(id.topicPartition())) {
            toForget.add(id);
        }
    }

    public boolean isEmpty() {
        return followed.isEmpty();
    }

    /** Asks no more. */
    public void close() {
        closed = true;
        followed.clear();
        named = Map.of();
        toForget.clear();
    }

    /** A replica may have something to ask. Looked at after what the loop has to do already, so that one request takes a whole round of them. */
    public void onReady() {
        if (!looking && !inFlight && !closed) {
            looking = true;
            loop.execute(this::look);
        }
    }

    private void look() {
        looking = false;
        if (inFlight || closed) {
            return;
        }
        boolean ready = false;
        boolean waiting = false;
        boolean busy = false;
        for (Map.Entry<TopicIdPartition, Replica> one : followed.entrySet()) {
            FetchReadiness readiness = readiness(one.getKey(), one.getValue());
            ready |= readiness == FetchReadiness.READY;
            waiting |= readiness == FetchReadiness.WAITING;
            busy |= readiness == FetchReadiness.BUSY;
        }
        if (!ready) {
            outOfPatience = false;
            if (waiting) {
                lookLater();
            }
        } else if (busy && !outOfPatience) {
            waitForBusy();
        } else {
            outOfPatience = false;
            int maxWaitMs = busy ? PATIENCE_MS : waiting ? BACKOFF_LOOK_MS : limits.maxWaitMs();
            send(someAreNamedAnew() ? 0 : Math.min(maxWaitMs, limits.maxWaitMs()));
        }
    }

    /** One that is slowed down waits as after a failure, until the average is below the limit again. */
    private FetchReadiness readiness(TopicIdPartition id, Replica replica) {
        FetchReadiness readiness = replica.readiness();
        return readiness == FetchReadiness.READY && !throttle.allows(id.topicPartition(), self) ? FetchReadiness.WAITING : readiness;
    }

    private boolean someAreNamedAnew() {
        return toForget.stream().anyMatch(followed::containsKey);
    }

    private void lookLater() {
        if (!lookingLater) {
            lookingLater = true;
            timer.after(BACKOFF_LOOK_MS, () -> loop.execute(() -> {
                lookingLater = false;
                onReady();
            }));
        }
    }

    private void waitForBusy() {
        if (!waitingForBusy) {
            waitingForBusy = true;
            timer.after(PATIENCE_MS, () -> loop.execute(() -> {
                waitingForBusy = false;
                outOfPatience = true;
                onReady();
            }));
        }
    }

    private void send(int maxWaitMs) {
        Map<TopicPartition, Asked> asked = new LinkedHashMap<>();
        FetchSessionHandler.Builder builder = session.newBuilder(followed.size(), false);
        followed.forEach((id, replica) -> Optional.of(replica).filter(wanted -> !toForget.contains(id) && throttle.allows(id.topicPartition(), self)).flatMap(Replica::nextFetch).ifPresent(position -> {
            asked.put(id.topicPartition(), new Asked(replica, position));
            builder.add(id.topicPartition(), wanted(id, position));
        }));
        FetchSessionHandler.FetchRequestData data = builder.build();
        named = asked;
        toForget.clear();
        FetchRequest.Builder request = new FetchRequest.Builder(OLDEST_VERSION, VERSION, self, brokerEpoch.getAsLong(), maxWaitMs, 1, data.toSend())
                .setMaxBytes(limits.maxBytes()).removed(data.toForget()).replaced(data.toReplace()).metadata(data.metadata());
        inFlight = true;
        fetch(request, maxWaitMs + ANSWER_TIMEOUT_MS).whenComplete((answer, failure) -> {
            inFlight = false;
            if (failure == null) {
                heed(asked, answer);
            } else {
                LOG.atDebug().addKeyValue("leader", leader).setCause(failure).log("A fetch from the leader failed");
                session.handleError(failure);
                lost(asked);
            }
            onReady();
        });
    }

    private CompletableFuture<PeerReply> fetch(FetchRequest.Builder request, long timeoutMs) {
        try {
            return link.fetch(request, timeoutMs);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void heed(Map<TopicPartition, Asked> asked, PeerReply answer) {
        Optional<Map<TopicPartition, FetchResponseData.PartitionData>> understood = understood(answer);
        if (understood.isEmpty() || asked.isEmpty()) { // those that were to be asked may not be, by now
            lost(asked);
            answer.release().run();
            return;
        }
        LastRelease release = new LastRelease(asked.size(), answer.release());
        for (Map.Entry<TopicPartition, Asked> one : List.copyOf(asked.entrySet())) {
            Optional<FetchResponseData.PartitionData> found = Optional.ofNullable(understood.get().get(one.getKey()));
            found.ifPresent(data -> throttle.record(one.getKey(), data.records() == null ? 0 : data.records().sizeInBytes()));
            tell(one.getValue(), found, release.part());
        }
    }

    /** Empty if the session is to be begun anew, or if nobody can make sense of the answer: that is as good as none, and the replicas must not wait for it for ever. */
    private Optional<Map<TopicPartition, FetchResponseData.PartitionData>> understood(PeerReply answer) {
        try {
            FetchResponse response = (FetchResponse) answer.response();
            return session.handleResponse(response, VERSION) ? Optional.of(response.responseData(session.sessionTopicNames(), VERSION)) : Optional.empty();
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("leader", leader).setCause(e).log("An answer of the leader could not be understood; it is asked again");
            session.handleError(e);
            return Optional.empty();
        }
    }

    private FetchRequest.PartitionData wanted(TopicIdPartition id, FetchPosition position) {
        Optional<Integer> lastEpoch = position.lastEpoch() == ReplicaFetch.NO_EPOCH ? Optional.empty() : Optional.of(position.lastEpoch());
        return new FetchRequest.PartitionData(id.topicId(), position.offset(), position.logStartOffset(), limits.partitionMaxBytes(), Optional.of(position.leaderEpoch()), lastEpoch);
    }

    private static void lost(Map<TopicPartition, Asked> asked) {
        asked.values().forEach(one -> one.replica.onLost(one.position));
    }

    /** What goes wrong at one replica must not keep the others' replies from them. */
    private void tell(Asked one, Optional<FetchResponseData.PartitionData> found, Runnable release) {
        try {
            one.replica.onReply(reply(one.position, found), release);
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("partition", one.replica.log().partition()).setCause(e).log("A replica failed at its leader's reply and follows no more");
            one.replica.fail("its leader's reply could not be taken: " + e);
            release.run();
        }
    }

    /** A session's answer leaves out what has not changed. */
    private static FetchReply reply(FetchPosition position, Optional<FetchResponseData.PartitionData> found) {
        if (found.isEmpty()) {
            return new FetchReply.Records(position, RecordBuffers.of(), 0, 0);
        }
        FetchResponseData.PartitionData data = found.get();
        Errors error = Errors.forCode(data.errorCode());
        if (error != Errors.NONE) {
            return new FetchReply.Failed(position, ErrorMapping.fetchError(error), data.logStartOffset());
        }
        if (FetchResponse.isDivergingEpoch(data)) {
            return new FetchReply.Diverging(position, new EpochEnd(data.divergingEpoch().epoch(), data.divergingEpoch().endOffset()), data.logStartOffset());
        }
        return new FetchReply.Records(position, FetchedBatches.usable(records(data), position.offset()), data.highWatermark(), data.logStartOffset());
    }

    private static RecordBuffers records(FetchResponseData.PartitionData data) {
        if (data.records() instanceof ProducedRecords received) {
            return received.bytes();
        }
        return data.records() instanceof MemoryRecords memory ? RecordBuffers.of(memory.buffer()) : RecordBuffers.of();
    }

    /** Lets go of an answer when every part of it was. */
    private static final class LastRelease {
        private final Runnable release;
        private int left;

        LastRelease(int parts, Runnable release) {
            this.left = parts;
            this.release = release;
        }

        /** To be run once; running it again does nothing. */
        Runnable part() {
            boolean[] released = new boolean[1];
            return () -> {
                if (!released[0]) {
                    released[0] = true;
                    left--;
                    if (left == 0) {
                        release.run();
                    }
                }
            };
        }
    }
}
