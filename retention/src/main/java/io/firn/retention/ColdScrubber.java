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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * <p><b>What is wrong</b> is said once at ERROR, and counts in the gauges until it is mended, or no longer live, or found sound by the next reading. Every sweep tries to mend it again ({@link HotRepair}). Manifest pages
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
 * <p>Limits: {@link #KNOWN_LIMIT} objects known to be wrong, others are counted. Threading: confined to the partition's loop; steps run on the thread of the scrub and come back as messages.
 */
final class ColdScrubber {
    /** Within it the first sweep comes after this broker began to lead, at some time, so that many partitions do not come at once. */
    static final long FIRST_SWEEP_MS = 3_600_000;
    private static final int KNOWN_LIMIT = 1_000;
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
    private ScrubStep.At atKnown = ScrubStep.At.segmentOf(0);
    private long nextKnownMs;
    private boolean sweeping;
    private boolean reading;
    private int sweepFailures;
    private int readFailures;
    private Found found = Found.NOTHING;
    private long moreListed;
    private long moreRead;
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
        stand(Found.NOTHING);
    }

    /** Starts what is due. */
    void look() {
        if (!possible()) {
            return;
        }
        if (scrubs.config().sweeps() && !sweeping && work.nowMs() >= nextSweepMs) {
            sweeping = true;
            ask(scrubs.sweeps(), 1, this::sweepGranted);
        }
        if (scrubs.config().scrubs() && !reading && work.nowMs() >= (known.isEmpty() ? nextReadMs : nextKnownMs) && !offloader.own().orElseThrow().isEmpty()) {
            reading = true;
            ask(scrubs.reads(), scrubs.stepBytes(), this::readGranted);
        }
    }

    /** Where offload has stopped the more so: what is there can be looked at, though nothing can be changed. */
    private boolean possible() {
        return !closed && !work.closed().get() && offloader.own().isPresent() && !offloader.fenced() && log.offlineReason().isEmpty();
    }

    private void ask(Turns turns, long sizeBytes, Runnable granted) {
        work.post(() -> turns.request(new Turns.Turn(loop.executor(), sizeBytes, granted), work.nowMs()));
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
        return mend(List.copyOf(broken.values())).thenCompose(mended -> result.failure().<CompletableFuture<Void>>map(CompletableFuture::failedFuture).orElseGet(() -> CompletableFuture.completedFuture(null)));
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
        return mend(result.damage());
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
        List<SealedSource> local = retained(segment);
        HotLogConfig config = log.config().hot();
        return loop.bring(onThread(() -> mended(cold, segment, local, config))).handle((outcome, failure) -> {
            local.forEach(SealedSource::release);
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
        if (outcome.stays().isPresent()) {
            logger.atDebug().addKeyValue("partition", log.hot().partition()).addKeyValue("object", damage.key()).addKeyValue("why", outcome.stays().get()).log("An object of the cold tier cannot be mended from here");
            return;
        }
        broken.remove(damage.key());
        stand(found);
        if (outcome.replaced()) {
            scrubs.meters().repaired();
            logger.atWarn().addKeyValue("partition", log.hot().partition()).addKeyValue("object", damage.key()).log("A broken object of the cold tier was replaced from the local disk");
        }
    }

    /** @param stays why it is as it was */
    private record Outcome(boolean replaced, Optional<String> stays) {}

    /** The local segments that hold any of its range. On the loop. */
    private List<SealedSource> retained(ColdSegment segment) {
        List<SealedSource> local = new ArrayList<>();
        log.hot().sealedSegments(Long.MAX_VALUE).stream().filter(sealed -> sealed.nextOffset() > segment.baseOffset() && sealed.baseOffset() < segment.nextOffset())
                .forEach(sealed -> local.add(new SealedSource(sealed.retain())));
        return local;
    }

    /** On the thread of the scrub. One that cannot be found any more, as its manifest page is lost, must not hold up the others. */
    private Outcome mended(ColdLog cold, ColdSegment segment, List<SealedSource> local, HotLogConfig config) throws IOException {
        try {
            return mendedOrGone(cold, segment, local, config);
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt unreadable) {
            logger.atWarn().addKeyValue("partition", log.hot().partition()).addKeyValue("object", segment.key()).addKeyValue("cause", unreadable.getMessage())
                    .log("A broken object of the cold tier cannot be replaced, as something else there cannot be read");
            return new Outcome(false, Optional.of(String.valueOf(unreadable.getMessage())));
        }
    }

    private Outcome mendedOrGone(ColdLog cold, ColdSegment segment, List<SealedSource> local, HotLogConfig config) throws IOException {
        Patience patience = patience();
        if (!patience.await(cold.isLive(segment))) {
            return new Outcome(false, Optional.empty());
        }
        HotRepair.Order order = new HotRepair.Order(segment, local.isEmpty() ? Optional.empty() : tail(cold, segment), local,
                config.compacted() || cold.cleanOffset() > segment.baseOffset(), config.indexIntervalBytes());
        HotRepair repair = new HotRepair(order, changes, scrubs.scratch(), patience, this::givenUp);
        Optional<String> stays = repair.run();
        return new Outcome(repair.replaced(), stays);
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
