package io.firn.it.simulation;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicIdPartition;

/** No duplicate sequence, and none left out: in each partition the sequences of a producer's epoch follow one another from 0, and its epochs only grow. A marker that nobody has answered may be written again, and one where no record has arrived. */
final class NoDuplicatesInvariant {

    private record Producer(TopicIdPartition partition, long id) {}

    private final Map<Producer, Long> last = new HashMap<>();

    /** The next committed record. */
    void follows(TopicIdPartition partition, long offset, long number) {
        Long before = last.put(new Producer(partition, Records.producerOf(number)), number);
        boolean inOrder = Records.isMarker(number)
                ? before == null || before == number || Records.epochOf(before) < Records.epochOf(number)
                : Records.sequenceOf(number) == (continues(before, number) ? Records.sequenceOf(before) + 1 : 0) && (before == null || Records.epochOf(before) <= Records.epochOf(number));
        if (!inOrder) {
            throw new Violation("no duplicate sequence", "offset " + offset + " of " + partition.topicPartition() + " is " + Records.text(number) + " behind " + (before == null ? "nothing" : Records.text(before)));
        }
    }

    private static boolean continues(Long before, long number) {
        return before != null && !Records.isMarker(before) && Records.epochOf(before) == Records.epochOf(number);
    }
}
