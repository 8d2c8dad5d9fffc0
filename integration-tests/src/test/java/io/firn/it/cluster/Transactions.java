package io.firn.it.cluster;

import io.firn.it.cluster.Violation.Promise;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Transactions that each move records of one input partition into several outputs, with the input's offset. Readers of committed records must find, in every output, every transaction whole
 * or not at all, and the input's records once each, in order, up to the committed offset. Confined to its owner.
 */
final class Transactions {

    /** What the client knows of a transaction's end. */
    enum End {
        /** No answer to the commit, or none that says what became of it. */
        UNKNOWN,
        COMMITTED,
        /** Aborted, or given up before its commit was asked for. */
        ABORTED
    }

    /**
     * @param mover numbers its transactions from 0, each mover its own
     */
    record Id(int mover, long number) {}

    private static final class Course {
        private final long firstInput;
        private final int records;
        private final Map<String, Integer> found = new TreeMap<>();
        private End end = End.ABORTED;

        private Course(long firstInput, int records) {
            this.firstInput = firstInput;
            this.records = records;
        }
    }

    private record Output(int mover, String topic) {}

    private final Map<Id, Course> courses = new HashMap<>();
    private final Map<Output, Long> nextInput = new TreeMap<>(java.util.Comparator.comparing(Output::mover).thenComparing(Output::topic));
    private final String[] outputs;
    private final Violations violations;
    private long committed;

    Transactions(Violations violations, String... outputs) {
        this.violations = violations;
        this.outputs = outputs;
    }

    /** A transaction that is going to write {@code records} records to each output, those of the input from an offset on. */
    void begun(Id id, long firstInput, int records) {
        courses.put(id, new Course(firstInput, records));
    }

    /** {@link End#UNKNOWN} just before a commit is asked for; what became of it, when there is an answer. */
    void ended(Id id, End end) {
        courses.get(id).end = end;
        if (end == End.COMMITTED) {
            committed++;
        }
    }

    long committed() {
        return committed;
    }

    /** The next record of an output that readers of committed records see, in the order of offsets; it was the input's at {@code input}. */
    void logged(Id id, String topic, long offset, long input) {
        Course course = courses.get(id);
        String where = topic + "-" + id.mover() + ", offset " + offset + ": ";
        if (course == null) {
            violations.add(Promise.NOTHING_IS_MADE_UP, where + "a record of " + id + ", which was not begun");
            return;
        }
        course.found.merge(topic, 1, Integer::sum);
        Long due = nextInput.put(new Output(id.mover(), topic), input + 1);
        if (input != (due == null ? 0 : due)) {
            violations.add(input < (due == null ? 0 : due) ? Promise.NO_DUPLICATES : Promise.TRANSACTIONS_ARE_ATOMIC, where + "input record " + input + " where " + due + " is next, " + id);
        }
    }

    /** A reader of committed records came so far in the input of a mover as its committed offset says. */
    void inputCommitted(int mover, long offset) {
        for (String topic : outputs) {
            long moved = nextInput.getOrDefault(new Output(mover, topic), 0L);
            if (moved != offset) {
                violations.add(Promise.TRANSACTIONS_ARE_ATOMIC, topic + "-" + mover + " has the input up to " + moved + ", the committed offset is " + offset);
            }
        }
    }

    /** All outputs were told. */
    void end() {
        courses.forEach((id, course) -> {
            for (String topic : outputs) {
                int found = course.found.getOrDefault(topic, 0);
                boolean whole = found == course.records;
                boolean right = switch (course.end) {
                    case COMMITTED -> whole;
                    case ABORTED -> found == 0;
                    case UNKNOWN -> (whole || found == 0) && found == course.found.getOrDefault(outputs[0], 0);
                };
                if (!right) {
                    violations.add(Promise.TRANSACTIONS_ARE_ATOMIC, topic + " has " + found + " of " + course.records + " records of " + id + " from input " + course.firstInput + ", which was "
                            + course.end + "; all outputs: " + course.found);
                }
            }
        });
    }
}
