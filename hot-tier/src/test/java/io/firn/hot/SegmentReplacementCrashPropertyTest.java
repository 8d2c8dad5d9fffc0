package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Kills the process, or cuts the power, at every disk operation of a rewrite and replacement of segments, and again at operations of the recovery after it. The log then holds the
 * old segments or the new ones: never a mix, never less; what was written meanwhile is there; it can be compacted again.
 */
final class SegmentReplacementCrashPropertyTest {
    private static final int MOST_OPERATIONS = 200;
    private static final long PRODUCER = 77;

    @Test
    void afterAnyCrashTheLogHoldsTheOldOrTheNewSegments() {
        AtomicInteger old = new AtomicInteger();
        AtomicInteger replaced = new AtomicInteger();
        Seeds.each(12, random -> {
            long seed = random.nextLong();
            boolean lasts = true;
            for (int operations = 0; lasts; operations++) {
                assertThat(operations).isLessThan(MOST_OPERATIONS);
                Life life = new Life(new Random(seed), new Random(random.nextLong()));
                lasts = life.run(operations);
                (life.foundOld ? old : replaced).incrementAndGet();
            }
        });
        assertThat(old.get()).as("crashes before the commit").isGreaterThan(3);
        assertThat(replaced.get()).as("crashes after it").isGreaterThan(3);
    }

    private static final class Life {
        private final Random plan;
        private final Random chance;
        private final SimDisk disk;
        private SteppedStore store;
        private HotLog log;
        private int sequence;
        private boolean foundOld;

        Life(Random plan, Random chance) {
            this.plan = plan;
            this.chance = chance;
            this.disk = new SimDisk(chance.nextLong());
        }

        private HotLogConfig config(boolean compacted) {
            return new HotLogConfig(1500, Long.MAX_VALUE, 0, 10 << 20, 200, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, compacted);
        }

        /** Whether the process died. */
        boolean run(int operations) throws IOException {
            store = new SteppedStore(disk, Durability.FSYNC);
            log = store.open(config(true));
            int segments = 3 + plan.nextInt(5);
            while (log.sealedSegments(Long.MAX_VALUE).size() < segments) {
                append();
            }
            if (plan.nextBoolean()) { // an earlier one: the log has gaps already
                int from = plan.nextInt(segments - 1);
                rewrite(from, from + 2, 3);
            }
            int count = log.sealedSegments(Long.MAX_VALUE).size();
            int from = plan.nextInt(count);
            int to = from + 1 + plan.nextInt(count - from);
            int modulus = 2 + plan.nextInt(4);
            List<ByteBuffer> old = content();
            List<ByteBuffer> thinned = thinned(from, to, modulus);
            disk.dieAfter(operations);
            boolean died = !rewrite(from, to, modulus);
            crash();
            List<ByteBuffer> found = content();
            foundOld = found.equals(old) && !old.equals(thinned);
            assertThat(found).as("old or new").isIn(old, thinned);
            if (!died) {
                assertThat(found).isEqualTo(thinned);
            }
            goOn();
            return died;
        }

        private void append() {
            int count = 1 + plan.nextInt(4);
            ByteBuffer batch = Batches.data(0, PRODUCER, (short) 0, sequence, count, false, 1000 + sequence);
            AppendResult result = log.append(RecordBuffers.of(batch), 3, AppendOrigin.CLIENT, store.nowMs);
            sequence += result instanceof AppendResult.Appended ? count : 0;
            store.run();
        }

        private List<ByteBuffer> content() throws IOException {
            List<ByteBuffer> all = new ArrayList<>();
            for (SealedSegment segment : log.sealedSegments(Long.MAX_VALUE)) {
                all.addAll(Rewrites.batches(segment));
            }
            return all;
        }

        private List<ByteBuffer> thinned(int from, int to, int modulus) throws IOException {
            List<ByteBuffer> all = new ArrayList<>();
            List<SealedSegment> sealed = log.sealedSegments(Long.MAX_VALUE);
            for (int i = 0; i < sealed.size(); i++) {
                for (ByteBuffer batch : Rewrites.batches(sealed.get(i))) {
                    boolean last = batch.getLong(0) + batch.getInt(23) + 1 == sealed.get(to - 1).nextOffset();
                    if (i < from || i >= to || batch.getLong(0) % modulus == 0 || last) {
                        all.add(batch);
                    }
                }
            }
            return all;
        }

        private boolean rewrite(int from, int to, int modulus) {
            List<SealedSegment> run = log.sealedSegments(Long.MAX_VALUE).subList(from, to);
            SegmentRewrite rewrite = log.rewrite(run).orElseThrow();
            try {
                Rewrites.write(rewrite, run, base -> base % modulus == 0);
                boolean done = store.finish(log.replace(rewrite));
                store.run();
                return done;
            } catch (IOException | CompletionException e) {
                return false;
            }
        }

        /** Dies, and perhaps again while it recovers. */
        private void crash() {
            for (boolean again = true; again; ) {
                store.die();
                if (chance.nextBoolean()) {
                    disk.kill();
                } else {
                    disk.crash();
                }
                again = chance.nextInt(3) == 0;
                if (again) {
                    disk.dieAfter(chance.nextInt(12));
                }
                try {
                    store = new SteppedStore(disk, Durability.FSYNC);
                    log = store.open(config(chance.nextBoolean())); // the policy may have changed
                } catch (RuntimeException | AssertionError e) {
                    assertThat(again).as("only a crash stops an opening: %s", e).isTrue();
                }
            }
            assertThat(log.offlineReason()).isEmpty();
        }

        /** Everything works as before: reading from anywhere, the producer's sequence, rolling, compacting once more. */
        private void goOn() throws IOException {
            List<Long> offsets = LogReads.records(log, 0, log.logEndOffset(), 400, store::run).stream().map(r -> r.offset()).toList();
            for (int i = 0; i < 5; i++) {
                long from = chance.nextLong(log.logEndOffset());
                assertThat(LogReads.records(log, from, log.logEndOffset(), 400, store::run).stream().map(r -> r.offset()).filter(o -> o >= from).toList())
                        .isEqualTo(offsets.stream().filter(o -> o >= from).toList());
            }
            ByteBuffer next = Batches.data(0, PRODUCER, (short) 0, sequence, 1, false, 5000);
            assertThat(log.append(RecordBuffers.of(next), 3, AppendOrigin.CLIENT, store.nowMs)).isInstanceOf(AppendResult.Appended.class);
            sequence++;
            store.finish(log.roll());
            store.run();
            assertThat(disk.list(SteppedStore.DIRECTORY.resolve("topic-0"))).noneMatch(name -> name.endsWith(".cleaned") || name.endsWith(".swap") || name.endsWith(".tmp"));
            assertThat(rewrite(0, log.sealedSegments(Long.MAX_VALUE).size(), 5)).isTrue();
            assertThat(log.offlineReason()).isEmpty();
        }
    }
}
