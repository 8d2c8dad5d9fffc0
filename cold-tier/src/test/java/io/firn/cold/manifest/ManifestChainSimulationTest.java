package io.firn.cold.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStoreException;
import io.firn.cold.Seeds;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentName;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/**
 * Several processes that all believe to write one partition, over a network that delays, loses and repeats: leaders are replaced, come back under the same
 * epoch, crash, or go on as zombies for as long as they like. Whatever happens there is one history, and nobody was told otherwise.
 */
class ManifestChainSimulationTest {

    private static final TopicIdPartition PARTITION = new TopicIdPartition(new Uuid(1, 2), 0, "t");

    private int recreations;
    private int fenced;
    private int uncertain;
    private int acknowledged;
    private int replaced;
    private int replacedTooLate;
    private int paged;
    private int swept;

    @Test
    void thereIsOneHistoryWhateverStallsCrashesAndGetsLost() {
        Seeds.each(250, random -> new World(random).run());
        if (Long.getLong("firn.seed") == null) {
            assertThat(recreations).as("a stalled writer won a number again").isPositive();
            assertThat(fenced).isGreaterThan(100);
            assertThat(uncertain).isGreaterThan(100);
            assertThat(acknowledged).isGreaterThan(5_000);
            assertThat(replaced).isGreaterThan(1_000);
            assertThat(paged).as("manifests with two levels of pages").isGreaterThan(1_000);
            assertThat(swept).as("objects of dropped pages deleted").isGreaterThan(1_000);
            assertThat(replacedTooLate).as("found their segments replaced or deleted by another").isGreaterThan(10);
        }
    }

    private final class World {
        private final SimThreads sim = new SimThreads();
        private final Random random;
        private final PartitionKeys keys = new BucketLayout("").partition(PARTITION);
        private final ManifestHistory history = new ManifestHistory(keys, PARTITION);
        private final SimObjectStore store;
        private final List<Writer> writers = new ArrayList<>();
        private final int lossPercent;
        private final int stallPercent;
        private final PageShape shape;
        private boolean stopping;

        World(Random random) {
            this.random = random;
            this.lossPercent = random.nextInt(3) * random.nextInt(8);
            this.stallPercent = 1 + random.nextInt(6);
            this.store = new SimObjectStore();
            this.shape = random.nextInt(4) == 0 ? PageShape.DEFAULT : new PageShape(1 + random.nextInt(3), 1 + random.nextInt(3), 1 + random.nextInt(3), 3 + random.nextInt(4), 2 + random.nextInt(2));
        }

        void run() {
            int epoch = 0;
            for (int i = 0; i < 12; i++) {
                epoch += random.nextInt(5) == 0 ? 0 : 1;
                for (Writer writer : writers) {
                    if (random.nextInt(4) == 0) {
                        writer.network.crash();
                    }
                }
                Writer elected = new Writer(epoch);
                writers.add(elected);
                elected.open();
                sim.pass(random.nextInt(2_500));
            }
            stopping = true;
            sim.pass(60_000);
            ManifestChain last = sim.await(ManifestChain.open(store, keys, PARTITION, epoch, 99, sim));
            history.assertOneHistory(last.head());
            paged += history.paged();
            assertThat(store.keys().stream().filter(key -> key.startsWith(keys.manifestPrefix())).count()).as("manifests left").isLessThan(ManifestTrim.TRIM_AT + ManifestTrim.KEEP + 2 * writers.size() + 40);
            recreations += history.recreations();
            acknowledged += history.acknowledgedCount();
        }

        /** A leader that appends as fast as it can, deletes and compacts now and then, and retries as long as it is not fenced. */
        private final class Writer {
            private final int epoch;
            private final UnreliableNetwork network = new UnreliableNetwork(store, sim, random, lossPercent, stallPercent, history::created, history::deleting);
            private final long id = random.nextLong();

            Writer(int epoch) {
                this.epoch = epoch;
            }

            void open() {
                ManifestChain.open(network, keys, PARTITION, epoch, id, sim, shape, PageSource.direct(network, keys, PARTITION), () -> {}, true).whenComplete((chain, failure) -> {
                    if (failure == null) {
                        work(chain);
                    } else if (!stopping) {
                        sim.executeAfter(1 + random.nextInt(20), this::open);
                    }
                });
            }

            private void work(ManifestChain chain) {
                if (stopping) {
                    return;
                }
                change(chain).whenComplete((manifest, failure) -> {
                    Throwable cause = failure == null ? null : ColdStoreException.unwrap(failure);
                    if (failure == null) {
                        assertThat(manifest.writerEpoch()).isLessThanOrEqualTo(epoch);
                        if (manifest.number() > 0) {
                            history.acknowledged(manifest);
                        }
                    } else if (cause instanceof ColdStoreException.Fenced) {
                        fenced++;
                        return;
                    } else if (cause instanceof ColdStoreException.Uncertain) {
                        uncertain++;
                    } else {
                        assertThat(cause).isInstanceOfAny(ColdStoreException.Unavailable.class, IllegalArgumentException.class);
                    }
                    sim.executeAfter(random.nextInt(3), () -> work(chain));
                });
            }

            /** As its leader that has the log open would; a zombie with an old manifest does it, too. */
            private CompletableFuture<Manifest> sweep(ManifestChain chain) {
                PendingPage page = chain.head().content().pendingPages().get(0);
                return sweep(new PageSweep(network, keys, chain.source(), page, () -> {})).thenCompose(nothing -> chain.commit(content -> content.withoutPending(Set.of(), Set.of(page.page()))));
            }

            private CompletableFuture<Void> sweep(PageSweep sweep) {
                return sweep.step().thenCompose(count -> {
                    swept += count;
                    return sweep.done() ? CompletableFuture.completedFuture(null) : sweep(sweep);
                });
            }

            private CompletableFuture<Manifest> change(ManifestChain chain) {
                if (random.nextInt(8) == 0 && !chain.head().content().pendingPages().isEmpty()) {
                    return sweep(chain);
                }
                if (random.nextInt(6) == 0) {
                    long before = chain.head().content().endOffset() - random.nextInt(200);
                    return chain.commit((content, tree) -> tree.deleteBefore(content, before));
                }
                if (random.nextInt(4) == 0 && !chain.head().content().isEmpty()) {
                    return compact(chain);
                }
                long from = chain.head().content().endOffset();
                SegmentEntry entry = new SegmentEntry(new SegmentName(from, epoch, random.nextLong()), from + 1 + random.nextInt(20), 100, 400, 1, sim.millis(), false);
                return chain.commit(content -> content.append(entry));
            }

            /** Decides what to replace, takes its time for the rewriting, and commits: meanwhile others may have replaced or deleted the same segments. */
            private CompletableFuture<Manifest> compact(ManifestChain chain) {
                List<SegmentEntry> live = history.segments(chain.head().content());
                int from = random.nextInt(live.size());
                List<SegmentEntry> run = live.subList(from, from + 1 + random.nextInt(Math.min(4, live.size() - from)));
                List<SegmentName> names = run.stream().map(SegmentEntry::name).toList();
                List<SegmentEntry> replacements = random.nextBoolean() ? List.of(compacted(run)) : run.stream().map(entry -> compacted(List.of(entry))).toList();
                CompletableFuture<Void> rewritten = new CompletableFuture<>();
                sim.executeAfter(random.nextInt(40), () -> rewritten.complete(null));
                return rewritten.thenCompose(nothing -> chain.commit((content, tree) -> tree.holdsRun(content, names)
                                .thenCompose(holds -> holds ? tree.replace(content, names, replacements) : CompletableFuture.completedFuture(content))))
                        .whenComplete((manifest, failure) -> {
                            boolean there = failure == null && history.segments(manifest.content()).containsAll(replacements);
                            replaced += there ? 1 : 0;
                            replacedTooLate += failure == null && !there ? 1 : 0;
                        });
            }

            private SegmentEntry compacted(List<SegmentEntry> run) {
                SegmentEntry last = run.get(run.size() - 1);
                return new SegmentEntry(new SegmentName(run.get(0).baseOffset(), epoch, random.nextLong()), last.nextOffset(), 80, 300, 1, last.offloadedAtMs(), false);
            }
        }
    }
}
