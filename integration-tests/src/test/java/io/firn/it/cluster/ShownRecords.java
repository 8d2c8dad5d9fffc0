package io.firn.it.cluster;

import io.firn.it.cluster.Violation.Promise;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Readers' side: what anybody was shown at an offset, against what others were shown there and what the log has in the end; positions and committed offsets of groups. Confined to its owner.
 */
final class ShownRecords {

    private record Reader(String name, TopicPartition partition) {}

    private final Map<TopicPartition, Longs> shown = new HashMap<>();
    private final Map<TopicPartition, BitSet> logged = new HashMap<>();
    private final Map<Reader, Long> positions = new HashMap<>();
    private final Map<Reader, BitSet> shownToGroup = new HashMap<>();
    private final Map<Reader, Long> committed = new HashMap<>();
    private final Violations violations;
    private long count;

    ShownRecords(Violations violations) {
        this.violations = violations;
    }

    /** A member begins to read a partition at a position; {@code floor} is what {@link #committed} said before it asked where. */
    void assigned(String group, String member, TopicPartition partition, long position, long floor) {
        positions.put(new Reader(member, partition), position);
        if (position < floor) {
            violations.add(Promise.POSITIONS_GO_FORWARD, member + " begins with " + partition + " at " + position + ", its group " + group + " had committed " + floor);
        }
    }

    void shown(String group, String member, TopicPartition partition, long offset, Mark mark) {
        count++;
        Long position = positions.put(new Reader(member, partition), offset + 1);
        if (position != null && offset < position) {
            violations.add(Promise.POSITIONS_GO_FORWARD, member + " was shown offset " + offset + " of " + partition + " at position " + position);
        }
        shownToGroup.computeIfAbsent(new Reader(group, partition), any -> new BitSet()).set(Math.toIntExact(offset));
        agree(partition, offset, mark, member + " was shown");
    }

    private void agree(TopicPartition partition, long offset, Mark mark, String who) {
        Longs known = shown.computeIfAbsent(partition, any -> new Longs());
        long before = known.get(offset);
        if (before == Longs.NONE) {
            known.set(offset, mark.code());
        } else if (before != mark.code()) {
            violations.add(Promise.SHOWN_IS_KEPT, partition + ", offset " + offset + ": " + who + " " + mark + ", before it was " + Mark.of(before));
        }
    }

    /** What the group certainly has committed: 0 when nothing yet. */
    long committed(String group, TopicPartition partition) {
        return committed.getOrDefault(new Reader(group, partition), 0L);
    }

    /** A commit that was confirmed. */
    void committed(String group, TopicPartition partition, long offset) {
        committed.merge(new Reader(group, partition), offset, Math::max);
    }

    /** What a group's committed offset was said to be; {@code floor} is what {@link #committed} said before the question. */
    void committedIs(String group, TopicPartition partition, long offset, long floor) {
        if (offset < floor) {
            violations.add(Promise.COMMITS_GO_FORWARD, "group " + group + " is at " + offset + " of " + partition + ", and was at " + floor);
        }
        committed(group, partition, offset);
    }

    void logged(TopicPartition partition, long offset, Mark mark) {
        logged.computeIfAbsent(partition, any -> new BitSet()).set(Math.toIntExact(offset));
        agree(partition, offset, mark, "the log has");
    }

    /** The whole log was told, as far as any reader got. */
    void end() {
        shown.forEach((partition, marks) -> {
            BitSet there = logged.getOrDefault(partition, new BitSet());
            for (long offset = 0; offset < marks.size(); offset++) {
                if (marks.get(offset) != Longs.NONE && !there.get((int) offset)) {
                    violations.add(Promise.SHOWN_IS_KEPT, partition + ", offset " + offset + ": " + Mark.of(marks.get(offset)) + " was shown to a reader and is not in the log");
                }
            }
        });
        committed.forEach((group, end) -> {
            BitSet missed = new BitSet();
            missed.or(logged.getOrDefault(group.partition(), new BitSet()));
            missed.andNot(shownToGroup.getOrDefault(group, new BitSet()));
            int first = missed.nextSetBit(0);
            if (first >= 0 && first < end) {
                violations.add(Promise.GROUPS_MISS_NOTHING, "group " + group.name() + " committed " + end + " of " + group.partition() + " and was never shown offset " + first);
            }
        });
    }

    long count() {
        return count;
    }
}
