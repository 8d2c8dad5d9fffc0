package io.firn.it.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Where single reads of a topic go, one after the other. As words (of an order to {@link ClientMain}) it is partitions and offsets in turn. Immutable. */
record ReplaySpots(List<Spot> spots) {

    record Spot(int partition, long offset) {}

    /** Anywhere below the limit. */
    static ReplaySpots random(int partitions, long limit, int samples, long seed) {
        Random random = new Random(seed);
        return new ReplaySpots(IntStream.range(0, samples).mapToObj(sample -> new Spot(random.nextInt(partitions), (long) (random.nextDouble() * limit))).toList());
    }

    /** One in each of the last segments of the cold tier, as many as are wanted and half of the segments are. */
    static ReplaySpots ofLastSegments(ReplayTopics of, int samples, long seed) {
        return ofSegments(of, of.coldSegments() / 2, of.coldSegments(), samples, seed);
    }

    /** The same of the first half. */
    static ReplaySpots ofFirstSegments(ReplayTopics of, int samples, long seed) {
        return ofSegments(of, 0, of.coldSegments() / 2, samples, seed);
    }

    /** A partition's last segments first, so that what a broker fetches ahead of a reader is not what is looked at next. */
    private static ReplaySpots ofSegments(ReplayTopics of, long from, long to, int samples, long seed) {
        Random random = new Random(seed);
        long length = of.segmentRecords();
        List<Spot> spots = new ArrayList<>();
        for (long segment = to - 1; segment >= from; segment--) {
            for (int partition = 0; partition < of.partitions() && spots.size() < samples; partition++) {
                spots.add(new Spot(partition, segment * length + length / 4 + random.nextInt((int) length / 2))); // not near its borders, which are where its bytes are full
            }
        }
        return new ReplaySpots(List.copyOf(spots));
    }

    static ReplaySpots parse(long[] numbers, int from) {
        return new ReplaySpots(IntStream.range(0, (numbers.length - from) / 2).mapToObj(spot -> new Spot((int) numbers[from + 2 * spot], numbers[from + 2 * spot + 1])).toList());
    }

    String words() {
        return spots.stream().map(spot -> spot.partition + " " + spot.offset).collect(Collectors.joining(" "));
    }
}
