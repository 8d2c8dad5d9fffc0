package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.AppendOrigin;
import io.firn.hot.ProducerLast;
import io.firn.hot.Seeds;
import io.firn.retention.compaction.RandomLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;

/** Random transactions in a compacted topic, compacted and reopened again and again: a read_committed reader's table, and what is known of the producers, stay as they are. */
class CompactedTransactionsTest {
    private static final Path DIRECTORY = Path.of("/data/hot/logs-0");

    @Test
    void committedReadersAndProducersNoticeNothing() {
        Seeds.each(6, random -> {
            try (TieredRig rig = TieredRig.started(CompactedTopic.config(new CompactionConfig(0, 0, Long.MAX_VALUE, 10_000), false, -1))) {
                RandomLog history = new RandomLog(random, 10, true);
                for (int round = 0; round < 7; round++) {
                    write(rig, history, round < 2 ? 10 + random.nextInt(40) : 1 + random.nextInt(3)); // then producers fall silent
                    Map<String, String> table = committed(rig);
                    Set<ProducerLast> producers = producers(rig);
                    rig.roundsUntil("compacted", 1_000, () -> rig.hot.cleanTo() == rig.hot.logEndOffset());
                    assertThat(committed(rig)).isEqualTo(table);
                    reopen(rig, random);
                    assertThat(rig.hot.offlineReason()).isEmpty();
                    assertThat(committed(rig)).isEqualTo(table);
                    assertThat(producers(rig)).isEqualTo(producers);
                    assertThat(rig.onLoop(() -> rig.hot.lastStableOffset(rig.hot.logEndOffset()))).isEqualTo(rig.onLoop(() -> rig.hot.logEndOffset()));
                    rig.clock.advanceMs(random.nextInt(40_000));
                }
            }
        });
    }

    /** Up to a sealed end without open transaction: the last stable offset would hold compaction back. */
    private static void write(TieredRig rig, RandomLog history, int steps) {
        history.nowMs = rig.clock.millis();
        for (int i = 0; i < steps; i++) {
            apply(rig, history.next());
        }
        while (history.hasOpenTransaction()) {
            apply(rig, history.endTransaction());
        }
        apply(rig, history.seal());
    }

    private static void apply(TieredRig rig, RandomLog.Step step) {
        if (!step.roll()) {
            rig.append(step.batch(), AppendOrigin.REPLICATION);
        } else if (rig.onLoop(() -> rig.hot.logEndOffset()) > 0) {
            rig.awaitDurable();
            rig.seal();
        }
    }

    /** A restart, sometimes with all that can be rebuilt gone. */
    private static void reopen(TieredRig rig, Random random) throws IOException {
        rig.stop();
        if (random.nextBoolean()) {
            for (String name : rig.disk.list(DIRECTORY)) {
                if (name.endsWith("index") || name.endsWith(".snapshot") || name.equals("leader-epoch-checkpoint")) {
                    rig.disk.delete(DIRECTORY.resolve(name));
                }
            }
        }
        rig.start();
    }

    private static Set<ProducerLast> producers(TieredRig rig) {
        return new HashSet<>(rig.onLoop(() -> rig.hot.lastOfProducers()));
    }

    private static Map<String, String> committed(TieredRig rig) {
        List<AbortedTransaction> aborted = rig.get(rig.onLoop(() -> rig.hot.abortedTransactions(0, rig.hot.logEndOffset())));
        Map<String, String> table = new TreeMap<>();
        for (RecordBatch batch : CompactedTopic.batches(rig)) {
            boolean gone = batch.isTransactional() && aborted.stream().anyMatch(a -> a.producerId() == batch.producerId() && a.firstOffset() <= batch.baseOffset() && batch.lastOffset() < a.lastOffset());
            if (!batch.isControlBatch() && !gone) {
                batch.forEach(record -> {
                    String key = record.hasKey() ? StandardCharsets.UTF_8.decode(record.key()).toString() : "no key, at " + record.offset();
                    if (record.hasValue() || !record.hasKey()) {
                        table.put(key, record.hasValue() ? StandardCharsets.UTF_8.decode(record.value()).toString() : "");
                    } else {
                        table.remove(key);
                    }
                });
            }
        }
        return table;
    }
}
