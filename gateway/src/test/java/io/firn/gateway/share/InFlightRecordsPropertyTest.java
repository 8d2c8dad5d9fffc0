package io.firn.gateway.share;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.kafka.common.errors.InvalidRecordStateException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.junit.jupiter.api.Test;

/**
 * Random members over a random log, with writes that fail, locks that run out and restarts. Against a model of each single record: none is with two members, none that was accepted comes
 * again, none is given up before its deliveries are used up, and in the end none is missing.
 *
 * <p>{@code -Dfirn.seed=N} replays one seed.
 */
class InFlightRecordsPropertyTest {
    private static final int SEEDS = 300;
    private static final int STEPS = 400;
    private static final ShareLimits LIMITS = new ShareLimits(60, 5, 100, true);

    @Test
    void noRecordIsLostOrWithTwoMembersOrDeliveredAfterItWasAccepted() {
        Long only = Long.getLong("firn.seed");
        for (long seed = only == null ? 1 : only; seed <= (only == null ? SEEDS : only); seed++) {
            try {
                new Run(seed).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("-Dfirn.seed=" + seed, e);
            }
        }
    }

    /** What a record's fate is, as far as it was written. */
    private record Written(DeliveryState state, int count) {}

    private static final class Run {
        private final Random random;
        private final List<LogBatch> log = new ArrayList<>();
        private final Set<Long> aborted = new HashSet<>();
        private final Set<Long> holes = new HashSet<>();
        private final long logStart;
        private InFlightRecords records;
        private long nowMs = 1_000;

        // The model.
        private final Map<Long, String> holder = new HashMap<>();
        private final Map<Long, Long> lockedUntilMs = new HashMap<>();
        private final Map<Long, Integer> deliveries = new HashMap<>();
        private final Set<Long> accepted = new HashSet<>();
        private final Set<Long> rejected = new HashSet<>();
        private final Map<Long, Set<Long>> changing = new HashMap<>();

        // The coordinator.
        private final TreeMap<Long, Written> written = new TreeMap<>();
        private long writtenStart;
        private final List<Pending> pending = new ArrayList<>();

        private record Pending(InFlightRecords.Change change, String member, Map<Long, DeliveryState> outcome) {}

        Run(long seed) {
            random = new Random(seed);
            long offset = random.nextInt(50);
            logStart = offset;
            writtenStart = offset;
            for (int i = 0; i < 60; i++) {
                if (i > 0 && random.nextInt(10) == 0) {
                    long hole = 1 + random.nextInt(5);
                    LongStream.range(offset, offset + hole).forEach(holes::add);
                    offset += hole;
                }
                long end = offset + 1 + random.nextInt(8);
                log.add(new LogBatch(offset, end));
                if (random.nextInt(12) == 0) {
                    LongStream.range(offset, end).forEach(aborted::add);
                }
                offset = end;
            }
            records = InFlightRecords.of(logStart, List.of());
        }

        void run() {
            for (int step = 0; step < STEPS; step++) {
                step();
                check();
            }
            drain();
        }

        private void step() {
            String member = "m" + random.nextInt(3);
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> acquire(member);
                case 4, 5, 6 -> acknowledge(member);
                case 7, 8 -> settleOne();
                case 9 -> expire();
                case 10 -> release(member);
                default -> {
                    if (random.nextInt(8) == 0) {
                        restart();
                    }
                }
            }
        }

        private void acquire(String member) {
            if (!records.canDeliver(LIMITS)) {
                return;
            }
            long from = records.nextOffset();
            List<LogBatch> found = log.stream().filter(batch -> batch.end() > from).limit(1 + random.nextInt(6)).toList();
            if (found.isEmpty()) {
                return;
            }
            boolean exactly = random.nextBoolean();
            int most = 1 + random.nextInt(20);
            Acquisition given = records.acquire(new Delivery.Ask(member, exactly, most, 1 + random.nextInt(10)), from, found,
                    found.stream().filter(batch -> aborted.contains(batch.first())).toList(), LIMITS, nowMs);
            long count = 0;
            for (Acquisition.Acquired range : given.ranges()) {
                for (long offset = range.first(); offset < range.end(); offset++) {
                    count++;
                    assertThat(holder).as("with one member only").doesNotContainKey(offset);
                    assertThat(accepted).as("accepted").doesNotContain(offset);
                    assertThat(rejected).as("rejected").doesNotContain(offset);
                    assertThat(aborted).as("aborted").doesNotContain(offset);
                    assertThat(range.deliveryCount()).as("delivery of %d", offset).isEqualTo(deliveries.merge(offset, 1, Integer::sum)).isLessThanOrEqualTo(LIMITS.deliveryLimit());
                    holder.put(offset, member);
                    lockedUntilMs.put(offset, nowMs + LIMITS.lockMs());
                }
                assertThat(range.deliveryCount() == LIMITS.deliveryLimit() && range.end() - range.first() > 1).as("last chance alone").isFalse();
            }
            assertThat(given.count()).isEqualTo((int) count);
            if (exactly) {
                assertThat(count).isLessThanOrEqualTo(most);
            }
        }

        private void acknowledge(String member) {
            List<Long> mine = holder.entrySet().stream().filter(entry -> entry.getValue().equals(member) && !isChanging(entry.getKey())).map(Map.Entry::getKey).sorted().toList();
            if (mine.isEmpty()) {
                return;
            }
            long first = mine.get(random.nextInt(mine.size()));
            List<Byte> types = new ArrayList<>();
            for (long offset = first; mine.contains(offset) && types.size() < 7; offset++) {
                types.add((byte) random.nextInt(5));
            }
            if (random.nextInt(10) == 0) {
                types.add((byte) 1); // one too many: it is not mine, and nothing may happen
            }
            boolean allMine = mine.contains(first + types.size() - 1);
            try {
                InFlightRecords.Change change = records.acknowledge(member, List.of(new Acknowledgement(first, first + types.size(), types)), LIMITS, nowMs);
                assertThat(allMine).isTrue();
                Map<Long, DeliveryState> outcome = new TreeMap<>();
                change.toWrite().forEach(range -> LongStream.range(range.first(), range.end()).forEach(offset -> outcome.put(offset, range.state())));
                for (int i = 0; i < types.size(); i++) {
                    long offset = first + i;
                    if (types.get(i) == Acknowledgement.RENEW) {
                        lockedUntilMs.put(offset, nowMs + LIMITS.lockMs());
                        assertThat(outcome).doesNotContainKey(offset);
                    } else {
                        assertThat(outcome.get(offset)).isEqualTo(expected(types.get(i), offset));
                    }
                }
                begin(change, member, outcome);
            } catch (InvalidRecordStateException | InvalidRequestException e) {
                assertThat(allMine).as("refused: %s", e).isFalse();
            }
        }

        private DeliveryState expected(byte type, long offset) {
            return switch (type) {
                case 1 -> DeliveryState.ACKNOWLEDGED;
                case 2 -> deliveries.get(offset) >= LIMITS.deliveryLimit() ? DeliveryState.ARCHIVED : DeliveryState.AVAILABLE;
                default -> DeliveryState.ARCHIVED;
            };
        }

        private boolean isChanging(long offset) {
            return changing.values().stream().anyMatch(set -> set.contains(offset));
        }

        private void begin(InFlightRecords.Change change, String member, Map<Long, DeliveryState> outcome) {
            if (!outcome.isEmpty()) {
                changing.put(change.number(), Set.copyOf(outcome.keySet()));
                pending.add(new Pending(change, member, outcome));
            }
        }

        private void release(String member) {
            InFlightRecords.Change change = records.release(member, LIMITS);
            Map<Long, DeliveryState> outcome = new TreeMap<>();
            change.toWrite().forEach(range -> LongStream.range(range.first(), range.end()).forEach(offset -> outcome.put(offset, range.state())));
            begin(change, member, outcome);
        }

        private void settleOne() {
            if (!pending.isEmpty()) {
                settle(pending.remove(random.nextInt(pending.size())), random.nextInt(4) > 0);
            }
        }

        private void settle(Pending change, boolean success) {
            changing.remove(change.change().number());
            if (success) {
                write(change.change().toWrite());
            }
            records.settle(change.change().number(), success, LIMITS, nowMs);
            change.outcome().forEach((offset, state) -> {
                if (success) {
                    holder.remove(offset);
                    finish(offset, state);
                } else if (lockedUntilMs.get(offset) <= nowMs) {
                    holder.remove(offset);
                    finish(offset, LIMITS.afterRelease(deliveries.get(offset)));
                }
            });
        }

        private void finish(long offset, DeliveryState state) {
            if (state == DeliveryState.ACKNOWLEDGED) {
                accepted.add(offset);
            } else if (state == DeliveryState.ARCHIVED) {
                rejected.add(offset);
            }
        }

        private void write(List<StateRange> ranges) {
            writtenStart = Math.max(writtenStart, records.start());
            ranges.forEach(range -> LongStream.range(range.first(), range.end()).forEach(offset -> written.put(offset, new Written(range.state(), range.deliveryCount()))));
        }

        private void expire() {
            nowMs += random.nextInt(60);
            List<StateRange> expired = records.expire(LIMITS, nowMs);
            Set<Long> gone = new HashSet<>();
            expired.forEach(range -> LongStream.range(range.first(), range.end()).forEach(offset -> {
                gone.add(offset);
                assertThat(lockedUntilMs.get(offset)).isLessThanOrEqualTo(nowMs);
                assertThat(range.state()).isEqualTo(LIMITS.afterRelease(deliveries.get(offset)));
                holder.remove(offset);
                finish(offset, range.state());
            }));
            holder.keySet().forEach(offset -> assertThat(lockedUntilMs.get(offset) > nowMs || isChanging(offset)).as("kept beyond its time: %d", offset).isTrue());
            if (random.nextBoolean()) {
                write(expired);
            }
        }

        private void restart() {
            pending.clear();
            changing.clear();
            holder.clear();
            written.headMap(writtenStart, false).clear();
            StateRange.Gatherer state = new StateRange.Gatherer();
            written.forEach((offset, fate) -> state.add(offset, offset + 1, fate.state(), fate.count()));
            records = InFlightRecords.of(writtenStart, state.ranges());
            rejected.removeIf(offset -> offset >= writtenStart && (!written.containsKey(offset) || !written.get(offset).state().terminal()));
            deliveries.keySet().removeIf(offset -> offset >= writtenStart && !written.containsKey(offset));
            written.forEach((offset, fate) -> deliveries.put(offset, fate.count()));
        }

        private void check() {
            long next = records.start();
            for (Span span : records.spans()) {
                assertThat(span.first()).as("no gap").isEqualTo(next);
                next = span.end();
                LongStream.range(span.first(), span.end()).forEach(offset -> {
                    if (span.acquired()) {
                        assertThat(holder.get(offset)).isEqualTo(span.member());
                        assertThat(lockedUntilMs.get(offset)).isEqualTo(span.lockedUntilMs());
                    } else if (span.change() == 0) {
                        assertThat(holder).doesNotContainKey(offset);
                    }
                });
            }
            assertThat(next).isEqualTo(records.end());
            assertThat(records.spans().isEmpty() || !records.spans().get(0).finished()).isTrue();
            assertThat(records.nextExpiryMs().orElse(Long.MAX_VALUE)).isEqualTo(records.spans().stream().filter(Span::acquired).mapToLong(Span::lockedUntilMs).min().orElse(Long.MAX_VALUE));
            LongStream.range(logStart, records.start()).filter(offset -> !holes.contains(offset) && !aborted.contains(offset))
                    .forEach(offset -> assertThat(accepted.contains(offset) || rejected.contains(offset)).as("passed over: %d", offset).isTrue());
        }

        /** One member takes and accepts everything that is left. */
        private void drain() {
            List.copyOf(pending).forEach(change -> settle(change, true));
            pending.clear();
            nowMs += 10 * LIMITS.lockMs();
            expire();
            long end = log.get(log.size() - 1).end();
            for (int round = 0; round < 10_000 && records.start() < end; round++) {
                acquire("last");
                InFlightRecords.Change change = records.acknowledge("last", records.spans().stream().filter(Span::acquired)
                        .map(span -> new Acknowledgement(span.first(), span.end(), List.of(Acknowledgement.ACCEPT))).toList(), LIMITS, nowMs);
                Map<Long, DeliveryState> outcome = new TreeMap<>();
                change.toWrite().forEach(range -> LongStream.range(range.first(), range.end()).forEach(offset -> outcome.put(offset, range.state())));
                settle(new Pending(change, "last", outcome), true);
                check();
            }
            assertThat(records.start()).as("all finished").isEqualTo(end);
            for (LogBatch batch : log) {
                LongStream.range(batch.first(), batch.end()).filter(offset -> !aborted.contains(offset))
                        .forEach(offset -> assertThat(accepted.contains(offset) || rejected.contains(offset)).as("lost: %d", offset).isTrue());
            }
        }
    }
}
