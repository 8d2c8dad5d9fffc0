package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.manifest.PageShape;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A leader is stopped (SIGSTOP) at any request of anything it does in the bucket, before the request has arrived or when its answer is on the way; another leader takes over, and then it goes on as if nothing had happened. Nothing it does counts, nothing that
 * counts is harmed, and what it has left behind is found, and swept by the next who leads.
 */
class ZombieLeaderTest {

    /** Two levels of pages after a dozen segments. */
    private static final PageShape TINY = new PageShape(2, 2, 2, 3, 2);
    private static final int SEGMENTS = 14;
    private static final int TRIMMED_AT = 24;
    /** Of manifest numbers that are trimmed meanwhile, and grace periods that are over. */
    private static final int BUSY_COMMITS = 30;
    private static final long LONG_MS = 400_000;
    private static final long GRACE_MS = 60_000;
    private static final int MOST_REQUESTS = 200;
    private static final int LEADER_EPOCH = 3;
    /** Two segments under way, one of a later try, and the pages of both. */
    private static final int MOST_LEFT = 9;

    private final Random random = new Random(17);
    private final List<SegmentFixture> fixtures = new ArrayList<>();

    ZombieLeaderTest() {
        long base = 0;
        for (int i = 0; i < SEGMENTS + 2; i++) {
            fixtures.add(SegmentFixture.random(random, base, 1, 300));
            base = fixtures.get(i).nextOffset();
        }
    }

    /** What a leader was about to do. */
    private enum Step {
        OFFLOAD {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.append(fixtures.get(SEGMENTS));
            }
        },
        OFFLOAD_WITH_PAGES {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.append(fixtures.get(SEGMENTS)).thenCompose(done -> log.append(fixtures.get(SEGMENTS + 1)));
            }
        },
        OFFLOAD_WITH_A_TRIM {
            /** The next commit is the one that finds so many manifests that it trims. */
            @Override
            void prepare(ColdFixture cold, ColdLog log, List<SegmentFixture> fixtures) {
                for (long clean = 1; manifests(cold) < TRIMMED_AT - 1; clean++) {
                    assertThat(clean).isLessThan(TRIMMED_AT);
                    cold.await(log.cleanUpTo(clean));
                    cold.sim.settle();
                }
            }

            private long manifests(ColdFixture cold) {
                return cold.objects.keys().stream().filter(key -> key.endsWith(".manifest")).count();
            }

            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.append(fixtures.get(SEGMENTS));
            }
        },
        COMPACT_OR_MERGE {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                List<SegmentFixture> run = fixtures.subList(4, 9);
                return log.segmentsFrom(run.get(0).baseOffset(), 5).thenCompose(first -> all(log, run.get(4).nextOffset(), new ArrayList<>(first)))
                        .thenCompose(live -> log.replace(live, List.of(SegmentFixture.compacted(new Random(2), run, 40))));
            }

            private CompletableFuture<List<ColdSegment>> all(ColdLog log, long to, List<ColdSegment> found) {
                long from = found.get(found.size() - 1).nextOffset();
                return from >= to ? CompletableFuture.completedFuture(found.stream().filter(segment -> segment.nextOffset() <= to).toList()) : log.segmentsFrom(from, 1).thenCompose(next -> {
                    found.addAll(next);
                    return all(log, to, found);
                });
            }
        },
        EXPIRE {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.deleteBefore(fixtures.get(3).nextOffset());
            }
        },
        NOTE_CLEAN_OFFSET {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.cleanUpTo(fixtures.get(2).nextOffset());
            }
        },
        CLAIM {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.claim();
            }
        },
        DELETE_OBJECTS {
            @Override
            void prepare(ColdFixture cold, ColdLog log, List<SegmentFixture> fixtures) {
                cold.await(log.deleteBefore(fixtures.get(3).nextOffset()));
                cold.objects.inject(SimFault.refusing().on(Operation.DELETE));
                cold.sim.pass(GRACE_MS + 1_000);
                cold.objects.clearFaults();
            }

            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.sweep();
            }
        };

        void prepare(ColdFixture cold, ColdLog log, List<SegmentFixture> fixtures) {}

        abstract CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures);
    }

    /** What the other one does while the first is stopped. */
    private enum Successor {
        /** Has just begun to lead. */
        CLAIMS {
            @Override
            void lead(ColdFixture cold, ColdLog log, Random random, List<SegmentFixture> fixtures) {
                cold.await(log.claim());
            }
        },
        /** Has led for long: manifests of the first one are trimmed, what was dropped is deleted. */
        LEADS_FOR_LONG {
            @Override
            void lead(ColdFixture cold, ColdLog log, Random random, List<SegmentFixture> fixtures) {
                for (int i = 0; i < BUSY_COMMITS; i++) {
                    cold.await(log.append(SegmentFixture.random(random, log.endOffset(), 3, 300)));
                }
                cold.await(log.deleteBefore(fixtures.get(1).nextOffset()));
                cold.sim.pass(LONG_MS);
            }
        };

        abstract void lead(ColdFixture cold, ColdLog log, Random random, List<SegmentFixture> fixtures);
    }

    private ColdFixture filled() {
        ColdFixture cold = new ColdFixture(ColdFixture.config(16 * CHUNK, 0), TINY);
        ColdLog log = cold.log(1);
        fixtures.subList(0, SEGMENTS).forEach(segment -> cold.await(log.append(segment)));
        cold.sim.pass(LONG_MS); // pages that were outgrown are gone
        return cold;
    }

    private static ColdStore elsewhere(ColdFixture cold, SimObjectStore bucket) {
        return elsewhere(cold, bucket, 3);
    }

    private static ColdStore elsewhere(ColdFixture cold, SimObjectStore bucket, long seed) {
        return ColdStore.open(ColdFixture.config(16 * CHUNK, 0), bucket, cold.sim, new SimpleMeterRegistry(), cold.sim.threads(), new Random(seed), TINY);
    }

    /** Stops whoever sends by this store from its request number {@code point} on. */
    private static SimFault stopped(ColdFixture cold, int point, boolean answering) {
        int allowed = cold.objects.requests() + point;
        SimFault stop = answering ? SimFault.holdingReplies() : SimFault.holdingRequests();
        return cold.objects.inject(stop.forKeys(key -> cold.objects.requests() > allowed));
    }

    private interface Trial {
        /** False if there was no such request. */
        boolean stoppedAt(int point, boolean answering);
    }

    private static void atEachRequest(Trial trial) {
        for (boolean answering : new boolean[] {false, true}) {
            int point = 0;
            while (trial.stoppedAt(point, answering)) {
                point++;
                assertThat(point).isLessThan(MOST_REQUESTS);
            }
            assertThat(point).as("requests at which it was stopped").isPositive();
        }
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void whateverALeaderWasAboutToDoWhenItWasStoppedNothingOfItCountsWhenItWakes(Step step) {
        for (Successor successor : Successor.values()) {
            atEachRequest((point, answering) -> wakesUp(step, successor, point, answering));
        }
    }

    private boolean wakesUp(Step step, Successor successor, int point, boolean answering) {
        ColdFixture cold = filled();
        ColdLog zombie = cold.log(2);
        step.prepare(cold, zombie, fixtures);
        SimFault stop = stopped(cold, point, answering);
        CompletableFuture<?> work = step.begin(zombie, fixtures);
        cold.sim.settle();
        boolean reached = stop.heldCount() > 0;

        SimObjectStore bucket = cold.objects.reopened();
        ColdStore elsewhere = elsewhere(cold, bucket);
        ColdLog leader = cold.await(elsewhere.openLog(PARTITION, LEADER_EPOCH));
        successor.lead(cold, leader, random, fixtures);
        List<ColdSegment> history = cold.segments(leader);

        cold.objects.clearFaults();
        cold.sim.settle();
        assertThat(work).as("it goes on").isDone();
        assertThat(cold.failure(zombie.append(SegmentFixture.random(random, zombie.endOffset(), 2, 300)))).as("it learns who leads").isInstanceOf(ColdStoreException.Fenced.class);
        cold.sim.pass(LONG_MS); // it deletes what it believes it may

        ColdLog now = cold.await(elsewhere.openAside(PARTITION, LEADER_EPOCH));
        assertThat(cold.segments(now)).isEqualTo(history);
        assertThat(now.logStartOffset()).isEqualTo(leader.logStartOffset());
        assertThat(now.cleanOffset()).isEqualTo(leader.cleanOffset());
        assertWhole(cold, now);
        toldTheTruth(work, history);
        assertLeftoversAreFound(cold, bucket, now);
        assertLeftoversAreSwept(cold, bucket, history);
        cold.await(leader.append(SegmentFixture.random(random, leader.endOffset(), 3, 300)));
        return reached;
    }

    /** Who was told that a segment is in the cold tier deletes it elsewhere. */
    private static void toldTheTruth(CompletableFuture<?> work, List<ColdSegment> history) {
        if (work.isCompletedExceptionally()) {
            assertThat(work.handle((value, failure) -> ColdStoreException.unwrap(failure)).join()).isInstanceOf(ColdStoreException.class);
        } else if (work.join() instanceof ColdSegment committed) {
            assertThat(history).contains(committed);
        }
    }

    /** Every segment and page of the log is there, and reads find their records. */
    private static void assertWhole(ColdFixture cold, ColdLog log) {
        long end = log.startOffset();
        for (ColdSegment segment : cold.segments(log)) {
            assertThat(segment.baseOffset()).isEqualTo(end);
            ColdSegmentLog opened = cold.await(log.openSegment(segment));
            for (int chunk = 0; chunk < opened.chunks(); chunk++) {
                cold.await(opened.chunk(chunk));
            }
            end = segment.nextOffset();
        }
        assertThat(end).isEqualTo(log.endOffset());
    }

    /** {@code firn manifest verify} finds nothing wrong, and tells each object that nothing names. */
    private static void assertLeftoversAreFound(ColdFixture cold, SimObjectStore bucket, ColdLog log) {
        Set<String> left = new TreeSet<>(bucket.keys().stream().filter(key -> key.endsWith(".segment")).toList());
        cold.segments(log).forEach(segment -> left.remove(segment.key()));
        long pages = bucket.keys().stream().filter(key -> key.endsWith(".page")).count() - pages(cold, log, log.outline());
        Set<String> told = new HashSet<>();
        BucketVerdict verdict = verified(bucket, told);
        assertThat(verdict.problems()).as("%s", told).isZero();
        assertThat(verdict.orphans()).isEqualTo(left.size() + pages).isLessThanOrEqualTo(MOST_LEFT);
        left.forEach(key -> assertThat(told).anyMatch(line -> line.startsWith("orphan") && line.contains(key)));
    }

    /** The audit of whoever leads next finds nothing any more once it has swept, and the history is what it was. In a copy of the bucket, as an audit blocks its thread, too. */
    private static void assertLeftoversAreSwept(ColdFixture cold, SimObjectStore bucket, List<ColdSegment> history) {
        SimObjectStore copy = copy(bucket);
        ColdStore next = elsewhere(cold, copy, 4);
        ColdLog leader = cold.await(next.openLog(PARTITION, LEADER_EPOCH));
        ColdAudit audit = leader.audit();
        try {
            List<StoredObject> left = audit.look().orphans();
            assertThat(audit.sweep(cold.await(leader.prove()), left)).isEqualTo(left);
            assertThat(audit.look()).isEqualTo(new ColdFindings(List.of(), 0, List.of(), 0, 0));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertThat(cold.segments(cold.await(next.openAside(PARTITION, LEADER_EPOCH)))).isEqualTo(history);
        Set<String> told = new TreeSet<>();
        BucketVerdict verdict = inspected(copy, told);
        assertThat(verdict.orphans() + verdict.problems()).as("%s", told).isZero();
    }

    private static long pages(ColdFixture cold, ColdLog log, List<ColdStretch> stretches) {
        return stretches.stream().filter(ColdStretch::isPage).mapToLong(page -> 1 + pages(cold, log, cold.await(log.within(page)))).sum();
    }

    /** The inspection blocks its thread, so that it gets a copy of the bucket that answers at once. */
    private static BucketVerdict verified(SimObjectStore bucket, Set<String> told) {
        return inspected(copy(bucket), told);
    }

    private static SimObjectStore copy(SimObjectStore bucket) {
        SimObjectStore copy = new SimObjectStore();
        bucket.keys().forEach(key -> copy.put(key, UploadSource.of(ByteBuffer.wrap(bucket.bytes(key)))).join());
        return copy;
    }

    private static BucketVerdict inspected(SimObjectStore copy, Set<String> told) {
        try (BucketInspection inspection = BucketInspection.open(copy, "firn")) {
            return inspection.verify(inspection.partitions(Optional.empty()), false, told::add, bytes -> {});
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // A topic that is gone, and another that has its name now

    private static final TopicIdPartition NAMESAKE = new TopicIdPartition(new Uuid(77, 78), PARTITION.partition(), PARTITION.topic());

    @ParameterizedTest
    @EnumSource(value = Step.class, names = {"OFFLOAD", "OFFLOAD_WITH_PAGES", "COMPACT_OR_MERGE", "EXPIRE", "DELETE_OBJECTS"})
    void whoWakesWhenItsTopicWasDeletedAndMadeAnewTouchesNothingOfTheNewOne(Step step) {
        atEachRequest((point, answering) -> topicGoesMeanwhile(point, answering, step::prepare, (cold, log) -> step.begin(log, fixtures)));
    }

    @Test
    void aDeletionThatWakesWhenOthersHaveFinishedItTouchesNothingOfATopicOfThatName() {
        atEachRequest((point, answering) -> topicGoesMeanwhile(point, answering, (cold, log, all) -> {}, (cold, log) -> cold.store.deleteLog(PARTITION, 2)));
    }

    private interface Preparation {
        void prepare(ColdFixture cold, ColdLog log, List<SegmentFixture> fixtures);
    }

    private interface Beginning {
        CompletableFuture<?> begin(ColdFixture cold, ColdLog log);
    }

    private boolean topicGoesMeanwhile(int point, boolean answering, Preparation preparation, Beginning beginning) {
        ColdFixture cold = filled();
        ColdLog zombie = cold.log(2);
        preparation.prepare(cold, zombie, fixtures);
        SimFault stop = stopped(cold, point, answering);
        CompletableFuture<?> work = beginning.begin(cold, zombie);
        cold.sim.settle();
        boolean reached = stop.heldCount() > 0;

        SimObjectStore bucket = cold.objects.reopened();
        ColdStore elsewhere = elsewhere(cold, bucket);
        cold.await(elsewhere.deleteLog(PARTITION, 3));
        ColdLog made = cold.await(elsewhere.openLog(NAMESAKE, 0));
        for (int i = 0; i < SEGMENTS; i++) {
            cold.await(made.append(SegmentFixture.random(random, made.endOffset(), 0, 300)));
        }
        List<ColdSegment> history = cold.segments(made);

        cold.objects.clearFaults();
        cold.sim.pass(LONG_MS);
        assertThat(work).as("it goes on").isDone();
        ColdLog now = cold.await(elsewhere.openAside(NAMESAKE, 0));
        assertThat(cold.segments(now)).isEqualTo(history);
        assertWhole(cold, now);
        cold.await(elsewhere.deleteLog(PARTITION, 3));
        String old = new BucketLayout("firn").partition(PARTITION).directory();
        assertThat(bucket.keys()).as("what it left lies where a repeated deletion finds it").noneMatch(key -> key.startsWith(old));
        assertThat(cold.segments(cold.await(elsewhere.openAside(NAMESAKE, 0)))).isEqualTo(history);
        return reached;
    }
}
