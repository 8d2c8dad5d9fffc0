package io.firn.gateway.share;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import org.apache.kafka.common.errors.InvalidRecordStateException;
import org.apache.kafka.common.errors.InvalidRequestException;

/**
 * The records of one share partition that are under way: which member has which, how often each was delivered, and which are finished. Decides, and does nothing: no I/O, no clock.
 *
 * <p>A record goes AVAILABLE → ACQUIRED (by a member, until a time) → ACKNOWLEDGED, ARCHIVED or back to AVAILABLE. The three steps out of ACQUIRED that a member asks for are
 * <b>changes</b>: they count once written to the share coordinator ({@link #settle}), and are taken back if that fails. A lock that runs out counts at once.
 *
 * <p><i>Invariants</i>: a record is acquired by one member at most; a finished record is never given to anybody again; below {@link #start()} all records are finished, from
 * {@link #end()} on none has been delivered; {@code end - start} grows beyond the limit by at most the batch in which it is reached.
 *
 * <p>Limit: one span for each run of neighbours in the same state, at most as many as records in flight.
 *
 * <p>Threading: confined to the loop of the partition.
 *
 * <p>On crash: what was acquired is available again, with the deliveries counted that were written.
 */
final class InFlightRecords {
    private final Spans spans;
    private long lastChange;

    /**
     * A step that has to be written before it counts.
     *
     * @param number for {@link #settle}
     * @param toWrite empty when there is nothing to write: then nothing is to be settled
     */
    record Change(long number, List<StateRange> toWrite) {}

    private InFlightRecords(Spans spans) {
        this.spans = spans;
    }

    /**
     * From what was written. Offsets between the ranges were in flight, and nothing was written of them: they are available.
     *
     * @throws IllegalStateException for ranges that lie below {@code start} or overlap
     */
    static InFlightRecords of(long start, List<StateRange> written) {
        Spans spans = new Spans(start);
        for (StateRange range : written.stream().sorted(Comparator.comparingLong(StateRange::first)).toList()) {
            if (range.first() < spans.end()) {
                throw new IllegalStateException("written state overlaps at offset " + range.first());
            }
            if (range.first() > spans.end()) {
                spans.put(Span.free(spans.end(), range.first(), DeliveryState.AVAILABLE, 0));
            }
            spans.put(Span.free(range.first(), range.end(), range.state() == DeliveryState.ACQUIRED ? DeliveryState.AVAILABLE : range.state(), range.deliveryCount()));
        }
        spans.tidy();
        return new InFlightRecords(spans);
    }

    /** First offset that is not finished (SPSO). */
    long start() {
        return spans.start();
    }

    /** Offset behind the last that was delivered (SPEO). */
    long end() {
        return spans.end();
    }

    /** Finished records from {@link #start()} on, those being written included: together with the start they tell the lag. */
    int finished() {
        return (int) spans.all().stream().filter(span -> span.state().terminal()).mapToLong(Span::size).sum();
    }

    /** The first offset that could be given to a member. */
    long nextOffset() {
        return spans.all().stream().filter(Span::available).mapToLong(Span::first).findFirst().orElse(spans.end());
    }

    boolean canDeliver(ShareLimits limits) {
        return nextOffset() < spans.end() || spans.size() < limits.maxInFlight();
    }

    // Giving

    /**
     * Gives records to a member.
     *
     * @param wantedFrom the offset that was looked for; what lies between it and the first batch, and between the batches, is gone from the log
     * @param batches what was found there, in ascending order
     * @param aborted those of them that belong to aborted transactions, and nobody is to see; they are finished
     */
    Acquisition acquire(Delivery.Ask ask, long wantedFrom, List<LogBatch> batches, List<LogBatch> aborted, ShareLimits limits, long nowMs) {
        if (batches.isEmpty() || ask.maxRecords() <= 0 || batches.get(batches.size() - 1).end() <= spans.start()) {
            return Acquisition.NONE;
        }
        finishHoles(wantedFrom, batches);
        List<Acquisition.Acquired> given = withoutAborted(new Delivery(spans, ask, batches, limits, nowMs).make(), aborted);
        spans.tidy();
        return new Acquisition(given, (int) given.stream().mapToLong(range -> range.end() - range.first()).sum());
    }

    private void finishHoles(long wantedFrom, List<LogBatch> batches) {
        long next = wantedFrom;
        for (LogBatch batch : batches) {
            spans.in(next, batch.first()).stream().filter(Span::available).forEach(span -> spans.put(span.settled(DeliveryState.ARCHIVED)));
            next = batch.end();
        }
    }

    private List<Acquisition.Acquired> withoutAborted(List<Acquisition.Acquired> given, List<LogBatch> aborted) {
        if (aborted.isEmpty()) {
            return given;
        }
        List<Acquisition.Acquired> left = new ArrayList<>();
        given.forEach(range -> keep(range, aborted, left));
        return left;
    }

    private void keep(Acquisition.Acquired range, List<LogBatch> aborted, List<Acquisition.Acquired> left) {
        long next = range.first();
        for (LogBatch batch : aborted) {
            long first = Math.max(next, batch.first());
            long end = Math.min(range.end(), batch.end());
            if (first < end) {
                if (next < first) {
                    left.add(new Acquisition.Acquired(next, first, range.deliveryCount()));
                }
                spans.in(first, end).forEach(span -> spans.put(span.settled(DeliveryState.ARCHIVED)));
                next = end;
            }
        }
        if (next < range.end()) {
            left.add(new Acquisition.Acquired(next, range.end(), range.deliveryCount()));
        }
    }

    // Taking back

    /**
     * Acknowledges all or nothing. Renewed locks count at once, and are not written.
     *
     * @throws InvalidRecordStateException for a record the member does not have
     * @throws InvalidRequestException for offsets never delivered, and types nobody knows
     */
    Change acknowledge(String member, List<Acknowledgement> acknowledgements, ShareLimits limits, long nowMs) {
        long number = ++lastChange;
        StateRange.Gatherer toWrite = new StateRange.Gatherer();
        List<Span> renewed = new ArrayList<>();
        try {
            for (Acknowledgement acknowledgement : acknowledgements) {
                acknowledge(member, acknowledgement, limits, number, toWrite, renewed);
            }
        } catch (InvalidRecordStateException | InvalidRequestException e) {
            settle(number, false, limits, nowMs);
            throw e;
        }
        renewed.forEach(span -> spans.in(span.first(), span.end()).stream().filter(Span::acquired).forEach(part -> spans.put(part.renewed(nowMs + limits.lockMs()))));
        spans.tidy();
        return new Change(number, toWrite.ranges());
    }

    private void acknowledge(String member, Acknowledgement acknowledgement, ShareLimits limits, long number, StateRange.Gatherer toWrite, List<Span> renewed) {
        if (acknowledgement.end() <= spans.start()) {
            return;
        }
        if (spans.isEmpty()) {
            throw new InvalidRecordStateException("The records are not in flight.");
        }
        if (acknowledgement.end() > spans.end()) {
            throw new InvalidRequestException("The records up to offset " + (acknowledgement.end() - 1) + " were not all delivered.");
        }
        long next = Math.max(acknowledgement.first(), spans.start());
        while (next < acknowledgement.end()) {
            long end = acknowledgement.endOfSame(next);
            byte type = acknowledgement.type(next);
            for (Span span : spans.in(next, end)) {
                check(member, span);
                if (type != Acknowledgement.RENEW) {
                    change(span, after(type, span.count(), limits), number, toWrite);
                } else if (limits.renewable()) {
                    renewed.add(span);
                } else {
                    throw new InvalidRecordStateException("Renewing acquisition locks is not enabled for the group.");
                }
            }
            next = end;
        }
    }

    private static void check(String member, Span span) {
        if (!span.acquired()) {
            throw new InvalidRecordStateException("Offset " + span.first() + " is not acquired.");
        }
        if (!span.member().equals(member)) {
            throw new InvalidRecordStateException("Offset " + span.first() + " is acquired by another member.");
        }
    }

    private static DeliveryState after(byte type, int deliveryCount, ShareLimits limits) {
        return switch (type) {
            case Acknowledgement.ACCEPT -> DeliveryState.ACKNOWLEDGED;
            case Acknowledgement.RELEASE -> limits.afterRelease(deliveryCount);
            case Acknowledgement.GAP, Acknowledgement.REJECT -> DeliveryState.ARCHIVED;
            default -> throw new InvalidRequestException("Unknown acknowledge type " + type);
        };
    }

    private void change(Span span, DeliveryState next, long number, StateRange.Gatherer toWrite) {
        spans.put(span.changing(next, number));
        toWrite.add(span.first(), span.end(), next, span.count());
    }

    /** Takes everything back that the member has. */
    Change release(String member, ShareLimits limits) {
        long number = ++lastChange;
        StateRange.Gatherer toWrite = new StateRange.Gatherer();
        for (Span span : List.copyOf(spans.all())) {
            if (span.acquired() && span.member().equals(member)) {
                change(span, limits.afterRelease(span.count()), number, toWrite);
            }
        }
        return new Change(number, toWrite.ranges());
    }

    /** A change was written, or was not: then its records are the member's again, or, when its time has run out meanwhile, nobody's. */
    void settle(long number, boolean written, ShareLimits limits, long nowMs) {
        spans.update(span -> span.change() == number ? settled(span, written, limits, nowMs) : span);
        spans.tidy();
    }

    private static Span settled(Span span, boolean written, ShareLimits limits, long nowMs) {
        if (written) {
            return span.settled(span.state());
        }
        return span.lockedUntilMs() <= nowMs ? span.settled(limits.afterRelease(span.count())) : span.back();
    }

    /** Takes back what members have had for too long; returns what is to be written. */
    List<StateRange> expire(ShareLimits limits, long nowMs) {
        StateRange.Gatherer toWrite = new StateRange.Gatherer();
        spans.update(span -> {
            if (!span.acquired() || span.lockedUntilMs() > nowMs) {
                return span;
            }
            DeliveryState next = limits.afterRelease(span.count());
            toWrite.add(span.first(), span.end(), next, span.count());
            return span.settled(next);
        });
        spans.tidy();
        return toWrite.ranges();
    }

    /** When the first lock runs out. */
    OptionalLong nextExpiryMs() {
        return spans.all().stream().filter(Span::acquired).mapToLong(Span::lockedUntilMs).min();
    }

    /** The log begins at {@code offset} now: what lies below is finished. */
    void logStartsAt(long offset) {
        spans.raiseStart(offset);
        spans.tidy();
    }

    /** For tests: the spans in ascending order. */
    List<Span> spans() {
        return List.copyOf(spans.all());
    }
}
