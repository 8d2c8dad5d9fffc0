package io.firn.retention;

import io.firn.cold.ColdDamage;
import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdSegmentLog;
import io.firn.cold.ColdStoreException;
import io.firn.hot.HotLogConfig;
import io.firn.retention.ScrubMeters.Found;
import io.firn.retention.ScrubPlaces.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Looks after the objects of one partition that this broker leads: sweeps what belongs to nobody, reads what counts, and mends what is missing or damaged.
 *
 * <pre>
 *   sweep   waits ──due──▶ turn (one in the broker, ten a second) ──▶ {@link ColdSweep} ──▶ mend what is missing ──▶ waits: the interval, or until orphans come of age
 *             ▲ within the hour after this broker began to lead, as a change of leaders is what leaves orphans
 *   scrub   waits ──due──▶ turn (one in the broker, so many bytes a second over all partitions) ──▶ {@link ScrubStep} ──▶ mend ──▶ turn ─▶ … ──▶ round over: waits until the interval since its beginning is over
 *             ▲ where a restart has cut it short: goes on there ({@link ScrubPlaces}), after it has read anew what it had found damaged; of a partition that is new here: at some time within the interval
 * </pre>
 *
 * <p><b>Who</b>: the leader, through the cold log it has opened; nobody else can prove that something is an orphan. Partitions of topics that are gone have no leader: {@link TopicSweep}.
 *
 * <p><b>What is wrong</b> is said once at ERROR, and counts in the gauges until it is mended, or no longer live, or found sound by the next reading. Every sweep tries to mend it again: from the local disk ({@link HotRepair}), else from another replica's ({@link ReplicaRepair}). Manifest pages
 * cannot be mended, nor what they list; that holds up the mending of nothing else. A newest manifest that cannot be read is replaced by the next one.
 *
 * <p>Where offload has stopped, as the local disk fails say, the bucket is still compared and read; then nothing is deleted nor mended, as only the Offloader changes the cold log.
 *
 * <p>Failures: the bucket away, or the leader fenced: again later with {@link Backoff}; fencing itself is the Offloader's to say. Something that cannot be read as a log is what is looked for here, not a failure.
 *
 * <p><b>On crash</b>: nothing is remembered but how far reading has come, and where it has found damage. A sweep that was cut short leaves what it would have deleted; a repair at most an orphan.
 *
 * <p>Cost for a partition on which nothing happens: a sweep's 3 requests an interval, and reading it once in the scrub's.
 *
 * <p>Limits: {@link #KNOWN_LIMIT} objects known to be wrong, others are counted; {@link #MENDED_IN_TURN} tried in one turn, the next ones in another. Threading: confined to the partition's loop; steps run on the thread of the scrub and come back as messages.
 */
final class ColdScrubber {
    /** Within it the first sweep comes after this broker began to lead, at some time, so that many partitions do not come at once. */
    static final long FIRST_SWEEP_MS = 3_600_000;
    private static final int KNOWN_LIMIT = 1_000;
    /** Broken segments that one turn tries to mend: each may take minutes, while other partitions wait for their turns. */
    static final int MENDED_IN_TURN = 8;
    private static final Logger logger = LoggerFactory.getLogger(ColdScrubber.class);

    private final TieredLog log;
    private final PartitionLoop loop;
    private final Offloader offloader;
    private final ColdChanges changes;
    private final Work work;
    private final Scrubs scrubs;
    /** What is wrong, by key. */
    private final Map<String, ColdDamage> broken = new LinkedHashMap<>();
    private long nextSweepMs;
    private long nextReadMs;
    private ScrubStep.At at = ScrubStep.At.segmentOf(0);
    private long roundBegunAtMs;
    private boolean roundUnderWay;
    /** Where segments begin that were found damaged before a restart, the one that is being read first. */
    private final Deque<Long> known = new ArrayDeque<>();
    /** Found by the last step, more than one turn tries to mend: the next turns try them, before reading goes on. No more than a step finds. */
    private final Deque<ColdDamage> untried = new ArrayDeque<>();
    private long nextTryMs;
    private ScrubStep.At atKnown = ScrubStep.At.segmentOf(0);
    private long nextKnownMs;
    private boolean sweeping;
    private boolean reading;
    private int sweepFailures;
    private int readFailures;
    private Found found = Found.NOTHING;
    private long moreListed;
    private long moreRead;
    /** Base offset of the last broken segment that a sweep has tried to mend; -1 when it has come to the last one. */
    private long triedUpTo = -1;
    private volatile boolean closed;

    ColdScrubber(TieredLog log, PartitionLoop loop, Offloader offloader, Work work) {
        this.log = log;
        this.loop = loop;
        this.offloader = offloader;
        this.changes = new ColdChanges(offloader, loop);
        this.work = work;
        this.scrubs = work.scrubs();
        long nowMs = work.nowMs();
        if (scrubs.config().sweeps()) {
            this.nextSweepMs = nowMs + (long) (Math.min(FIRST_SWEEP_MS, scrubs.config().sweepIntervalMs()) * work.random().getAsDouble());
        }
        if (scrubs.config().scrubs()) {
            begin(scrubs.places().of(log.hot().partition()), nowMs);
        }
    }

    private void begin(Optional<Place> place, long nowMs) {
        place.ifPresent(before -> known.addAll(before.damaged()));
        nextKnown(nowMs);
        roundBegunAtMs = Math.min(nowMs, place.map(Place::begunAtMs).orElse(nowMs));
        roundUnderWay = place.filter(known -> !known.over()).isPresent();
        if (roundUnderWay) {
            at = ScrubStep.At.segmentOf(place.get().offset());
            nextReadMs = nowMs;
        } else {
            nextReadMs = place.isPresent() ? roundBegunAtMs + scrubs.config().scrubIntervalMs() : nowMs + (long) (scrubs.config().scrubIntervalMs() * work.random().getAsDouble());
        }
    }

    private void nextKnown(long atMs) {
        nextKnownMs = atMs;
        if (!known.isEmpty()) {
            atKnown = ScrubStep.At.segmentOf(known.element());
        }
    }

    /** A step under way ends at the next request; what it finds is nobody's business any more. */
    void close() {
        closed = true;
        broken.clear();
        untried.clear();
        stand(Found.NOTHING);
    }

    /** Starts what is due. */
    void look() {
        if (!possible()) {
            return;
        }
        if (scrubs.config().sweeps() && !sweeping && work.nowMs() >= nextSweepMs) {
            sweeping = true;
            ask(scrubs.sweeps(), 1, loop.executor(), this::sweepGranted);
        }
        if (scrubs.config().scrubs() && !reading && work.nowMs() >= nextReadTurnMs() && !offloader.own().orElseThrow().isEmpty()) {
            reading = true;
            ask(scrubs.reads(), scrubs.stepBytes(), loop.executor(), this::readGranted);
        }
    }

    private long nextReadTurnMs() {
        if (!untried.isEmpty()) {
            return nextTryMs;
        }
        return known.isEmpty() ? nextReadMs : nextKnownMs;
    }

    /** Where offload has stopped the more so: what is there can be looked at, though nothing can be changed. */
    private boolean possible() {
        return !closed && !work.closed().get() && offloader.own().isPresent() && !offloader.fenced() && log.offlineReason().isEmpty();
    }

    private void ask(Turns turns, long sizeBytes, Executor on, Runnable granted) {
        work.post(() -> turns.request(new Turns.Turn(on, sizeBytes, granted), work.nowMs()));
    }

    private void giveBack(Turns turns) {
        work.post(() -> turns.release(work.nowMs()));
    }

    // Sweep

    private void sweepGranted() {
        if (!possible()) {
            sweeping = false;
            giveBack(scrubs.sweeps());
            return;
        }
        ColdLog cold = offloader.own().orElseThrow();
        ColdSweep sweep = new ColdSweep(cold, () -> changes.make(0, ColdLog::prove), () -> changes.make(0, ColdLog::restate), patience(), scrubs.config().graceMs(), work.nowMs());
        loop.bring(onThread(sweep::run)).thenCompose(result -> closed ? CompletableFuture.completedFuture(null) : swept(result)).whenComplete((done, failure) -> sweepOver(Optional.ofNullable(failure)));
    }

    /** A newest manifest that cannot be read, and that another one could not be put over either. */
    private void noteIfManifest(Throwable failure) {
        if (failure instanceof ColdStoreException.Corrupt && !closed) {
            note(new ColdDamage("newest manifest", failure.getMessage(), false, Optional.empty()), broken.containsKey("newest manifest"));
            stand(found);
        }
    }

    private CompletableFuture<Void> swept(ColdSweep.Result result) {
        scrubs.meters().swept();
        nextSweepMs = work.nowMs() + Math.min(scrubs.config().sweepIntervalMs(), result.againInMs().orElse(Long.MAX_VALUE));
        Map<String, ColdDamage> before = new HashMap<>(broken);
        broken.values().removeIf(ColdScrubber::seenByListing); // told anew, if it is still so
        moreListed = result.moreDamage() + result.damage().stream().filter(damage -> !note(damage, before.containsKey(damage.key()))).count();
        stand(new Found(result.orphans(), result.orphanBytes(), 0, 0));
        return mendSome().thenCompose(mended -> result.failure().<CompletableFuture<Void>>map(CompletableFuture::failedFuture).orElseGet(() -> CompletableFuture.completedFuture(null)));
    }

    /** From where the turn before has stopped; further ones in another turn, at once. What cannot be mended holds up nothing behind it. */
    private CompletableFuture<Void> mendSome() {
        List<ColdDamage> left = broken.values().stream().filter(damage -> damage.segment().filter(segment -> segment.baseOffset() > triedUpTo).isPresent()).sorted(Comparator.comparingLong(ColdScrubber::baseOffset)).toList();
        boolean more = left.size() > MENDED_IN_TURN;
        List<ColdDamage> now = left.subList(0, more ? MENDED_IN_TURN : left.size());
        return mend(now).thenRun(() -> {
            triedUpTo = more ? baseOffset(now.get(now.size() - 1)) : -1;
            nextSweepMs = more ? work.nowMs() : nextSweepMs;
        });
    }

    private static long baseOffset(ColdDamage damage) {
        return damage.segment().orElseThrow().baseOffset();
    }

    /** What was found by reading stays known until it is mended, no longer live, or read anew. */
    private static boolean seenByListing(ColdDamage damage) {
        return damage.missing() || damage.segment().isEmpty();
    }

    private void sweepOver(Optional<Throwable> failure) {
        sweeping = false;
        giveBack(scrubs.sweeps());
        sweepFailures = failure.isPresent() ? sweepFailures + 1 : 0;
        failure.map(PartitionLoop::unwrapped).ifPresent(cause -> {
            noteIfManifest(cause);
            long mostMs = broken.isEmpty() ? scrubs.config().sweepIntervalMs() : Math.min(FIRST_SWEEP_MS, scrubs.config().sweepIntervalMs()); // the local copy that could mend it may not be there for long
            nextSweepMs = failed(cause, Backoff.within(mostMs), sweepFailures);
        });
    }

    // Scrub

    private void readGranted() {
        if (!possible()) {
            reading = false;
            giveBack(scrubs.reads());
            return;
        }
        if (!untried.isEmpty()) {
            mendUntried().whenComplete((done, failure) -> readOver(Optional.ofNullable(failure)));
            return;
        }
        if (known.isEmpty() && !roundUnderWay) {
            roundUnderWay = true;
            roundBegunAtMs = work.nowMs();
            moreRead = 0; // counted anew
            at = ScrubStep.At.segmentOf(0);
        }
        ScrubStep.At from = known.isEmpty() ? at : atKnown;
        ScrubStep step = new ScrubStep(offloader.own().orElseThrow(), from, known.isEmpty() ? Long.MAX_VALUE : known.element() + 1, scrubs.stepBytes(), patience(), this::givenUp);
        loop.bring(onThread(step::run)).thenCompose(result -> closed ? CompletableFuture.completedFuture(null) : read(result)).whenComplete((done, failure) -> readOver(Optional.ofNullable(failure)));
    }

    private CompletableFuture<Void> read(ScrubStep.Result result) {
        scrubs.meters().read(result.readBytes());
        for (ColdSegment segment : result.sound()) {
            scrubs.meters().sound();
            broken.remove(segment.key());
        }
        moreRead += result.damage().stream().filter(damage -> !note(damage, broken.containsKey(damage.key()))).count();
        stand(found);
        if (known.isEmpty()) {
            goOn(result);
        } else {
            goOnKnown(result);
        }
        scrubs.places().put(log.hot().partition(), new Place(roundUnderWay ? at.offset() : Place.OVER, roundBegunAtMs, damaged()));
        untried.addAll(result.damage());
        nextTryMs = work.nowMs();
        return mendUntried();
    }

    /** Some of them; a failure leaves these to the next sweep, or round. */
    private CompletableFuture<Void> mendUntried() {
        List<ColdDamage> now = new ArrayList<>();
        while (!untried.isEmpty() && now.size() < MENDED_IN_TURN) {
            now.add(untried.remove());
        }
        return mend(now);
    }

    private void goOn(ScrubStep.Result result) {
        at = result.at();
        nextReadMs = work.nowMs();
        if (result.ended()) {
            scrubs.meters().roundEnded();
            roundUnderWay = false;
            nextReadMs = roundBegunAtMs + scrubs.config().scrubIntervalMs();
        }
    }

    private void goOnKnown(ScrubStep.Result result) {
        atKnown = result.at();
        if (result.ended()) {
            known.remove();
            nextKnown(work.nowMs());
        }
    }

    /** After a restart they are read first: what is damaged is known in memory only, and is to be known again soon. */
    private List<Long> damaged() {
        Stream<Long> found = broken.values().stream().filter(damage -> !seenByListing(damage)).map(damage -> damage.segment().orElseThrow().baseOffset());
        return Stream.concat(found, known.stream()).distinct().toList();
    }

    private void readOver(Optional<Throwable> failure) {
        reading = false;
        giveBack(scrubs.reads());
        readFailures = failure.isPresent() ? readFailures + 1 : 0;
        failure.map(PartitionLoop::unwrapped).ifPresent(cause -> {
            at = ScrubStep.At.segmentOf(at.offset());
            long againMs = failed(cause, Backoff.COLD_TIER, readFailures);
            nextReadMs = Math.max(nextReadMs, againMs); // a round that is over is over
            nextKnown(againMs);
            nextTryMs = againMs;
        });
        if (failure.isEmpty()) {
            look();
        }
    }

    // What is wrong

    /** False if there is too much already to know it by its name. */
    private boolean note(ColdDamage damage, boolean known) {
        if (!known && broken.size() >= KNOWN_LIMIT) {
            return false;
        }
        broken.put(damage.key(), damage);
        if (!known) {
            logger.atError().addKeyValue("partition", log.hot().partition()).addKeyValue("object", damage.key()).addKeyValue("problem", damage.what())
                    .log(damage.missing() ? "An object of the cold tier is missing" : "An object of the cold tier is damaged");
        }
        return true;
    }

    private void stand(Found orphans) {
        long missing = broken.values().stream().filter(ColdDamage::missing).count();
        Found now = closed ? Found.NOTHING : new Found(orphans.orphans(), orphans.orphanBytes(), missing + moreListed, broken.size() - missing + moreRead);
        scrubs.meters().moved(found, now);
        found = now;
    }

    /** Tries to mend segments, one after the other; completes on the loop, with a failure if the bucket or the scratch disk is to blame. */
    private CompletableFuture<Void> mend(List<ColdDamage> damage) {
        CompletableFuture<Void> mended = CompletableFuture.completedFuture(null);
        if (offloader.state() instanceof OffloadState.Stopped) {
            return mended;
        }
        for (ColdDamage one : damage.stream().filter(each -> each.segment().isPresent()).toList()) {
            mended = mended.thenCompose(before -> closed ? CompletableFuture.failedFuture(new CancellationException("the scrub was given up")) : mend(one, one.segment().get()));
        }
        return mended;
    }

    private CompletableFuture<Void> mend(ColdDamage damage, ColdSegment segment) {
        ColdLog cold = offloader.own().orElseThrow();
        Copies copies = new Copies(retained(segment), log.hot().lineage(), log.config().hot(), log.role().leaderEpoch());
        return loop.bring(onThread(() -> mended(cold, segment, copies))).handle((outcome, failure) -> {
            copies.local().forEach(SealedSource::release);
            if (failure != null) {
                return CompletableFuture.<Void>failedFuture(failure);
            }
            if (!closed) {
                told(damage, outcome);
            }
            return CompletableFuture.<Void>completedFuture(null);
        }).thenCompose(Function.identity());
    }

    private void told(ColdDamage damage, Outcome outcome) {
        if (outcome instanceof Outcome.Stays stays) {
            logger.atLevel(stays.refusals().isEmpty() ? Level.DEBUG : Level.WARN).addKeyValue("partition", log.hot().partition()).addKeyValue("object", damage.key()).addKeyValue("why", stays.why()).addKeyValue("replicas", stays.refusals())
                    .log("A broken object of the cold tier cannot be mended");
            return;
        }
        broken.remove(damage.key());
        stand(found);
        if (outcome instanceof Outcome.Mended mended) {
            scrubs.meters().repaired(mended.source());
            logger.atWarn().addKeyValue("partition", log.hot().partition()).addKeyValue("object", damage.key()).addKeyValue("from", mended.from()).log("A broken object of the cold tier was replaced");
        }
    }

    /** What this broker has to mend a segment with. @param local retained */
    private record Copies(List<SealedSource> local, ByteBuffer lineage, HotLogConfig config, int leaderEpoch) {}

    private sealed interface Outcome {

        /** @param from for people */
        record Mended(ScrubMeters.Source source, String from) implements Outcome {}

        /** Somebody else has replaced or dropped it. */
        record Gone() implements Outcome {}

        /** @param refusals of other replicas that were asked */
        record Stays(String why, List<String> refusals) implements Outcome {}
    }

    /** The local segments that hold any of its range. On the loop. */
    private List<SealedSource> retained(ColdSegment segment) {
        List<SealedSource> local = new ArrayList<>();
        log.hot().sealedSegments(Long.MAX_VALUE).stream().filter(sealed -> sealed.nextOffset() > segment.baseOffset() && sealed.baseOffset() < segment.nextOffset())
                .forEach(sealed -> local.add(new SealedSource(sealed.retain())));
        return local;
    }

    /** On the thread of the scrub. One that cannot be found any more, as its manifest page is lost, must not hold up the others. */
    private Outcome mended(ColdLog cold, ColdSegment segment, Copies copies) throws IOException {
        try {
            return mendedOrGone(cold, segment, copies);
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt unreadable) {
            logger.atWarn().addKeyValue("partition", log.hot().partition()).addKeyValue("object", segment.key()).addKeyValue("cause", unreadable.getMessage())
                    .log("A broken object of the cold tier cannot be replaced, as something else there cannot be read");
            return new Outcome.Stays(String.valueOf(unreadable.getMessage()), List.of());
        }
    }

    private Outcome mendedOrGone(ColdLog cold, ColdSegment segment, Copies copies) throws IOException {
        Patience patience = patience();
        if (!patience.await(cold.isLive(segment))) {
            return new Outcome.Gone();
        }
        boolean replicas = !scrubs.replicas().get().holders(log.hot().partition()).isEmpty();
        Optional<ColdSegmentLog> tail = copies.local().isEmpty() && !replicas ? Optional.empty() : tail(cold, segment);
        boolean compacted = copies.config().compacted() || cold.cleanOffset() > segment.baseOffset();
        HotRepair repair = new HotRepair(new HotRepair.Order(segment, tail, copies.local(), compacted, copies.config().indexIntervalBytes()), changes, scrubs.scratch(), patience, this::givenUp);
        Optional<String> stays = repair.run();
        if (stays.isEmpty()) {
            return repair.replaced() ? new Outcome.Mended(ScrubMeters.Source.LOCAL, "the local disk") : new Outcome.Gone();
        }
        return replicas && !(compacted && tail.isEmpty()) ? mendedByReplica(cold, new Replacement(segment, tail, changes, patience), copies, stays.get()) : new Outcome.Stays(stays.get(), List.of());
    }

    private Outcome mendedByReplica(ColdLog cold, Replacement replacement, Copies copies, String why) throws IOException {
        SegmentEnding ending = SegmentEnding.of(cold, replacement.broken(), replacement.tail(), copies.lineage(), replacement.patience());
        ReplicaCopy.Ground ground = new ReplicaCopy.Ground(log.hot().partition(), copies.leaderEpoch(), scrubs.replicas().get(), scrubs.spareBytes(), scrubs.fetchPace(), this::fetchTurn, work::nowMs, replacement.patience(), this::givenUp);
        ReplicaRepair repair = new ReplicaRepair(replacement, ending, ground, scrubs.scratch(), copies.config().indexIntervalBytes());
        Optional<Integer> broker = repair.run();
        if (broker.isEmpty()) {
            return new Outcome.Stays(why, repair.refusals());
        }
        return repair.replaced() ? new Outcome.Mended(ScrubMeters.Source.REPLICA, "broker " + broker.get()) : new Outcome.Gone();
    }

    /** Done when as many bytes more may be fetched as a step of the scrub may read. The pace is kept by when turns are given, so each is given back at once. */
    private CompletableFuture<Void> fetchTurn() {
        CompletableFuture<Void> granted = new CompletableFuture<>();
        ask(scrubs.fetches(), scrubs.stepBytes(), Runnable::run, () -> {
            giveBack(scrubs.fetches());
            granted.complete(null);
        });
        return granted;
    }

    private Optional<ColdSegmentLog> tail(ColdLog cold, ColdSegment segment) {
        try {
            return Optional.of(patience().await(cold.openSegment(segment)));
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt gone) {
            return Optional.empty();
        }
    }

    // Threads

    private Patience patience() {
        return new Patience(scrubs.closing());
    }

    private boolean givenUp() {
        return closed || work.closed().get();
    }

    private interface Step<T> {
        T run() throws IOException, InterruptedException;
    }

    private <T> CompletableFuture<T> onThread(Step<T> step) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            scrubs.thread().execute(() -> {
                try {
                    result.complete(step.run());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    result.completeExceptionally(new CancellationException("interrupted"));
                } catch (IOException | RuntimeException | Error e) { // whatever it is, the turn has to be given back
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException closing) {
            result.completeExceptionally(new CancellationException("the retention worker closes"));
        }
        return result;
    }

    /** When to try again. */
    private long failed(Throwable failure, Backoff backoff, int failures) {
        if (failure instanceof CancellationException || closed) {
            logger.atDebug().addKeyValue("partition", log.hot().partition()).addKeyValue("cause", failure).log("Sweep or scrub of the cold tier was given up");
        } else {
            scrubs.meters().failed();
            boolean expected = failure instanceof ColdStoreException || failure instanceof ScratchException;
            (expected ? logger.atWarn() : logger.atError().setCause(failure)).addKeyValue("partition", log.hot().partition()).addKeyValue("failures", failures).addKeyValue("cause", failure.toString())
                    .log("Sweep or scrub of the cold tier was cut short; it is tried again");
        }
        return work.nowMs() + backoff.delayMs(failures, work.random().getAsDouble());
    }
}
