package io.firn.retention;

import io.firn.cold.ColdStoreException;
import io.firn.cold.DeadTopics;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Now and then, on the one broker that is in charge, has the bucket looked through for topics that are gone ({@link DeadTopics}): the first time within the hour after it came to be so, then each sweep interval, and when those it has seen have waited long enough.
 *
 * <p>A failure is repeated, after a minute first, then ever later, at last with the sweep interval: a look costs a request a topic. Threading: confined to the worker's mailbox; the look runs on the thread of the scrub.
 */
final class TopicSweep {
    private static final Logger logger = LoggerFactory.getLogger(TopicSweep.class);
    static final long FIRST_RETRY_MS = 60_000;

    private final Work work;
    private final Scrubs scrubs;
    private final TopicCensus census;
    private final DeadTopics dead;
    private boolean inCharge;
    private boolean underWay;
    private int failures;
    private long nextMs;

    TopicSweep(Work work, TopicCensus census) {
        this.work = work;
        this.scrubs = work.scrubs();
        this.census = census;
        this.dead = new DeadTopics(work.cold(), census, scrubs.config().graceMs());
    }

    /** Starts what is due. */
    void look() {
        if (!scrubs.config().sweeps() || underWay) {
            return;
        }
        if (!census.inCharge()) {
            if (inCharge) {
                scrubs.meters().topics(0, 0, 0); // somebody else's to tell
            }
            inCharge = false;
            return;
        }
        if (!inCharge) {
            inCharge = true;
            nextMs = work.nowMs() + (long) (Math.min(ColdScrubber.FIRST_SWEEP_MS, scrubs.config().sweepIntervalMs()) * work.random().getAsDouble());
        }
        if (work.nowMs() >= nextMs) {
            start();
        }
    }

    private void start() {
        underWay = true;
        try {
            scrubs.thread().execute(this::run);
        } catch (RejectedExecutionException closing) {
            logger.debug("A closing worker looks for no topics any more");
        }
    }

    private void run() {
        try {
            DeadTopics.Outcome outcome = dead.look(() -> work.closed().get() || !census.inCharge());
            work.post(() -> ended(outcome));
        } catch (RuntimeException | Error e) { // whatever it is, the next look has to come
            work.post(() -> failed(e));
        }
    }

    private void ended(DeadTopics.Outcome outcome) {
        scrubs.meters().topics(outcome.deleted(), outcome.strange(), outcome.stuck());
        if (outcome.cutShort().isPresent()) {
            failed(outcome.cutShort().get());
            return;
        }
        underWay = false;
        failures = 0;
        long waitMs = scrubs.config().sweepIntervalMs();
        nextMs = work.nowMs() + (outcome.waiting() > 0 ? Math.min(waitMs, Math.max(scrubs.config().graceMs(), Backoff.COLD_TIER.firstMs())) : waitMs);
    }

    private void failed(Throwable failure) {
        underWay = false;
        failures++;
        nextMs = work.nowMs() + new Backoff(FIRST_RETRY_MS, Math.max(FIRST_RETRY_MS, scrubs.config().sweepIntervalMs())).delayMs(failures, work.random().getAsDouble());
        scrubs.meters().failed();
        var event = failure instanceof ColdStoreException ? logger.atWarn() : logger.atError().setCause(failure);
        event.addKeyValue("failures", failures).addKeyValue("cause", failure.toString()).log("The bucket could not be looked through for deleted topics; tried again");
    }
}
