package io.firn.gateway.handler;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.api.Request;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.server.FetchContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One fetch request under way, from the first look at its partitions to its answer.
 *
 * <p>States: reading (each loop's partitions in turn, within the bytes left) → enough (min bytes, an error, or no time to wait)? then
 * gathering (cold chunks, pages not in memory, aborted transactions) → answered; else waiting for a high watermark to move, the client to go or
 * {@code maxWait} to end (or, for records whose pages are being read, a short while) → reading again. No thread is held in any state.
 *
 * <p><b>Gathering</b> a read from the cold tier may outlast {@code maxWait}: the answer leaves with what is there by then, if
 * that is anything; otherwise with the first read that ends. Once what is there is as much as the client asks for at least, or something it has to know at once, the rest has a moment. The others go on, for the next fetch that waits for them or into the cache. The
 * cold tier bounds each read in time, so every fetch ends.
 *
 * <p>Threading: confined to the connection's loop; a partition of another loop is read there, by a message that carries the
 * bytes left, and one back.
 */
final class FetchOperation {

    private static final Logger LOG = LoggerFactory.getLogger(FetchOperation.class);

    /** Least time given to cold reads, also when the client would rather have an empty answer at once. */
    private static final long GATHER_MIN_MS = 500;

    /**
     * How long reads from the cold tier that are still under way are waited for once what is there would do for an answer. What was fetched ahead is there at once; what a distant store is asked for takes ten times as long, and one
     * partition would hold up all others of its consumer, whose next fetch comes for the rest of them.
     */
    private static final long GATHER_MORE_MS = 10;

    /** Pause before looking again for records that are there, but whose place in the file is still being read; and how often one fetch does so. */
    private static final long LOOK_AGAIN_MS = 5;
    private static final int MOST_LOOKS = 100;

    /** Most bytes of records in one answer, whatever the client asks for (Kafka's default of {@code fetch.max.bytes}); one first batch may be larger. */
    private static final int MAX_BYTES = 55 << 20;

    private final Request request;
    private final FetchRequest body;
    private final FetchContext context;
    private final Partitions partitions;
    private final FetchReader reader;
    private final EventLoop loop;
    private final boolean committedOnly;
    private final int maxBytes;
    private final long deadlineMs;
    private final InstantSource clock;

    private final Map<TopicIdPartition, FetchPart> parts = new LinkedHashMap<>();
    private final List<List<FetchPart>> byLoop = new ArrayList<>(1);
    private final List<Runnable> watches = new ArrayList<>();
    private Future<?> timer;
    private Future<?> moment;
    private boolean gathering;
    private boolean wakeQueued;
    /** Set by the first loop that wakes a waiting replica, so that the others need not. */
    private final AtomicBoolean woken = new AtomicBoolean();
    private int looks;
    private boolean waiting;
    private boolean expired;
    private boolean ended;

    FetchOperation(Request request, FetchRequest body, FetchContext context, Partitions partitions, FetchReader reader, InstantSource clock) {
        this.request = request;
        this.body = body;
        this.context = context;
        this.partitions = partitions;
        this.reader = reader;
        this.loop = request.loop();
        this.committedOnly = body.isolationLevel() == IsolationLevel.READ_COMMITTED;
        this.clock = clock;
        this.maxBytes = Math.max(0, Math.min(body.maxBytes(), MAX_BYTES));
        this.deadlineMs = clock.millis() + Math.max(0, body.maxWait());
    }

    void start() {
        // What is not here comes last, topic by topic: the library's answer cannot hold a topic behind one that has neither name nor id.
        Map<Uuid, Map<TopicIdPartition, FetchPart>> missing = new LinkedHashMap<>();
        context.foreachPartition((id, wanted) -> {
            boolean anyReplica = reader instanceof FetchReader.Mender || reader instanceof FetchReader.Consumer consumer && consumer.anyReplica();
            FetchPart part = new FetchPart(id, wanted, anyReplica ? partitions.readable(id) : partitions.locate(id), reader, maxBytes);
            (part.located() ? parts : missing.computeIfAbsent(id.topicId(), topic -> new LinkedHashMap<>())).put(id, part);
        });
        missing.values().forEach(parts::putAll);
        Map<Executor, List<FetchPart>> grouped = new LinkedHashMap<>();
        for (FetchPart part : parts.values()) {
            if (part.located()) {
                grouped.computeIfAbsent(part.partition().loop(), any -> new ArrayList<>()).add(part);
            }
        }
        byLoop.addAll(grouped.values());
        readAll();
    }

    // Reading

    private void readAll() {
        readFrom(0, maxBytes, true);
    }

    /** Reads the groups from {@code group} on with {@code bytesLeft}; {@code nothingYet} lets the first batch exceed every limit. */
    private void readFrom(int group, int bytesLeft, boolean nothingYet) {
        int left = bytesLeft;
        boolean empty = nothingYet;
        for (int i = group; i < byLoop.size(); i++) {
            List<FetchPart> mine = byLoop.get(i);
            Executor owner = mine.get(0).partition().loop();
            if (owner != loop) {
                int next = i + 1;
                int leftNow = left;
                boolean emptyNow = empty;
                owner.execute(() -> {
                    int read = read(mine, leftNow, emptyNow);
                    loop.execute(() -> readFrom(next, leftNow - read, emptyNow && read == 0));
                });
                return;
            }
            int read = read(mine, left, empty);
            left -= read;
            empty &= read == 0;
        }
        evaluate();
    }

    private int read(List<FetchPart> mine, int bytesLeft, boolean nothingYet) {
        int read = 0;
        for (FetchPart part : mine) {
            read += part.read(Math.max(0, bytesLeft - read), nothingYet && read == 0, committedOnly);
        }
        return read;
    }

    private void evaluate() {
        long bytes = 0;
        boolean urgent = parts.isEmpty();
        for (FetchPart part : parts.values()) {
            bytes += part.expectedBytes();
            urgent |= part.urgent() || part.cold();
        }
        long leftMs = deadlineMs - clock.millis();
        if (urgent || expired || bytes >= Math.min(body.minBytes(), maxBytes) || leftMs <= 0) {
            gather();
        } else if (request.abandoned()) {
            drop();
        } else {
            await(leftMs);
        }
    }

    // Waiting

    private void await(long leftMs) {
        parts.values().forEach(FetchPart::discard);
        waiting = true;
        woken.set(false);
        request.whenAbandoned(this::abandon);
        if (!waiting) {
            return;
        }
        long waitMs = Math.min(leftMs, body.maxWait());
        boolean lookAgain = LOOK_AGAIN_MS < waitMs && looks < MOST_LOOKS && parts.values().stream().anyMatch(FetchPart::notFoundYet);
        looks += lookAgain ? 1 : 0;
        timer = lookAgain ? loop.schedule(this::wake, LOOK_AGAIN_MS, TimeUnit.MILLISECONDS) : loop.schedule(this::expire, waitMs, TimeUnit.MILLISECONDS);
        for (List<FetchPart> mine : byLoop) {
            Executor owner = mine.get(0).partition().loop();
            if (owner == loop) {
                watch(mine);
            } else {
                owner.execute(() -> watch(mine));
            }
        }
    }

    /** On the partitions' loop. A watermark that moved since the read (or a log's end) wakes at once. */
    private void watch(List<FetchPart> mine) {
        Runnable unwatch = reader instanceof FetchReader.Replica replica ? watchEnds(mine, replica) : watchWatermarks(mine, watermark -> wakeSoon());
        boolean missed = mine.stream().anyMatch(FetchPart::movedSinceRead);
        Executor owner = mine.get(0).partition().loop();
        if (owner == loop) {
            watches.add(unwatch);
        } else {
            loop.execute(() -> registered(() -> owner.execute(unwatch)));
        }
        if (missed) {
            wakeSoon();
        }
    }

    private static Runnable watchWatermarks(List<FetchPart> mine, LongConsumer listener) {
        mine.forEach(part -> part.partition().addWatermarkListener(listener));
        return () -> mine.forEach(part -> part.partition().removeWatermarkListener(listener));
    }

    private Runnable watchEnds(List<FetchPart> mine, FetchReader.Replica replica) {
        Runnable listener = this::wakeOnce;
        mine.forEach(part -> part.partition().addEndListener(listener));
        Runnable watermarks = replica.toldAtOnce() ? watchWatermarks(mine, watermark -> wakeOnce()) : () -> {};
        return () -> {
            mine.forEach(part -> part.partition().removeEndListener(listener));
            watermarks.run();
        };
    }

    private void registered(Runnable unwatch) {
        if (waiting) {
            watches.add(unwatch);
        } else {
            unwatch.run();
        }
    }

    /** From any loop. The task runs after what is queued already, so that one wake sees a whole burst of appends. */
    private void wakeSoon() {
        loop.execute(() -> {
            if (waiting && !wakeQueued) {
                wakeQueued = true;
                loop.execute(this::wake);
            }
        });
    }

    /** From any loop, of those who are told once for all appends of a turn. */
    private void wakeOnce() {
        if (woken.compareAndSet(false, true)) {
            loop.execute(this::wake);
        }
    }

    /** The wait is over whatever the wall clock says by now: it may have been set back. */
    private void expire() {
        expired = true;
        wake();
    }

    private void wake() {
        wakeQueued = false;
        if (!waiting) {
            return;
        }
        stopWaiting();
        readAll();
    }

    private void stopWaiting() {
        waiting = false;
        if (timer != null) {
            timer.cancel(false);
        }
        watches.forEach(Runnable::run);
        watches.clear();
    }

    /** A client may go long before its {@code maxWait} is over; what it wanted to be told of is left at once. */
    private void abandon() {
        if (waiting) {
            stopWaiting();
            drop();
        }
    }

    // Gathering

    private void gather() {
        List<CompletableFuture<?>> pending = new ArrayList<>(0);
        for (FetchPart part : parts.values()) {
            part.gather(loop).ifPresent(pending::add);
        }
        if (pending.isEmpty()) {
            answer();
            return;
        }
        CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new)).whenCompleteAsync((done, failed) -> answer(), loop);
        gathering = true;
        pending.forEach(read -> read.thenRunAsync(this::gatheredSome, loop));
        gatheredSome();
        long patienceMs = Math.max(GATHER_MIN_MS, deadlineMs - clock.millis());
        timer = loop.schedule(() -> answerWithWhatIsThere(pending), patienceMs, TimeUnit.MILLISECONDS);
        request.whenAbandoned(this::answer); // which leaves the reads to others
    }

    /** Enough for an answer: the rest has a moment. */
    private void gatheredSome() {
        if (gathering && (isEnough() || anyUrgent())) {
            gathering = false;
            moment = loop.schedule(this::answer, GATHER_MORE_MS, TimeUnit.MILLISECONDS);
        }
    }

    private boolean isEnough() {
        return readyBytes() >= Math.max(1, Math.min(body.minBytes(), maxBytes)) && parts.values().stream().noneMatch(FetchPart::isWaitedFor);
    }

    private long readyBytes() {
        return parts.values().stream().mapToLong(FetchPart::readyBytes).sum();
    }

    private boolean anyUrgent() {
        return parts.values().stream().anyMatch(FetchPart::urgent);
    }

    private void answerWithWhatIsThere(List<CompletableFuture<?>> pending) {
        if (readyBytes() > 0 || anyUrgent()) {
            answer();
        } else {
            CompletableFuture.anyOf(pending.toArray(CompletableFuture[]::new)).whenCompleteAsync((done, failed) -> answer(), loop);
        }
    }

    private void answer() {
        if (ended) {
            return;
        }
        ended = true;
        gathering = false;
        if (timer != null) {
            timer.cancel(false);
        }
        if (moment != null) {
            moment.cancel(false);
        }
        try {
            leaveOutWhatIsTooMuch();
            LinkedHashMap<TopicIdPartition, FetchResponseData.PartitionData> answers = new LinkedHashMap<>();
            parts.forEach((id, part) -> answers.put(id, part.answer(loop)));
            FetchResponse response = context.updateAndGenerateResponseData(answers, List.of());
            request.respond(response.data(), () -> parts.values().forEach(FetchPart::discard));
        } catch (RuntimeException e) {
            // Two partitions of a topic with neither name nor id: the library cannot say anything about them, and Kafka answers with the same error. Or a partition's loop has ended before the connection's, and takes back no read.
            LOG.atWarn().addKeyValue("client", request.clientAddress()).setCause(e).log("The answer to a fetch could not be made");
            parts.values().forEach(FetchPart::giveUp);
            request.fail(e);
        }
    }

    /** No room was kept for what came in reads of earlier fetches. If all is too much now, the last ones stand back, whatever tier they are from: who gets nothing is before those that did in the next fetch of a session, and of a consumer without one. */
    private void leaveOutWhatIsTooMuch() {
        if (parts.values().stream().noneMatch(FetchPart::tookOver)) {
            return;
        }
        List<FetchPart> ready = parts.values().stream().filter(part -> part.readyBytes() > 0).toList();
        long tooMuch = readyBytes() - maxBytes;
        for (int last = ready.size() - 1; last > 0 && tooMuch > 0; last--) {
            tooMuch -= ready.get(last).readyBytes();
            ready.get(last).leaveOut();
        }
    }

    private void drop() {
        ended = true;
        parts.values().forEach(FetchPart::discard);
        request.noResponse();
    }
}
