package io.firn.it.simulation;

import io.firn.cold.manifest.Manifest;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.segment.PartitionKeys;
import io.firn.gateway.partition.Partition;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.TopicIdPartition;

/**
 * What an unclean election may lose, and what not, of the partition that allows it. Each begins an era, at its leader epoch.
 * <ul>
 *   <li>Within an era everything is as elsewhere: leaders show the same committed records, high watermarks do not go back, what is offloaded is what they have shown, and in the last era all that was acknowledged in it is there in the end.
 *   <li>Into the next era goes all that was in the cold tier when it began: its leaders show no other records at those offsets, and have no smaller high watermark. The rest of the era before may be lost, be it acknowledged or not.
 *   <li>What was in the cold tier at any time is what is read there in the end; and nothing is read twice.
 * </ul>
 */
final class UncleanElectionInvariant {

    private static final String NAME = "an unclean election loses nothing that is in the cold tier";

    private final Cluster cluster;
    private final TreeMap<Integer, Era> eras = new TreeMap<>(Map.of(0, new Era(0)));
    /** The records of the cold tier, by offset. */
    private final TreeMap<Long, Long> cold = new TreeMap<>();
    private final Map<Long, Long> read = new HashMap<>();
    private Optional<PartitionView> placed = Optional.empty();
    private int begunAnew;
    private int acknowledged;

    /** Between two unclean elections. */
    private static final class Era {
        /** Where the cold tier ended when it began, at least. */
        final long coldEnd;
        final Map<Long, Long> shown = new HashMap<>();
        final Set<Long> acknowledged = new HashSet<>();
        final TreeMap<Integer, Long> highWatermarks = new TreeMap<>();
        boolean led;

        Era(long coldEnd) {
            this.coldEnd = coldEnd;
        }
    }

    UncleanElectionInvariant(Cluster cluster) {
        this.cluster = cluster;
    }

    /** Whether the partition is looked after here. */
    static boolean concerns(TopicIdPartition partition) {
        return partition.topic().equals(Shape.RISKY);
    }

    private Era era(int leaderEpoch) {
        return eras.floorEntry(leaderEpoch).getValue();
    }

    private static void fail(String what) {
        throw new Violation(NAME, what);
    }

    /** A view was shown that is newer than all before. */
    void shown(ClusterView view) {
        view.partition(Shape.RISKY, 0).ifPresent(now -> {
            boolean elected = placed.isPresent() && now.leaderEpoch() > placed.get().leaderEpoch() && now.leader() >= 0;
            if (elected && now.recovering() && !placed.get().isr().contains(now.leader())) {
                eras.put(now.leaderEpoch(), new Era(coldEnd()));
                cluster.note("an unclean election: " + now + ", the cold tier ends at " + coldEnd());
            }
            if (placed.isEmpty() || now.partitionEpoch() > placed.get().partitionEpoch()) {
                placed = Optional.of(now);
            }
        });
    }

    private long coldEnd() {
        return cold.isEmpty() ? 0 : cold.lastKey() + 1;
    }

    /** A manifest was committed. */
    void offloaded(TopicIdPartition partition, PartitionKeys keys, Manifest head) {
        if (!concerns(partition)) {
            return;
        }
        for (SegmentEntry segment : head.content().segments()) {
            if (segment.nextOffset() > coldEnd()) {
                byte[] object = cluster.bucket.objects.bytes(keys.segment(segment.name()));
                Era era = era(segment.name().leaderEpoch());
                Records.read(ByteBuffer.wrap(object, 0, (int) segment.logSizeBytes()).slice(), segment.baseOffset(), batch -> {
                    long[] offset = {batch.baseOffset()};
                    Records.numbers(batch, number -> offloaded(offset[0]++, number, era));
                });
            }
        }
    }

    private void offloaded(long offset, long number, Era era) {
        long shown = era.shown.getOrDefault(offset, number);
        if (offset >= coldEnd() && shown != number) {
            fail("offset " + offset + " goes to the cold tier with " + Records.text(number) + ", and was " + Records.text(shown));
        }
        cold.putIfAbsent(offset, number);
    }

    /** A process tells a client that its batch is committed. */
    void acknowledged(int leaderEpoch, Records.Batch batch) {
        for (int i = 0; i < batch.count(); i++) {
            acknowledged++;
            era(leaderEpoch).acknowledged.add(batch.number(i));
        }
    }

    /** Looks at what a leader has shown since the last look; what others have not been cut to yet is shown to nobody. */
    void look(Partition partition, Seen seen) {
        if (!partition.leads() || partition.replica().leader().isEmpty() || partition.log().hot().offlineReason().isPresent()) {
            return;
        }
        int epoch = partition.leaderEpoch();
        Era era = era(epoch);
        long end = partition.replica().highWatermark();
        long start = partition.replica().leader().get().epochStartOffset();
        if (seen.ruling != epoch) {
            seen.ruling = epoch;
            seen.verifiedTo = -1;
            begunAnew += !era.led && eras.size() > 1 && start > 0 && partition.log().hot().localLogStartOffset() == start ? 1 : 0;
            era.led = true;
        }
        if (end == seen.verifiedTo) {
            return;
        }
        progress(partition, era, epoch, end, start);
        seen.verifiedTo = LogsAgreeInvariant.read(partition, Math.max(seen.verifiedTo, partition.log().hot().localLogStartOffset()), end, (offset, number) -> show(partition, era, offset, number));
    }

    private void progress(Partition partition, Era era, int epoch, long end, long start) {
        if (end < start) {
            return;
        }
        Map.Entry<Integer, Long> earlier = era.highWatermarks.lowerEntry(epoch);
        era.highWatermarks.merge(epoch, end, Math::max);
        if (end < era.coldEnd || earlier != null && end < earlier.getValue()) {
            fail(Life.text(partition) + " shows " + end + " as the end, but it was " + earlier + ", and the cold tier ended at " + era.coldEnd);
        }
    }

    private void show(Partition partition, Era era, long offset, long number) {
        long before = era.shown.computeIfAbsent(offset, first -> number);
        long stays = offset < era.coldEnd ? cold.getOrDefault(offset, number) : number;
        if (before != number || stays != number) {
            fail("offset " + offset + " is " + Records.text(number) + " at " + Life.text(partition) + ", and was " + Records.text(before) + ", in the cold tier " + Records.text(stays));
        }
    }

    /** A client reads the partition when all is over. */
    void read(long offset, long number) {
        read.put(offset, number);
    }

    void atEnd() {
        cold.forEach((offset, number) -> {
            if (!number.equals(read.get(offset))) {
                fail("offset " + offset + " was in the cold tier with " + Records.text(number) + ", and is " + Optional.ofNullable(read.get(offset)).map(Records::text));
            }
        });
        Set<Long> all = new HashSet<>(read.values());
        if (all.size() < read.size()) {
            fail(read.size() - all.size() + " records are there twice");
        }
        eras.lastEntry().getValue().acknowledged.stream().filter(number -> !all.contains(number)).findFirst().ifPresent(number -> fail(Records.text(number) + " was acknowledged after the last unclean election, and is gone"));
    }

    /** How many there were. */
    int elections() {
        return eras.size() - 1;
    }

    /** Of how many the leader had to begin where the cold tier ends. */
    int begunAnew() {
        return begunAnew;
    }

    int acknowledged() {
        return acknowledged;
    }
}
