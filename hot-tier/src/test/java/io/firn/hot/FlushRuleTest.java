package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.AppendResult.Appended;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** {@code flush.messages} and {@code flush.ms} under {@link Durability#OS}, over a disk that loses what was not forced. */
final class FlushRuleTest {

    private final SimDisk disk = new SimDisk(1);
    private SteppedStore store = new SteppedStore(disk, Durability.OS);

    private HotLog open(FlushRule rule) {
        return store.open(HotLogTest.SMALL.withFlush(rule));
    }

    private static void append(HotLog log, int records, long nowMs) {
        assertThat(log.append(RecordBuffers.of(Batches.plain(0, records, 5000)), 0, AppendOrigin.CLIENT, nowMs)).isInstanceOf(Appended.class);
    }

    /** What a power loss leaves. */
    private long endAfterPowerLoss() {
        store.die();
        disk.crash();
        store = new SteppedStore(disk, Durability.OS);
        return store.open(HotLogTest.SMALL).logEndOffset();
    }

    @Test
    void withoutARuleAnAppendCountsAtOnceAndIsNotForced() {
        HotLog log = open(FlushRule.NONE);
        append(log, 2, store.nowMs);

        assertThat(log.durableOffset()).isEqualTo(2);
        assertThat(store.step()).as("something to force").isFalse();
    }

    @Test
    void theAppendThatReachesFlushMessagesCountsWhenItWasForced() {
        HotLog log = open(new FlushRule(5, Long.MAX_VALUE));
        append(log, 2, store.nowMs);
        append(log, 2, store.nowMs);
        assertThat(log.durableOffset()).as("below the limit").isEqualTo(4);

        append(log, 1, store.nowMs);
        append(log, 1, store.nowMs);
        assertThat(log.durableOffset()).as("the fifth record and what follows wait").isEqualTo(4);

        store.run();
        assertThat(log.durableOffset()).isEqualTo(6);
        assertThat(endAfterPowerLoss()).isGreaterThanOrEqualTo(5);
    }

    @Test
    void withFlushMessagesOfOneEverythingThatCountsSurvivesAPowerLoss() {
        HotLog log = open(new FlushRule(1, Long.MAX_VALUE));
        for (int i = 0; i < 20; i++) {
            append(log, 1, store.nowMs);
            if (i % 3 == 0) {
                store.forceNow();
            }
            store.runWithoutForcing();
            assertThat(log.durableOffset()).isLessThanOrEqualTo(i + 1);
        }
        long counted = log.durableOffset();

        assertThat(counted).isGreaterThan(15);
        assertThat(endAfterPowerLoss()).isGreaterThanOrEqualTo(counted);
    }

    @Test
    void aForceThatWasUnderWayIsFollowedByAnotherForWhatCameMeanwhile() {
        HotLog log = open(new FlushRule(1, Long.MAX_VALUE));
        append(log, 1, store.nowMs);
        store.forceNow();
        append(log, 1, store.nowMs);

        store.runWithoutForcing();
        assertThat(log.durableOffset()).isEqualTo(1);
        store.run();
        assertThat(log.durableOffset()).isEqualTo(2);
    }

    @Test
    void recordsAreForcedWhenTheOldestOneIsAsOldAsFlushMs() {
        HotLog log = open(new FlushRule(Long.MAX_VALUE, 3000));
        append(log, 1, 10_000);
        append(log, 1, 12_000);
        log.tick(12_999);
        assertThat(store.step()).as("something to force").isFalse();

        log.tick(13_000);
        store.run();

        assertThat(endAfterPowerLoss()).isEqualTo(2);
    }

    @Test
    void aRuleSetAtRunTimeHoldsFromTheNextAppend() {
        HotLog log = open(FlushRule.NONE);
        append(log, 1, store.nowMs);
        log.reconfigure(HotLogTest.SMALL.withFlush(new FlushRule(1, Long.MAX_VALUE)));
        append(log, 1, store.nowMs);

        assertThat(log.durableOffset()).isEqualTo(1);
        store.run();
        assertThat(log.durableOffset()).isEqualTo(2);
    }

    @Test
    void aForceThatFailsTakesTheLogOfflineAndWhatWaitedForItDoesNotCount() {
        HotLog log = open(new FlushRule(1, Long.MAX_VALUE));
        AtomicInteger told = new AtomicInteger();
        log.onDurable(told::incrementAndGet);
        append(log, 1, store.nowMs);
        disk.fail(SimDisk.Op.FORCE, path -> path.toString().endsWith(".log"), 1, new IOException("medium error"));
        store.run();

        assertThat(log.offlineReason()).isPresent();
        assertThat(log.durableOffset()).isZero();
        assertThat(told).hasValue(0);
    }

    @Test
    void aRuleKnowsItsBounds() {
        assertThatThrownBy(() -> new FlushRule(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new FlushRule(1, -1)).isInstanceOf(IllegalArgumentException.class);
    }
}
