package io.firn.gateway.share;

import java.util.ArrayList;
import java.util.List;

/**
 * Decides which records one fetch gives to its member, out of some batches of the log; used once.
 *
 * <p>Records that were given back go first, in the portions in which they were first delivered; then records nobody has had yet, up to the end of the batch in which the limit is
 * reached (or exactly to the limit, if the member wants that). Records delivered half as often as is allowed come in smaller portions, see {@link ShareLimits#suspectFrom()}.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class Delivery {
    private final Spans spans;
    private final Ask ask;
    private final List<LogBatch> batches;
    private final ShareLimits limits;
    private final long untilMs;
    private final List<Acquisition.Acquired> given = new ArrayList<>();
    private int count;
    private boolean enough;

    /**
     * What a member wants.
     *
     * @param maxRecords most records; only a hint unless {@code exactly}
     * @param batchSize records after which a new range of the answer begins, at a batch's beginning
     */
    record Ask(String member, boolean exactly, int maxRecords, int batchSize) {}

    Delivery(Spans spans, Ask ask, List<LogBatch> batches, ShareLimits limits, long nowMs) {
        this.spans = spans;
        this.ask = ask;
        this.batches = batches;
        this.limits = limits;
        this.untilMs = nowMs + limits.lockMs();
    }

    List<Acquisition.Acquired> make() {
        giveAgain();
        if (!enough && count < ask.maxRecords()) {
            giveNew();
        }
        return given;
    }

    private long from() {
        return batches.get(0).first();
    }

    private long to() {
        return batches.get(batches.size() - 1).end();
    }

    // Given back by others

    private void giveAgain() {
        List<Span> portion = new ArrayList<>();
        for (Span span : spans.in(from(), to())) {
            if (!span.available()) {
                continue;
            }
            if (!portion.isEmpty() && !portion.get(0).origin().equals(span.origin())) {
                givePortion(portion);
                portion.clear();
            }
            portion.add(span);
        }
        if (!portion.isEmpty()) {
            givePortion(portion);
        }
    }

    private void givePortion(List<Span> portion) {
        boolean suspect = portion.stream().anyMatch(span -> span.count() >= limits.suspectFrom());
        if (enough || count >= ask.maxRecords() || suspect && count > 0) {
            enough = true;
            return;
        }
        int before = count;
        givePart(portion);
        enough = suspect && count > before;
    }

    private void givePart(List<Span> portion) {
        int before = count;
        long most = Long.MAX_VALUE;
        for (Span span : portion) {
            if (limits.lastChance(span.count())) {
                if (count == before) {
                    give(span, 1);
                }
                return;
            }
            if (most == Long.MAX_VALUE && span.count() >= limits.suspectFrom()) {
                most = Math.max(1, span.origin().size() >> (span.count() - limits.suspectFrom() + 1));
            }
            long wanted = Math.min(Math.min(span.size(), most - (count - before)), wantedOf(span));
            give(span, wanted);
            if (wanted < span.size() || count - before >= most) {
                return;
            }
        }
    }

    /** A portion is given again whole, except to a member that counts; what was never delivered counts as new. */
    private long wantedOf(Span span) {
        int left = ask.maxRecords() - count;
        if (ask.exactly()) {
            return left;
        }
        if (span.count() > 0) {
            return span.size();
        }
        return left <= 0 ? 0 : endOfBatch(span.first() + left - 1) - span.first();
    }

    private void give(Span span, long wanted) {
        if (wanted <= 0) {
            return;
        }
        for (Span part : spans.in(span.first(), span.first() + wanted)) {
            Span delivered = part.delivered(ask.member(), untilMs);
            spans.put(delivered);
            record(delivered.first(), delivered.end(), delivered.count());
        }
    }

    // Delivered for the first time

    private void giveNew() {
        long room = limits.maxInFlight() - spans.size();
        if (room <= 0 || to() <= spans.end()) {
            return;
        }
        passHole();
        long first = spans.end();
        long last = first + Math.min(room, ask.maxRecords() - count) - 1;
        long end = Math.min(to(), ask.exactly() ? last + 1 : endOfBatch(last));
        if (!ask.exactly() && end - first > ask.batchSize()) {
            first = giveBatchwise(first, end);
        }
        giveNew(first, end);
    }

    /** Offsets the log has no records for any more are finished. */
    private void passHole() {
        long next = batches.stream().filter(batch -> batch.end() > spans.end()).mapToLong(LogBatch::first).findFirst().orElse(spans.end());
        if (next <= spans.end()) {
            return;
        }
        if (spans.isEmpty()) {
            spans.raiseStart(next);
        } else {
            spans.put(Span.free(spans.end(), next, DeliveryState.ARCHIVED, 0));
        }
    }

    /** All but the last range; returns where that begins. */
    private long giveBatchwise(long first, long end) {
        long next = first;
        for (LogBatch batch : batches) {
            if (batch.first() < end && batch.first() - next >= Math.max(1, ask.batchSize())) {
                giveNew(next, batch.first());
                next = batch.first();
            }
        }
        return next;
    }

    private void giveNew(long first, long end) {
        Span span = Span.acquired(first, end, ask.member(), untilMs);
        spans.put(span);
        record(first, end, span.count());
    }

    /** Where the batch with {@code offset} ends; right behind it if no batch has it. */
    private long endOfBatch(long offset) {
        for (LogBatch batch : batches) {
            if (batch.end() > offset) {
                return batch.first() <= offset ? batch.end() : offset + 1;
            }
        }
        return offset + 1;
    }

    private void record(long first, long end, int deliveryCount) {
        count += (int) (end - first);
        Acquisition.Acquired last = given.isEmpty() ? null : given.get(given.size() - 1);
        boolean goesOn = deliveryCount > 1 && last != null && last.end() == first && last.deliveryCount() == deliveryCount;
        if (goesOn) {
            given.set(given.size() - 1, new Acquisition.Acquired(last.first(), end, deliveryCount));
        } else {
            given.add(new Acquisition.Acquired(first, end, deliveryCount));
        }
    }
}
