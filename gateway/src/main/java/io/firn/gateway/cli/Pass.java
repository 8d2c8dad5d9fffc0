package io.firn.gateway.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * All records going one way once: a tally per partition, and how long it took.
 *
 * @param nanos from the first record asked for or sent to the last one here or acknowledged
 */
record Pass(List<Tally> partitions, long nanos) {

    Pass {
        partitions = List.copyOf(partitions);
    }

    static List<Tally> newTallies(int partitions) {
        return new ArrayList<>(IntStream.range(0, partitions).mapToObj(i -> new Tally()).toList());
    }

    long records() {
        return partitions.stream().mapToLong(Tally::records).sum();
    }

    long bytes() {
        return partitions.stream().mapToLong(Tally::bytes).sum();
    }

    boolean matches(Pass other) {
        return IntStream.range(0, partitions.size()).allMatch(i -> partitions.get(i).matches(other.partitions.get(i)));
    }
}
