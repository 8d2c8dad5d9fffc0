package io.firn.it.cluster;

import io.firn.it.cluster.Violation.Promise;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Producers' side: what was sent and acknowledged, against what is in the log in the end. What was sent and not acknowledged may be there or not; if it is, it is there once and in order.
 * Confined to its owner.
 */
final class SentRecords {

    private record Origin(TopicPartition partition, int producer) {}

    /** @param offsets acknowledged ones, by sequence */
    private record Line(Longs offsets, Longs found) {}

    private final Map<Origin, Line> lines = new HashMap<>();
    private final Map<Origin, Long> sent = new HashMap<>();
    private final Map<Origin, Long> newest = new HashMap<>();
    private final Violations violations;
    private long acknowledged;

    SentRecords(Violations violations) {
        this.violations = violations;
    }

    void sent(TopicPartition partition, Mark mark) {
        Long before = sent.put(new Origin(partition, mark.producer()), mark.sequence() + 1);
        if (mark.sequence() != (before == null ? 0 : before)) {
            throw new IllegalArgumentException(partition + ": " + mark + " is sent after " + before);
        }
    }

    void acknowledged(TopicPartition partition, Mark mark, long offset) {
        line(partition, mark).offsets().set(mark.sequence(), offset);
        acknowledged++;
    }

    private Line line(TopicPartition partition, Mark mark) {
        return lines.computeIfAbsent(new Origin(partition, mark.producer()), any -> new Line(new Longs(), new Longs()));
    }

    long acknowledged() {
        return acknowledged;
    }

    /** The next record of the log, in the order of offsets. */
    void logged(TopicPartition partition, long offset, Mark mark) {
        Origin origin = new Origin(partition, mark.producer());
        if (mark.sequence() >= sent.getOrDefault(origin, 0L)) {
            violations.add(Promise.NOTHING_IS_MADE_UP, partition + ", offset " + offset + ": " + mark + ", which was not sent");
            return;
        }
        Line line = line(partition, mark);
        long first = line.found().get(mark.sequence());
        if (first != Longs.NONE) {
            violations.add(Promise.NO_DUPLICATES, partition + ": " + mark + " is at offset " + first + " and at " + offset);
            return;
        }
        line.found().set(mark.sequence(), offset);
        Long before = newest.put(origin, mark.sequence());
        if (before != null && before > mark.sequence()) {
            violations.add(Promise.ORDER_IS_KEPT, partition + ", offset " + offset + ": " + mark + " after its " + before);
        }
    }

    /** The whole log was told. */
    void end() {
        lines.forEach((origin, line) -> {
            for (long sequence = 0; sequence < line.offsets().size(); sequence++) {
                long promised = line.offsets().get(sequence);
                long found = line.found().get(sequence);
                if (promised != Longs.NONE && promised != found) {
                    violations.add(Promise.ACKNOWLEDGED_IS_KEPT, origin.partition() + ": " + new Mark(origin.producer(), sequence) + " was acknowledged at offset " + promised
                            + (found == Longs.NONE ? " and is lost" : " and is at " + found));
                }
            }
        });
    }
}
