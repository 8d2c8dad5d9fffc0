package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compacted topics written in transactions, committed and aborted, by stock producers: what stock consumers of either isolation level read, before, while and after they are compacted, in each tier. */
class CompactedTransactionsIT {

    private static final int ROUNDS = 40;
    private static final int UPDATES = 60;
    private static final Map<String, Object> COMMITTED = Map.of("isolation.level", "read_committed");
    private static final Map<String, Object> UNCOMMITTED = Map.of("isolation.level", "read_uncommitted");
    private static final Map<String, String> COMPACTED = Map.of("cleanup.policy", "compact", "segment.bytes", "1048576", "min.cleanable.dirty.ratio", "0.01", "delete.retention.ms", "600000");

    @TempDir
    Path directory;

    @ParameterizedTest(name = "tiered {0}")
    @ValueSource(booleans = {false, true})
    void readersFindWhatWasCommittedAndCompactionLeavesNothingElse(boolean tiered) throws Exception {
        try (Buckets buckets = Buckets.open("file", directory); FirnNode node = buckets.node(directory.resolve("data"), Map.of("retention.check.interval.ms", "20")).start()) {
            TopicPartition partition = create(node, tiered);
            try (TransactionalTable table = new TransactionalTable(node.bootstrap(), partition, Seed.random("CompactedTransactionsIT"))) {
                for (int round = 1; round <= ROUNDS; round++) {
                    table.round(UPDATES);
                    if (round % 10 == 0) {
                        if (tiered) {
                            checkAcrossTheTiers(node, partition, table);
                        }
                        table.check(read(node, partition, COMMITTED), true);
                        table.check(read(node, partition, UNCOMMITTED), false);
                    }
                }
                table.whileOneIsOpen(UPDATES, () -> table.check(read(node, partition, COMMITTED), true));
                table.check(read(node, partition, COMMITTED), true);
                assertThat(table.abortedUpdates()).isPositive();
                Await.until("one record of each key is left", Duration.ofMinutes(3), () -> {
                    table.roll();
                    table.check(read(node, partition, COMMITTED), true);
                    return table.isExactly(read(node, partition, UNCOMMITTED));
                });
                assertThat(table.isExactly(read(node, partition, COMMITTED))).isTrue();
                assertThat(node.metric(tiered ? "firn_cold_compaction_passes_total" : "firn_compaction_passes_seconds_count")).isPositive();
            }
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        }
    }

    private static TopicPartition create(FirnNode node, boolean tiered) {
        Map<String, String> configs = new HashMap<>(COMPACTED);
        configs.put("remote.storage.enable", Boolean.toString(tiered));
        if (tiered) {
            configs.put("local.retention.bytes", "1");
        }
        try (Topics topics = Topics.of(node.bootstrap())) {
            return topics.create("table", 1, configs).get(0);
        }
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(FirnNode node, TopicPartition partition, Map<String, Object> isolation) {
        return Reading.all(node.bootstrap(), List.of(partition), isolation).get(partition);
    }

    /** Once there is something in both tiers: readings that begin a little before the boundary, at it, and behind it. */
    private static void checkAcrossTheTiers(FirnNode node, TopicPartition partition, TransactionalTable table) {
        try (Topics topics = Topics.of(node.bootstrap()); KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), COMMITTED)) {
            Await.until("records in both tiers", () -> topics.offset(partition, OffsetSpec.earliestLocal()) > 0 && topics.offset(partition, OffsetSpec.latestTiered()) > 0);
            List<ConsumerRecord<byte[], byte[]>> whole = read(node, partition, COMMITTED);
            long boundary = topics.offset(partition, OffsetSpec.earliestLocal());
            consumer.assign(List.of(partition));
            for (long offset : new long[] {Math.max(0, boundary - 40), Math.max(0, boundary - 1), boundary, boundary + 1}) {
                consumer.seek(partition, offset);
                table.checkFrom(offset, whole, Reading.toEnd(consumer, List.of(partition)).get(partition));
            }
        }
    }
}
