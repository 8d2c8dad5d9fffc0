package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Readers without a broker go through a log that its broker appends to, compacts, merges and expires, with hardly any grace for those who still read what was replaced. Half the logs are spread over pages. */
class ColdLogReaderSwapPropertyTest {

    private int swaps;
    private int drops;
    private int expired;

    @Test
    void everyRecordThatSurvivesIsReadOnceAndInOrderAndWhatExpiredIsReported() {
        Seeds.each(50, random -> new World(random).run());
        if (Long.getLong("firn.seed") == null) {
            assertThat(swaps).isGreaterThan(100);
            assertThat(drops).isGreaterThan(20);
            assertThat(expired).as("expired under a reader").isGreaterThan(5);
        }
    }

    private final class World {
        private final Random random;
        private final ColdFixture cold;
        private final ColdLog log;
        private final ColdLogReader reader;
        private final List<SegmentFixture> live = new ArrayList<>();
        private final List<Stream> streams = new ArrayList<>();
        private boolean changing;

        World(Random random) {
            this.random = random;
            ColdStoreConfig hasty = new ColdStoreConfig("firn", "cluster-a", CHUNK, 16L * CHUNK, 4, 0, 2, 1_000, 3, random.nextInt(20), false);
            this.cold = new ColdFixture(hasty, ColdFixture.anyShape(random));
            this.log = cold.log(1);
            this.reader = ColdLogReader.open(new ColdReaderConfig("firn", Optional.empty(), CHUNK, (8 + random.nextInt(20)) * (long) CHUNK, 4, random.nextInt(6) * CHUNK, 1_000, 3),
                    cold.objects.reopened(), cold.sim, new SimpleMeterRegistry(), cold.sim.threads());
        }

        void run() {
            for (int i = 0; i < 4 + random.nextInt(6); i++) {
                SegmentFixture segment = SegmentFixture.random(random, log.endOffset(), 1, 1 + random.nextInt(4 * CHUNK));
                cold.await(log.append(segment));
                live.add(segment);
            }
            for (int i = 0; i < 3; i++) {
                streams.add(new Stream(cold.await(reader.stream(PARTITION, new ColdPosition.Earliest(), new ColdPosition.End(), random.nextBoolean()))));
            }
            while (streams.stream().anyMatch(stream -> !stream.done)) {
                if (!changing && random.nextInt(40) == 0) {
                    change();
                }
                if (!changing && random.nextInt(30) == 0) {
                    sweep();
                }
                streams.forEach(Stream::maybeRead);
                if (!cold.sim.step()) {
                    cold.sim.pass(random.nextInt(20) == 0 ? 5_000 : 1 + random.nextInt(300));
                }
            }
            streams.forEach(Stream::check);
        }

        /** Deletes what is due sooner than the store would by itself. */
        private void sweep() {
            changing = true;
            cold.store.sweep().whenComplete((deleted, failure) -> {
                assertThat(failure).isNull();
                changing = false;
            });
        }

        private void change() {
            changing = true;
            if (random.nextInt(6) == 0 && live.size() > 1) {
                log.deleteBefore(live.get(random.nextInt(live.size() - 1)).nextOffset()).whenComplete((dropped, failure) -> {
                    assertThat(failure).isNull();
                    live.subList(0, Math.toIntExact(dropped)).clear();
                    drops += dropped;
                    changing = false;
                });
                return;
            }
            int from = random.nextInt(live.size());
            int to = from + 1 + random.nextInt(Math.min(3, live.size() - from));
            List<SegmentFixture> run = List.copyOf(live.subList(from, to));
            List<SegmentFixture> compacted = random.nextBoolean() ? List.of(SegmentFixture.compacted(random, run, 60))
                    : run.stream().map(segment -> SegmentFixture.compacted(random, List.of(segment), 60)).toList();
            log.replace(cold.segments(log).subList(from, to), compacted).whenComplete((replaced, failure) -> {
                assertThat(failure).isNull();
                assertThat(replaced).isPresent();
                live.subList(from, to).clear();
                live.addAll(from, compacted);
                swaps++;
                changing = false;
            });
        }

        private final class Stream {
            private final ColdStream stream;
            private final int laziness = 1 << random.nextInt(2, 9);
            private final TreeMap<Long, Long> seen = new TreeMap<>();
            private long at;
            private long expiredTo;
            private boolean reading;
            private boolean done;
            private Optional<Throwable> broken = Optional.empty();

            Stream(ColdStream stream) {
                this.stream = stream;
                this.at = stream.startOffset();
            }

            void maybeRead() {
                broken.ifPresent(wrong -> {
                    throw new AssertionError(wrong);
                });
                if (reading || done || random.nextInt(laziness) > 0) {
                    return;
                }
                reading = true;
                stream.next().whenComplete((piece, failure) -> {
                    reading = false;
                    try {
                        assertThat(failure).as("at offset %d", at).isNull();
                        arrived(piece);
                    } catch (RuntimeException | AssertionError wrong) {
                        broken = Optional.of(wrong); // the future would keep it to itself
                    }
                });
            }

            private void arrived(Optional<ColdPiece> piece) {
                if (piece.isEmpty()) {
                    done = true;
                } else if (piece.get() instanceof ColdPiece.Expired gone) {
                    assertThat(gone.fromOffset()).isEqualTo(at);
                    assertThat(gone.toOffset()).isGreaterThan(at);
                    at = gone.toOffset();
                    expiredTo = at;
                    expired++;
                } else if (piece.get() instanceof ColdPiece.Batches batches) {
                    take(batches);
                }
            }

            private void take(ColdPiece.Batches batches) {
                try (batches) {
                    batches.records(record -> {
                        assertThat(record.offset()).isGreaterThanOrEqualTo(at);
                        assertThat(seen.put(record.offset(), record.timestampMs())).as("twice").isNull();
                        at = record.offset() + 1;
                    });
                    assertThat(batches.nextOffset()).isGreaterThanOrEqualTo(at);
                    at = batches.nextOffset();
                }
            }

            void check() {
                assertThat(broken).isEmpty();
                assertThat(at).isGreaterThanOrEqualTo(stream.limitOffset());
                for (SegmentFixture segment : live) {
                    segment.records().stream().filter(record -> record.offset() >= expiredTo && record.offset() < stream.limitOffset())
                            .forEach(record -> assertThat(seen).containsEntry(record.offset(), record.timestampMs()));
                }
            }
        }
    }
}
