package io.firn.it.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.bench.ReplaySpots.Spot;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ReplaySpotsTest {

    private static final int PARTITIONS = 3;
    private static final long SEGMENT_RECORDS = 1_000;
    private static final ReplayTopics TOPICS = new ReplayTopics("cold", "hot", PARTITIONS, SEGMENT_RECORDS, 6 * SEGMENT_RECORDS + 20, 0);

    /** As they are read: the last half, then the first. */
    private static List<Spot> both() {
        return Stream.of(ReplaySpots.ofLastSegments(TOPICS, 100, 1), ReplaySpots.ofFirstSegments(TOPICS, 100, 1)).flatMap(half -> half.spots().stream()).toList();
    }

    @Test
    void theTwoHalvesGoToEachColdSegmentOnceInAll() {
        Set<List<Long>> segments = new HashSet<>();
        for (Spot spot : both()) {
            assertThat(segments.add(List.of((long) spot.partition(), spot.offset() / SEGMENT_RECORDS))).isTrue();
        }
        assertThat(segments).hasSize(6 * PARTITIONS);
    }

    @Test
    void aPartitionIsLookedAtFromItsEndSoThatNothingFetchedAheadIsNext() {
        long[] last = new long[PARTITIONS];
        Arrays.fill(last, Long.MAX_VALUE);
        for (Spot spot : both()) {
            assertThat(spot.offset()).isLessThan(last[spot.partition()]);
            last[spot.partition()] = spot.offset();
        }
    }

    @Test
    void spotsOfSegmentsKeepAwayFromTheBorders() {
        assertThat(both()).allSatisfy(spot -> assertThat(spot.offset() % SEGMENT_RECORDS).isBetween(SEGMENT_RECORDS / 4, SEGMENT_RECORDS * 3 / 4));
    }

    @Test
    void noMoreSegmentsAreUsedThanAreWanted() {
        assertThat(ReplaySpots.ofLastSegments(TOPICS, 4, 1).spots()).hasSize(4);
    }

    @Test
    void whatIsSaidInAnOrderIsReadFromItAgain() {
        ReplaySpots spots = ReplaySpots.random(PARTITIONS, TOPICS.cold(), 10, 1);
        long[] numbers = Arrays.stream(("7 " + spots.words()).split(" ")).mapToLong(Long::parseLong).toArray();
        assertThat(ReplaySpots.parse(numbers, 1)).isEqualTo(spots);
    }
}
