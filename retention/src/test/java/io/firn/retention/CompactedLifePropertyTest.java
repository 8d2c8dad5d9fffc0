package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.hot.AppendOrigin;
import io.firn.hot.batch.Batches;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/**
 * The life of a compacted, tiered partition in random order: updates, tombstones, transactions that commit or abort, seals, compactions of the cold tier, outages, kills and power losses in the
 * middle of things, DeleteRecords, and readers at any moment. Whoever reads from the start knows the newest value of every key, and nothing that was aborted or deleted.
 *
 * <p>{@code -Dfirn.seed=N} replays the order of events of one case; the threads inside are real.
 */
class CompactedLifePropertyTest {
    private static final int CASES = 25;
    private static final int STEPS = 60;
    private static final int KEYS = 12;

    private int passes;
    private int readers;

    @Test
    void whoeverReadsFromTheStartKnowsTheNewestValueOfEveryKey() {
        Long only = Long.getLong("firn.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? CASES : only + 1); seed++) {
            try {
                new Life(seed).live();
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + " (replay with -Dfirn.seed=" + seed + ")", e);
            }
        }
        if (only == null) {
            assertThat(passes).as("compactions of the cold tier").isGreaterThan(CASES);
            assertThat(readers).as("readers in the middle of things").isGreaterThan(CASES);
        }
    }

    /** One record that counts; the value is null for a tombstone. */
    private record Effect(String key, String value) {}

    private final class Life {
        private final Random random;
        private final TieredRig rig;
        private final ScheduledExecutorService clockwork = Executors.newSingleThreadScheduledExecutor();
        /** Every record that counts, by offset. */
        private final TreeMap<Long, Effect> effects = new TreeMap<>();
        private final Map<Long, Integer> sequences = new HashMap<>();
        private long deletedBefore;
        private long value;

        Life(long seed) {
            random = new Random(seed);
            rig = new TieredRig(settings());
            rig.deleteGraceMs = 60_000;
            rig.start();
        }

        private TieredLogConfig settings() {
            CompactionConfig compaction = new CompactionConfig(random.nextInt(3) * 0.2, random.nextInt(2) * 20_000L, Long.MAX_VALUE, random.nextInt(200_000));
            TieredLogConfig c = Views.compactedCold(compaction);
            long localBytes = random.nextBoolean() ? 0 : random.nextInt(20_000);
            return new TieredLogConfig(Views.segmentBytes(c.hot(), 1 << 20), true, false, -1, -1, -1, localBytes, compaction);
        }

        void live() {
            try (rig) {
                for (int i = 0; i < STEPS; i++) {
                    step();
                }
                rig.objects.clearFaults();
                rig.reconfigure(Views.compactedCold(new CompactionConfig(0, 0, Long.MAX_VALUE, 1_000_000_000)));
                put();
                rig.awaitDurable();
                long end = rig.seal();
                rig.roundsUntil("all compacted", 20_000, () -> rig.log.cold().map(cold -> cold.cleanOffset() == end).orElse(false));
                assertThat(KeyedReplay.committed(rig, 1_000).supersededBelow(end)).isZero();
                check();
                passes += (int) rig.meter("firn.cold.compaction.passes");
                assertThat(rig.meter("firn.offload.stopped.partitions")).isZero();
            } finally {
                clockwork.shutdownNow();
            }
        }

        private void step() {
            switch (random.nextInt(14)) {
                case 0, 1, 2 -> put();
                case 3 -> transaction(random.nextBoolean());
                case 4, 5, 6 -> seal();
                case 7, 8, 9 -> rounds();
                case 10 -> trouble();
                case 11 -> rig.objects.clearFaults();
                case 12 -> crash(random.nextBoolean());
                default -> readOrDelete();
            }
        }

        private void put() {
            for (int i = random.nextInt(10); i >= 0; i--) {
                String key = "key-" + random.nextInt(KEYS);
                String next = random.nextInt(5) == 0 ? null : "value " + value++ + " ".repeat(random.nextInt(400));
                effects.put(rig.put(key, next), new Effect(key, next));
            }
        }

        private void transaction(boolean commit) {
            long producer = 1 + random.nextInt(3);
            Effect[] made = new Effect[1 + random.nextInt(5)];
            SimpleRecord[] records = new SimpleRecord[made.length];
            for (int i = 0; i < records.length; i++) {
                String key = "key-" + random.nextInt(KEYS);
                String next = (commit ? "committed " : "aborted ") + value++;
                made[i] = new Effect(key, next);
                records[i] = new SimpleRecord(rig.clock.millis(), key.getBytes(), next.getBytes());
            }
            int sequence = sequences.merge(producer, records.length, Integer::sum) - records.length;
            long at = rig.append(MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, 0, Compression.NONE, TimestampType.CREATE_TIME, producer, (short) 0, sequence,
                    RecordBatch.NO_PARTITION_LEADER_EPOCH, true, records).buffer(), AppendOrigin.CLIENT);
            if (random.nextInt(3) == 0) {
                effects.put(rig.put("between", "the records and the marker"), new Effect("between", "the records and the marker"));
            }
            if (random.nextInt(4) == 0) {
                seal();
            }
            long marker = rig.append(Batches.marker(0, producer, (short) 0, commit, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            for (int i = 0; commit && i < made.length; i++) {
                effects.put(at + i, made[i]);
            }
            if (random.nextBoolean()) {
                rig.awaitDurable();
            }
            assertThat(marker).isGreaterThan(at);
        }

        private void seal() {
            rig.awaitDurable();
            rig.seal();
        }

        private void rounds() {
            for (int i = random.nextInt(8); i >= 0; i--) {
                rig.round();
                rig.clock.advanceMs(random.nextInt(20_000));
            }
        }

        private void trouble() {
            SimFault fault = rig.objects.inject(switch (random.nextInt(6)) {
                case 0 -> SimFault.outage();
                case 1 -> SimFault.failing(1 + random.nextInt(4));
                case 2 -> SimFault.losingReply(1 + random.nextInt(3)).on(Operation.PUT, Operation.PUT_IF_ABSENT, Operation.DELETE);
                case 3 -> SimFault.losingRequest(1 + random.nextInt(3)).on(Operation.PUT, Operation.PUT_IF_ABSENT, Operation.DELETE);
                case 4 -> SimFault.holdingRequests().on(Operation.PUT, Operation.PUT_IF_ABSENT, Operation.DELETE);
                default -> SimFault.cuttingBody(1 + random.nextInt(3));
            });
            clockwork.schedule(fault::release, 200, TimeUnit.MILLISECONDS);
        }

        private void crash(boolean powerLoss) {
            rig.awaitDurable();
            passes += (int) rig.meter("firn.cold.compaction.passes");
            rig.restart(powerLoss);
        }

        private void readOrDelete() {
            rig.objects.clearFaults();
            rig.awaitDurable();
            if (random.nextInt(3) == 0) {
                long from = rig.onLoop(rig.log::logStartOffset);
                long offset = from + random.nextInt((int) (rig.onLoop(rig.hot::logEndOffset) - from) / 4 + 1);
                deletedBefore = rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(offset)));
            }
            rig.awaitOpened();
            CompletableFuture<Void> meanwhile = CompletableFuture.runAsync(() -> {
                for (int i = 0; i < 5; i++) {
                    rig.round();
                }
            });
            check();
            rig.get(meanwhile);
            readers++;
        }

        /** Keys whose newest record was deleted by DeleteRecords are gone; a tombstone that was deleted leaves its key gone too. */
        private void check() {
            Map<String, String> expected = new TreeMap<>();
            effects.tailMap(deletedBefore, true).values().forEach(effect -> {
                if (effect.value() == null) {
                    expected.remove(effect.key());
                } else {
                    expected.put(effect.key(), effect.value());
                }
            });
            KeyedReplay replay = KeyedReplay.committed(rig, 1 + random.nextInt(5_000));
            assertThat(new TreeMap<>(replay.table())).isEqualTo(expected);
            assertThat(replay.records).isSortedAccordingTo((a, b) -> Long.compare(a.offset(), b.offset()));
        }
    }
}
