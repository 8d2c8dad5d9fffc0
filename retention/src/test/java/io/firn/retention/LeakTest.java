package io.firn.retention;

import static io.firn.cold.sim.SimFault.Operation.DELETE;
import static io.firn.cold.sim.SimFault.Operation.GET;
import static io.firn.cold.sim.SimFault.Operation.GET_SMALL;
import static io.firn.cold.sim.SimFault.Operation.LIST;
import static io.firn.cold.sim.SimFault.Operation.PUT;
import static io.firn.cold.sim.SimFault.Operation.PUT_IF_ABSENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.BucketInspection;
import io.firn.cold.BucketVerdict;
import io.firn.cold.ColdLog;
import io.firn.cold.DeadTopics;
import io.firn.cold.Sweeps;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The broker dies at each step of each thing it does to the bucket, by name. After the restart the work is done, and once the sweep has been over the partition, there is no object that nothing names, none that is named and
 * missing, and the log reads as it was written.
 */
class LeakTest {

    private static final int MERGE_BYTES = 110_000;
    private static final int SEGMENTS = 12;
    private static final long SWEEP_EVERY_MS = 60_000;
    private static final long DELETE_GRACE_MS = 120_000;
    /** Version of the metadata the topic is described as of. */
    private static final long DESCRIBED = 5;
    /** The boundary above all manifests of a partition that is deleted. */
    private static final String TOMBSTONE = Long.MAX_VALUE + ".boundary";
    private static final CompactionConfig NEVER = new CompactionConfig(1, 0, Long.MAX_VALUE, 1_000_000);
    private static final CompactionConfig EAGER = new CompactionConfig(0, 0, Long.MAX_VALUE, 1_000_000);

    /** A request to the bucket. */
    private enum Step {
        READ_SEGMENTS(GET, ".segment"),
        UPLOAD(PUT, ".segment"),
        READ_TAIL_BACK(GET, ".segment"),
        CREATE_PAGE(PUT_IF_ABSENT, ".page"),
        READ_PAGE_BACK(GET_SMALL, ".page"),
        CREATE_MANIFEST(PUT_IF_ABSENT, ".manifest"),
        READ_MANIFEST_BACK(GET_SMALL, ".manifest"),
        LIST_MANIFESTS(LIST, "manifest/"),
        CREATE_BOUNDARY(PUT_IF_ABSENT, ".boundary"),
        DELETE_MANIFESTS(DELETE, ".manifest"),
        DELETE_SEGMENTS(DELETE, ".segment"),
        DELETE_PAGE(DELETE, ".page"),
        CREATE_TOMBSTONE(PUT_IF_ABSENT, TOMBSTONE),
        LIST_PARTITION(LIST, "/0/"),
        DELETE_TOMBSTONE(DELETE, TOMBSTONE),
        DELETE_DESCRIPTION(DELETE, ".topic");

        final Operation operation;
        final String ending;

        Step(Operation operation, String ending) {
            this.operation = operation;
            this.ending = ending;
        }
    }

    private enum Moment {
        /** The request never left. */
        BEFORE,
        /** It arrived, and its reply found nobody. */
        AFTER,
        /** It arrives when the next process is at work. */
        LATE
    }

    /** What the broker does, and by which steps. */
    private enum Doing {
        OFFLOAD(Step.UPLOAD, Step.READ_TAIL_BACK, Step.CREATE_PAGE, Step.READ_PAGE_BACK, Step.CREATE_MANIFEST, Step.READ_MANIFEST_BACK, Step.LIST_MANIFESTS, Step.CREATE_BOUNDARY, Step.DELETE_MANIFESTS,
                Step.DELETE_PAGE) {
            @Override
            void prepare(TieredRig rig) {
                rig.start();
                fill(rig, 4);
            }

            @Override
            void begin(TieredRig rig) {
                rig.segments(28);
            }

            @Override
            boolean over(TieredRig rig) {
                return rig.log.latestTieredOffset() == rig.hot.logEndOffset() - 1;
            }
        },
        COMPACTION(Step.READ_SEGMENTS, Step.UPLOAD, Step.READ_TAIL_BACK, Step.CREATE_PAGE, Step.READ_PAGE_BACK, Step.CREATE_MANIFEST, Step.READ_MANIFEST_BACK, Step.LIST_MANIFESTS, Step.DELETE_SEGMENTS, Step.DELETE_PAGE) {
            @Override
            TieredLogConfig config() {
                return compacted(NEVER);
            }

            @Override
            void prepare(TieredRig rig) {
                rig.start();
                long end = 0;
                for (int segment = 0; segment < SEGMENTS; segment++) {
                    for (int i = 0; i < 4; i++) {
                        rig.put("key-" + segment + "." + i, "value " + segment + " ".repeat(60_000));
                    }
                    rig.put("common", "value " + segment);
                    rig.awaitDurable();
                    end = rig.seal();
                }
                rig.awaitOffloaded(end);
            }

            @Override
            void begin(TieredRig rig) {
                rig.reconfigure(compacted(EAGER));
            }

            @Override
            boolean over(TieredRig rig) {
                return rig.log.cold().filter(cold -> cold.cleanOffset() >= rig.hot.logEndOffset()).isPresent();
            }

            @Override
            void read(TieredRig rig) {
                assertThat(KeyedReplay.of(rig).table()).hasSize(4 * SEGMENTS + 1).containsEntry("common", "value " + (SEGMENTS - 1));
            }
        },
        MERGE(Step.READ_SEGMENTS, Step.UPLOAD, Step.READ_TAIL_BACK, Step.CREATE_PAGE, Step.READ_PAGE_BACK, Step.CREATE_MANIFEST, Step.READ_MANIFEST_BACK, Step.LIST_MANIFESTS, Step.DELETE_SEGMENTS, Step.DELETE_PAGE) {
            /** All are kept, and none is merged: each is larger than half a tenth of what is retained. */
            @Override
            TieredLogConfig config() {
                return Views.total(Views.coldOnly(), -1, 220_000);
            }

            @Override
            void prepare(TieredRig rig) {
                rig.workerConfig = worker(rig, MERGE_BYTES);
                rig.start();
                fill(rig, 18);
            }

            @Override
            void begin(TieredRig rig) {
                rig.reconfigure(Views.coldOnly());
            }

            @Override
            boolean over(TieredRig rig) {
                return rig.log.cold().filter(cold -> cold.segmentCount() <= 4).isPresent();
            }
        },
        DELETION(Step.CREATE_PAGE, Step.READ_PAGE_BACK, Step.CREATE_MANIFEST, Step.READ_MANIFEST_BACK, Step.LIST_MANIFESTS, Step.DELETE_SEGMENTS, Step.DELETE_PAGE) {
            @Override
            void prepare(TieredRig rig) {
                rig.start();
                fill(rig, 18);
            }

            @Override
            void begin(TieredRig rig) {
                long end = rig.onLoop(rig.hot::logEndOffset);
                rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(end * 5 / 9)));
            }

            @Override
            boolean over(TieredRig rig) {
                return rig.log.cold().filter(cold -> cold.startOffset() >= rig.hot.logStartOffset() - 12).isPresent();
            }
        },
        SWEEP(Step.CREATE_MANIFEST, Step.READ_MANIFEST_BACK, Step.LIST_MANIFESTS, Step.DELETE_SEGMENTS) {
            @Override
            void prepare(TieredRig rig) {
                rig.start();
                fill(rig, 6);
            }

            /** Somebody has died in an upload. */
            @Override
            void begin(TieredRig rig) {
                String orphan = rig.objects.keys().stream().filter(key -> key.endsWith(".segment")).findFirst().orElseThrow().replaceFirst("-1-", "-0-");
                rig.objects.put(orphan, UploadSource.of(ByteBuffer.allocate(77))).join();
            }

            @Override
            boolean over(TieredRig rig) {
                return rig.objects.keys().stream().noneMatch(key -> key.matches(".*/\\d{20}-0-[^/]*\\.segment"));
            }
        },
        REPAIR(Step.UPLOAD, Step.READ_TAIL_BACK, Step.CREATE_MANIFEST, Step.READ_MANIFEST_BACK, Step.LIST_MANIFESTS) {
            @Override
            TieredLogConfig config() {
                return Views.local(Views.config(), -1, -1);
            }

            @Override
            void prepare(TieredRig rig) {
                rig.start();
                fill(rig, 6);
            }

            @Override
            void begin(TieredRig rig) {
                rig.objects.delete(rig.onLoop(() -> rig.log.cold().orElseThrow().newest().orElseThrow()).key()).join();
            }

            @Override
            boolean over(TieredRig rig) {
                return rig.log.cold().flatMap(ColdLog::newest).filter(newest -> rig.objects.keys().contains(newest.key())).isPresent();
            }
        },
        /** Of the topic, with all it has in the bucket: pages go with the segments. Who comes next has no partition of it any more. */
        TOPIC_DELETION(Step.LIST_MANIFESTS, Step.CREATE_TOMBSTONE, Step.LIST_PARTITION, Step.DELETE_SEGMENTS, Step.DELETE_MANIFESTS, Step.DELETE_TOMBSTONE, Step.DELETE_DESCRIPTION) {
            @Override
            void prepare(TieredRig rig) {
                rig.start();
                fill(rig, 10);
                rig.get(rig.cold.describeTopic(TieredRig.PARTITION.topicId(), TieredRig.PARTITION.topic(), 1, Map.of(), DESCRIBED));
                assertThat(rig.objects.keys()).anyMatch(key -> key.endsWith(".page"));
            }

            @Override
            void begin(TieredRig rig) {
                rig.get(rig.worker.detach(rig.log, true));
            }

            @Override
            void restart(TieredRig rig) {
                rig.kill(false);
                rig.startStores();
                rig.worker.sweepTopics(new GoneTopic());
            }

            @Override
            boolean over(TieredRig rig) {
                return rig.objects.keys().equals(List.of("cluster"));
            }

            @Override
            void requireNothingLeaked(TieredRig rig) {
                assertThat(rig.meter("firn.cold.strange.topics")).isZero();
                assertThat(rig.meter("firn.cold.stuck.topics")).isZero();
            }

            @Override
            void read(TieredRig rig) {
                // nothing is left to read
            }
        };

        final List<Step> steps;

        Doing(Step... steps) {
            this.steps = List.of(steps);
        }

        TieredLogConfig config() {
            return Views.coldOnly();
        }

        abstract void prepare(TieredRig rig);

        abstract void begin(TieredRig rig);

        /** Kills the process and starts the next one. */
        void restart(TieredRig rig) {
            rig.restart(false);
            rig.awaitOpened();
        }

        /** On the loop. */
        abstract boolean over(TieredRig rig);

        void requireNothingLeaked(TieredRig rig) throws InterruptedException {
            requireSweptClean(rig);
        }

        void read(TieredRig rig) {
            Replay.of(rig, 100_000);
        }

        private static TieredLogConfig compacted(CompactionConfig compaction) {
            TieredLogConfig c = Views.compactedCold(compaction);
            return new TieredLogConfig(Views.segmentBytes(c.hot(), 1 << 20), true, false, -1, -1, -1, 0, compaction);
        }

        private static void fill(TieredRig rig, int segments) {
            rig.segments(segments);
            rig.awaitOffloaded(rig.onLoop(rig.hot::logEndOffset));
        }
    }

    /** What the cluster says of the topic once it has deleted it. */
    private static final class GoneTopic implements TopicCensus {
        private static final DeadTopics.Grave GRAVE = new DeadTopics.Grave(DESCRIBED + 1, 1);

        @Override
        public boolean inCharge() {
            return true;
        }

        @Override
        public boolean exists(Uuid topicId) {
            return false;
        }

        @Override
        public Optional<DeadTopics.Grave> deleted(Uuid topicId) {
            return Optional.of(GRAVE);
        }

        @Override
        public CompletableFuture<Map<Uuid, DeadTopics.Grave>> bury(List<Uuid> topicIds) {
            return CompletableFuture.completedFuture(topicIds.stream().collect(Collectors.toMap(id -> id, id -> GRAVE)));
        }
    }

    private static RetentionConfig worker(TieredRig rig, int mergeBytes) {
        return new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, mergeBytes, new ScrubConfig(SWEEP_EVERY_MS, 0, 0, 1));
    }

    static Stream<Arguments> everyStep() {
        return Arrays.stream(Doing.values()).flatMap(doing -> doing.steps.stream().flatMap(step -> Arrays.stream(Moment.values()).map(moment -> Arguments.of(doing, step, moment))));
    }

    @ParameterizedTest(name = "a kill {2} {1} of {0} leaks nothing")
    @MethodSource("everyStep")
    void aKillLeaksAndLosesNothing(Doing doing, Step step, Moment moment) throws InterruptedException {
        try (TieredRig rig = new TieredRig(doing.config())) {
            rig.deleteGraceMs = DELETE_GRACE_MS;
            rig.workerConfig = worker(rig, 0);
            doing.prepare(rig);
            SimFault fault = moment == Moment.AFTER ? SimFault.holdingReplies() : SimFault.holdingRequests();
            Set<String> before = Set.copyOf(rig.objects.keys());
            rig.objects.inject(fault.on(step.operation).forKeys(key -> key.endsWith(step.ending) && (step.operation != GET || (step == Step.READ_SEGMENTS) == before.contains(key))));
            doing.begin(rig);
            boolean deletes = step == Step.DELETE_SEGMENTS || step == Step.DELETE_PAGE;
            rig.roundsUntil("held at " + step, 1_000, () -> fault.heldCount() > 0 || deletes && doing.over(rig) && due(rig));
            assertThat(fault.heldCount()).as("the step is reached").isPositive();
            rig.leaderEpoch += moment == Moment.BEFORE ? 0 : 1; // a restart so quick that nobody else was elected, or another election
            doing.restart(rig);
            if (moment == Moment.LATE) {
                fault.release();
            }
            rig.roundsUntil("done after the restart", 5_000, () -> doing.over(rig));
            doing.requireNothingLeaked(rig);
            doing.read(rig);
        }
    }

    /** Has the objects deleted whose grace period is over; true once some deletion waits in the store. */
    private static boolean due(TieredRig rig) {
        rig.clock.advanceMs(DELETE_GRACE_MS);
        Sweeps.now(rig.cold);
        return false;
    }

    private static void requireSweptClean(TieredRig rig) throws InterruptedException {
        rig.clock.advanceMs(DELETE_GRACE_MS);
        rig.get(Sweeps.now(rig.cold));
        double before = rig.meter("firn.cold.sweeps");
        rig.roundsUntil("swept twice, all of it after the work was done", 10_000, () -> rig.meter("firn.cold.sweeps") >= before + 2);
        rig.clock.advanceMs(DELETE_GRACE_MS);
        rig.get(Sweeps.now(rig.cold));
        assertThat(rig.meter("firn.cold.orphan.bytes")).isZero();
        assertThat(rig.meter("firn.cold.orphan.objects")).isZero();
        assertThat(rig.meter("firn.cold.missing.objects")).isZero();
        assertThat(rig.meter("firn.cold.damaged.objects")).isZero();
        List<String> lines = new ArrayList<>();
        try (BucketInspection inspection = BucketInspection.open(rig.objects.reopened(), "")) {
            BucketVerdict verdict = inspection.verify(inspection.partitions(Optional.empty()), true, lines::add, bytes -> {});
            assertThat(verdict.problems()).as("%s", lines).isZero();
            assertThat(verdict.orphans()).as("%s", lines).isZero();
            assertThat(verdict.segments()).isEqualTo((long) rig.onLoop(() -> rig.log.cold().map(ColdLog::segmentCount).orElse(-1L)));
        }
    }
}
