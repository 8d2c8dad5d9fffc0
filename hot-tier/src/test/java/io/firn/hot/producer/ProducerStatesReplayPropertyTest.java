package io.firn.hot.producer;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.ProducerView;
import io.firn.hot.Seeds;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.Batches;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Truncation and recovery: a snapshot and the batches after it give the state that all batches gave. */
class ProducerStatesReplayPropertyTest {

    private static final int BATCHES = 60;

    @Test
    void snapshotAndTailGiveTheStateOfTheWholeLog() {
        Seeds.each(300, random -> {
            ProducerLimits limits = new ProducerLimits(2 + random.nextInt(6), Long.MAX_VALUE);
            List<BatchHeader> log = randomLog(random);
            int cut = random.nextInt(log.size());
            ProducerStates head = ProducerStates.empty(limits);
            applyAll(head, log.subList(0, cut));
            ProducerStates restarted = ProducerStates.fromSnapshot(head.snapshot(), limits, 0);

            List<AbortedTransaction> expected = applyAll(head, log.subList(cut, log.size()));
            List<AbortedTransaction> replayed = applyAll(restarted, log.subList(cut, log.size()));

            long end = log.get(log.size() - 1).nextOffset();
            head.onHighWatermark(end);
            assertThat(replayed).isEqualTo(expected);
            assertThat(restarted.views()).isEqualTo(head.views());
            assertThat(restarted.lastStableOffset(end)).isEqualTo(head.lastStableOffset(end));
            assertThat(restarted.snapshot()).isEqualTo(head.snapshot());
        });
    }

    @Test
    void tableStaysBoundedAndForgetsNoOpenTransaction() {
        Seeds.each(200, random -> {
            ProducerLimits limits = new ProducerLimits(3, Long.MAX_VALUE);
            ProducerStates states = ProducerStates.empty(limits);
            List<BatchHeader> log = randomLog(random);
            TreeMap<Long, Long> open = new TreeMap<>();
            for (BatchHeader batch : log) {
                states.apply(batch, 0);
                if (batch.isControl()) {
                    open.remove(batch.producerId());
                } else if (batch.isTransactional()) {
                    open.putIfAbsent(batch.producerId(), batch.baseOffset());
                }
                states.onHighWatermark(batch.nextOffset());
                assertThat(states.size()).isLessThanOrEqualTo(Math.max(3, open.size() + 1));
                assertThat(states.views().stream().filter(view -> view.currentTxnStartOffset() >= 0).map(ProducerView::producerId).sorted().toList())
                        .isEqualTo(new ArrayList<>(open.keySet()));
                assertThat(states.lastStableOffset(batch.nextOffset()))
                        .isEqualTo(open.values().stream().mapToLong(Long::longValue).min().orElse(batch.nextOffset()));
            }
        });
    }

    private static List<AbortedTransaction> applyAll(ProducerStates states, List<BatchHeader> batches) {
        List<AbortedTransaction> aborted = new ArrayList<>();
        batches.forEach(batch -> states.apply(batch, 0).ifPresent(aborted::add));
        return aborted;
    }

    private static List<BatchHeader> randomLog(Random random) {
        List<BatchHeader> log = new ArrayList<>();
        long offset = 0;
        for (int i = 0; i < BATCHES; i++) {
            long producerId = random.nextInt(9);
            short epoch = (short) (i / 25);
            BatchHeader batch = Batches.header(random.nextInt(3) == 0
                    ? Batches.marker(offset, producerId, epoch, random.nextBoolean(), 0, 1000 + offset)
                    : Batches.data(offset, producerId, epoch, random.nextInt(100), 1 + random.nextInt(3), random.nextBoolean(), 1000 + offset));
            log.add(batch);
            offset = batch.nextOffset();
        }
        return log;
    }
}
