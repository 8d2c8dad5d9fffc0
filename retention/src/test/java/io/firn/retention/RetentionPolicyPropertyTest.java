package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.HotLogConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever the logs and settings are, no decision breaks a promise. Seeded: {@code -Dfirn.seed=N} replays one case. */
class RetentionPolicyPropertyTest {
    private static final int CASES = 20_000;

    @Test
    void noDecisionBreaksAPromise() {
        Long only = Long.getLong("firn.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? CASES : only + 1); seed++) {
            try {
                check(new Random(seed));
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + " (replay with -Dfirn.seed=" + seed + ")", e);
            }
        }
    }

    private static void check(Random random) {
        List<SegmentSpan> history = history(random);
        int coldFrom = random.nextInt(history.size());
        int coldTo = coldFrom + random.nextInt(history.size() - coldFrom + 1);
        int localFrom = random.nextInt(coldTo + 1);
        LogView view = view(random, history, coldFrom, coldTo, localFrom);
        TieredLogConfig config = config(random);
        long nowMs = random.nextInt(200);
        long wanted = random.nextBoolean() ? 0 : random.nextInt(500);

        long logStart = RetentionPolicy.logStartTarget(view, config, nowMs);
        long localStart = RetentionPolicy.localStartTarget(view, config, wanted, nowMs);
        promises(view, config, logStart, localStart);
        exactness(view, config, logStart, nowMs);
        offloadIsContiguous(view);
    }

    private static void promises(LogView view, TieredLogConfig config, long logStart, long localStart) {
        assertThat(logStart).isGreaterThanOrEqualTo(view.logStartOffset());
        assertThat(localStart).isGreaterThanOrEqualTo(view.localStartOffset());
        if (logStart > view.logStartOffset()) {
            assertThat(logStart).isLessThanOrEqualTo(view.safeOffset());
            assertThat(config.deleteByRetention()).isTrue();
            if (RetentionPolicy.offloads(config)) {
                assertThat(logStart).isLessThanOrEqualTo(view.cold().endOffset());
            }
        }
        if (localStart > view.localStartOffset()) {
            assertThat(localStart).isLessThanOrEqualTo(Math.min(view.safeOffset(), view.cold().endOffset()));
            assertThat(view.sealed()).anyMatch(s -> s.nextOffset() == localStart);
        }
    }

    /** Each deleted segment had a reason: its age, or enough bytes behind it. */
    private static void exactness(LogView view, TieredLogConfig config, long logStart, long nowMs) {
        long remaining = view.totalBytes();
        List<SegmentSpan> all = new ArrayList<>(view.cold().segments());
        view.sealed().stream().filter(s -> s.nextOffset() > view.cold().endOffset()).forEach(all::add);
        for (SegmentSpan s : all) {
            if (s.nextOffset() > view.logStartOffset() && s.nextOffset() <= logStart) {
                remaining -= s.sizeBytes();
                boolean old = config.retentionMs() >= 0 && nowMs - s.newestMs() > config.retentionMs();
                boolean large = config.retentionBytes() >= 0 && remaining >= config.retentionBytes();
                assertThat(old || large).as("segment %s", s).isTrue();
            }
        }
    }

    private static void offloadIsContiguous(LogView view) {
        OffloadChoice choice = OffloadChoice.of(view);
        long boundary = view.cold().endOffset();
        if (choice instanceof OffloadChoice.Whole whole) {
            assertThat(whole.segment().nextOffset()).isLessThanOrEqualTo(view.safeOffset());
            if (!view.cold().isEmpty()) {
                assertThat(whole.segment().baseOffset()).isEqualTo(boundary);
            }
        } else if (choice instanceof OffloadChoice.Tail tail) {
            assertThat(tail.fromOffset()).isEqualTo(boundary);
            assertThat(tail.segment().nextOffset()).isGreaterThan(boundary).isLessThanOrEqualTo(view.safeOffset());
        } else if (choice instanceof OffloadChoice.Nothing) {
            assertThat(view.sealed()).allMatch(s -> s.nextOffset() <= Math.max(boundary, view.logStartOffset()));
        }
    }

    private static List<SegmentSpan> history(Random random) {
        List<SegmentSpan> history = new ArrayList<>();
        long offset = 0;
        for (int i = 0, n = 1 + random.nextInt(12); i < n; i++) {
            long next = offset + 1 + random.nextInt(9);
            history.add(new SegmentSpan(offset, next, 1 + random.nextInt(200), random.nextInt(150)));
            offset = next;
        }
        return history;
    }

    private static LogView view(Random random, List<SegmentSpan> history, int coldFrom, int coldTo, int localFrom) {
        List<SegmentSpan> coldSegments = history.subList(coldFrom, coldTo);
        long coldEnd = coldTo == 0 ? 0 : history.get(coldTo - 1).nextOffset();
        long coldStart = coldSegments.isEmpty() ? coldEnd : coldSegments.get(0).baseOffset();
        long logEnd = history.get(history.size() - 1).nextOffset() + random.nextInt(5);
        long safe = random.nextInt((int) logEnd + 1);
        List<SegmentSpan> local = history.subList(localFrom, history.size());
        long localStart = local.isEmpty() ? logEnd : local.get(0).baseOffset();
        long logStart = Math.min(safe, coldStart + random.nextInt(10));
        return new LogView(logStart, localStart, logEnd, safe, local.stream().filter(s -> s.nextOffset() <= safe).toList(),
                local.stream().mapToLong(SegmentSpan::sizeBytes).sum() + 10,
                new ColdView(coldStart, coldEnd, coldSegments.stream().mapToLong(SegmentSpan::sizeBytes).sum(), coldSegments));
    }

    private static TieredLogConfig config(Random random) {
        HotLogConfig hot = random.nextInt(4) == 0 ? Views.compacted(true).hot() : HotLogConfig.DEFAULT;
        return new TieredLogConfig(hot, random.nextInt(4) > 0, random.nextInt(4) > 0, random.nextInt(120) - 1, random.nextInt(1_000) - 1,
                random.nextInt(120) - 2, random.nextInt(1_000) - 2);
    }
}
