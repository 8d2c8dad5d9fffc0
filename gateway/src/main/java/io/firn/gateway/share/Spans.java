package io.firn.gateway.share;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * The records between the first that is not finished ({@code start}) and the last that was delivered ({@code end}, exclusive), as spans.
 *
 * <p><i>Invariants</i>: the spans cover {@code [start, end)} without gap or overlap; the first one is not finished; neighbours that could be one span are one.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class Spans {
    private final TreeMap<Long, Span> byFirst = new TreeMap<>();
    private long start;
    private long end;

    Spans(long start) {
        this.start = start;
        this.end = start;
    }

    long start() {
        return start;
    }

    long end() {
        return end;
    }

    long size() {
        return end - start;
    }

    boolean isEmpty() {
        return byFirst.isEmpty();
    }

    /** A view, in ascending order; not to be changed while it is gone through. */
    Collection<Span> all() {
        return byFirst.values();
    }

    /** The spans of {@code [from, to)}, cut at both ends; a copy. */
    List<Span> in(long from, long to) {
        long low = Math.max(from, start);
        long high = Math.min(to, end);
        if (low >= high) {
            return List.of();
        }
        cutAt(low);
        cutAt(high);
        return List.copyOf(byFirst.subMap(low, true, high, false).values());
    }

    private void cutAt(long offset) {
        Map.Entry<Long, Span> below = byFirst.lowerEntry(offset);
        if (below != null && below.getValue().end() > offset) {
            Span whole = below.getValue();
            byFirst.put(whole.first(), whole.part(whole.first(), offset));
            byFirst.put(offset, whole.part(offset, whole.end()));
        }
    }

    /** Puts a span in the place of those that cover the same offsets exactly, or behind the last. */
    void put(Span span) {
        if (span.first() == end) {
            end = span.end();
        } else if (!byFirst.containsKey(span.first()) || byFirst.get(span.first()).end() != span.end()) {
            throw new IllegalStateException("no span of records like " + span);
        }
        byFirst.put(span.first(), span);
    }

    /** Replaces every span for which {@code change} says another. */
    void update(UnaryOperator<Span> change) {
        for (Map.Entry<Long, Span> entry : byFirst.entrySet()) {
            entry.setValue(change.apply(entry.getValue()));
        }
    }

    /** Forgets what lies below {@code offset}. */
    void raiseStart(long offset) {
        if (offset <= start) {
            return;
        }
        cutAt(offset);
        byFirst.headMap(offset, false).clear();
        start = offset;
        end = Math.max(end, offset);
    }

    /** Restores the invariants after a change: neighbours become one where they can, finished records at the beginning are forgotten. */
    void tidy() {
        while (!byFirst.isEmpty() && byFirst.firstEntry().getValue().finished()) {
            start = byFirst.pollFirstEntry().getValue().end();
        }
        List<Span> merged = new ArrayList<>(byFirst.size());
        for (Span span : byFirst.values()) {
            Span last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
            if (last != null && last.continuedBy(span)) {
                merged.set(merged.size() - 1, last.part(last.first(), span.end()));
            } else {
                merged.add(span);
            }
        }
        if (merged.size() < byFirst.size()) {
            byFirst.clear();
            merged.forEach(span -> byFirst.put(span.first(), span));
        }
    }
}
