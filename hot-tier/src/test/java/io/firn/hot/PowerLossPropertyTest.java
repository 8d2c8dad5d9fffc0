package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendResult.Appended;
import io.firn.hot.batch.Batches;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.record.internal.Record;
import org.junit.jupiter.api.Test;

/**
 * Random lives of one log on a disk that loses power at any moment. After each reopening: the log is in service; it holds a prefix of
 * what was appended, byte for byte; all that was durable is in it; its start is where it was put; producers are known as before.
 */
final class PowerLossPropertyTest {

    @Test
    void whatWasDurableSurvivesPowerLossAndNothingElseAppears() {
        Seeds.each(250, random -> new Life(random, Durability.FSYNC, false).run());
    }

    @Test
    void whatWasAppendedSurvivesAKillUnderOsDurability() {
        Seeds.each(80, random -> new Life(random, Durability.OS, true).run());
    }

    private static final class Life {
        private static final long PRODUCER = 4711;

        private final Random random;
        private final Durability durability;
        private final boolean killOnly;
        private final SimDisk disk;
        private final HotLogConfig config;

        /** Number of each record, which is its timestamp, by offset; what the log would hold had nothing been lost. */
        private final TreeMap<Long, Long> records = new TreeMap<>();

        /** Batches of the idempotent producer by base offset: sequence and size. */
        private final TreeMap<Long, int[]> sequences = new TreeMap<>();

        private SteppedStore store;
        private HotLog log;
        private long nextNumber = 1;
        private int nextSequence;
        private long acknowledged;
        private long logStart;
        private boolean truncating;
        private CompletableFuture<Void> start = CompletableFuture.completedFuture(null);
        private final List<String> trace = new ArrayList<>();

        Life(Random random, Durability durability, boolean killOnly) {
            this.random = random;
            this.durability = durability;
            this.killOnly = killOnly;
            this.disk = new SimDisk(random.nextLong());
            this.config = new HotLogConfig(1500 + random.nextInt(4000), Long.MAX_VALUE, 0, 10 << 20, 200, 1 << 20, false, Long.MAX_VALUE,
                    Long.MAX_VALUE, false);
        }

        void run() throws Exception {
            try {
                open();
                for (int life = 0; life < 5; life++) {
                    int operations = random.nextInt(60);
                    for (int i = 0; i < operations; i++) {
                        operate();
                    }
                    end();
                    open();
                    check();
                }
            } catch (Exception | AssertionError e) {
                throw new AssertionError(e + "\n" + String.join("\n", trace), e);
            }
        }

        private void open() {
            start = CompletableFuture.completedFuture(null);
            store = new SteppedStore(disk, SteppedStore.DIRECTORY, durability, 2000);
            log = store.open(config);
            trace.add("open: " + log.localLogStartOffset() + ".." + log.logEndOffset() + " start " + log.logStartOffset());
        }

        private void operate() throws Exception {
            switch (random.nextInt(14)) {
                case 0, 1, 2, 3 -> append();
                case 4, 5 -> appendIdempotent();
                case 6 -> store.run();
                case 7, 8 -> steps(random.nextInt(12));
                case 9 -> {
                    trace.add("roll at " + log.logEndOffset());
                    log.roll();
                }
                case 10 -> {
                    long offset = log.durableOffset();
                    trace.add("delete below " + offset);
                    log.deleteLocalBefore(offset);
                }
                case 11 -> advanceLogStart();
                case 12 -> truncate();
                default -> {
                    if (!truncating) {
                        read();
                    }
                }
            }
            acknowledge();
        }

        private void acknowledge() {
            if (!truncating) {
                acknowledged = Math.max(acknowledged, log.durableOffset());
            }
        }

        private void steps(int count) {
            for (int i = 0; i < count && store.step(); i++) {
                acknowledge();
            }
        }

        private void append() {
            int count = 1 + random.nextInt(12);
            ByteBuffer batch = Batches.plain(0, count, nextNumber);
            if (log.append(RecordBuffers.of(batch), 3, AppendOrigin.CLIENT, store.nowMs) instanceof Appended appended) {
                trace.add("append " + appended);
                note(appended, count);
            }
        }

        private void appendIdempotent() {
            int count = 1 + random.nextInt(5);
            ByteBuffer batch = Batches.data(0, PRODUCER, (short) 0, nextSequence, count, false, nextNumber);
            AppendResult result = log.append(RecordBuffers.of(batch), 3, AppendOrigin.CLIENT, store.nowMs);
            if (result instanceof Appended appended) {
                trace.add("append " + appended + " sequence " + nextSequence);
                sequences.put(appended.baseOffset(), new int[] {nextSequence, count});
                note(appended, count);
                nextSequence += count;
            } else {
                assertThat(result).isInstanceOf(AppendResult.NotWritableYet.class);
            }
        }

        private void note(Appended appended, int count) {
            for (int i = 0; i < count; i++) {
                records.put(appended.baseOffset() + i, nextNumber++);
            }
        }

        private void advanceLogStart() {
            if (truncating) {
                return;
            }
            long offset = log.durableOffset() == 0 ? 0 : random.nextLong(log.durableOffset());
            trace.add("log start " + offset);
            start = CompletableFuture.allOf(start, log.advanceLogStart(offset).thenRun(() -> logStart = Math.max(logStart, offset)));
        }

        private void truncate() {
            store.finish(start);
            long room = log.logEndOffset() - Math.max(log.logStartOffset(), log.localLogStartOffset());
            if (truncating || room < 1) {
                return;
            }
            long offset = log.logEndOffset() - random.nextLong(Math.min(40, room + 1));
            trace.add("truncate to " + offset);
            truncating = true;
            acknowledged = Math.min(acknowledged, Math.max(0, offset - 12));
            CompletableFuture<Void> done = log.truncateTo(offset);
            done.thenRun(() -> {
                trace.add("truncated to " + log.logEndOffset());
                assertThat(log.logEndOffset()).isBetween(offset - 12, offset);
                forget(log.logEndOffset());
                truncating = false;
            });
        }

        private void forget(long end) {
            records.tailMap(end, true).clear();
            sequences.entrySet().removeIf(batch -> batch.getKey() + batch.getValue()[1] > end);
            Map.Entry<Long, int[]> last = sequences.lastEntry();
            nextSequence = last == null ? 0 : last.getValue()[0] + last.getValue()[1];
        }

        private void read() throws Exception {
            long from = Math.max(log.logStartOffset(), log.localLogStartOffset());
            long limit = records.isEmpty() ? 0 : records.floorKey(log.logEndOffset() - 1) + 1;
            if (from < limit) {
                long at = from + random.nextLong(limit - from);
                compare(LogReads.records(log, at, limit, 1 + random.nextInt(3000)), at, limit);
            }
        }

        private void end() {
            int kind = random.nextInt(4);
            trace.add("end " + kind);
            if (kind == 0 && !truncating) {
                assertThat(store.close()).isTrue();
                acknowledged = records.isEmpty() ? acknowledged : records.lastKey() + 1;
            } else if (kind == 1 || killOnly) {
                acknowledged = truncating ? acknowledged : Math.max(acknowledged, log.logEndOffset());
                disk.kill();
            } else {
                disk.crash();
            }
            store.die();
        }

        private void check() throws Exception {
            assertThat(log.offlineReason()).isEmpty();
            long end = log.logEndOffset();
            assertThat(end).as("log end").isGreaterThanOrEqualTo(acknowledged);
            assertThat(log.durableOffset()).isEqualTo(end);
            assertThat(log.logStartOffset()).isGreaterThanOrEqualTo(logStart);
            long from = Math.max(log.logStartOffset(), log.localLogStartOffset());
            forget(end);
            truncating = false;
            logStart = log.logStartOffset();
            acknowledged = end;
            if (from < end) {
                compare(LogReads.records(log, from, end, 1 + random.nextInt(5000)), from, end);
            }
            Map.Entry<Long, int[]> last = sequences.lastEntry();
            if (last != null && last.getKey() >= log.localLogStartOffset()) {
                ByteBuffer again = Batches.data(0, PRODUCER, (short) 0, last.getValue()[0], last.getValue()[1], false, 1);
                assertThat(log.append(RecordBuffers.of(again), 3, AppendOrigin.CLIENT, store.nowMs))
                        .isEqualTo(new AppendResult.Duplicate(last.getKey(), last.getKey() + last.getValue()[1] - 1, -1));
            }
        }

        private void compare(List<Record> found, long from, long to) {
            long next = from;
            for (Record record : found) {
                if (record.offset() >= from) {
                    assertThat(record.offset()).isEqualTo(next++);
                    assertThat(record.timestamp()).as("record at offset " + record.offset()).isEqualTo(records.get(record.offset()));
                }
            }
            assertThat(next).isEqualTo(to);
        }
    }
}
