package io.firn.it.cold;

import static io.firn.it.cold.BucketStep.CHECK_SIZE;
import static io.firn.it.cold.BucketStep.CREATE_BOUNDARY;
import static io.firn.it.cold.BucketStep.CREATE_MANIFEST;
import static io.firn.it.cold.BucketStep.CREATE_TOMBSTONE;
import static io.firn.it.cold.BucketStep.DELETE_DESCRIPTION;
import static io.firn.it.cold.BucketStep.DELETE_MANIFESTS;
import static io.firn.it.cold.BucketStep.DELETE_SEGMENTS;
import static io.firn.it.cold.BucketStep.DELETE_TOMBSTONE;
import static io.firn.it.cold.BucketStep.LIST_MANIFESTS;
import static io.firn.it.cold.BucketStep.LIST_PARTITION;
import static io.firn.it.cold.BucketStep.READ_MANIFEST_BACK;
import static io.firn.it.cold.BucketStep.READ_SEGMENTS;
import static io.firn.it.cold.BucketStep.READ_TAIL_BACK;
import static io.firn.it.cold.BucketStep.UPLOAD;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.cold.TopicRequests.Change;
import io.firn.it.harness.Await;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * kill -9 of a broker at each step of each thing it does to the bucket, by name, three times in a row: of the first process the request never arrives, of the second one it arrives when the third is at the same step, whose request takes effect and whose
 * answer finds nobody. The fourth one sweeps: its gauges read zero, the bucket is sound, and all that was acknowledged is read by a stock consumer.
 *
 * <p>One broker and one S3 server behind a proxy for all, a topic for each. What does not wait for each other in the broker dies together, so that a start serves two topics. What there is only where a manifest has pages is {@link PageStepKillIT}'s matter.
 */
class StepKillIT {

    /** What the broker does, and by which steps. */
    private enum Doing {
        OFFLOAD(Change.OFFLOAD, Map.of(), UPLOAD, CHECK_SIZE, READ_TAIL_BACK, CREATE_MANIFEST, READ_MANIFEST_BACK, LIST_MANIFESTS) {
            @Override
            void begin(Trial trial) {
                trial.send(1);
            }

            @Override
            void goOn(Trial trial, BucketStep step) {
                begin(trial);
            }
        },
        /** Each time takes some more commits than one megabyte brings. */
        TRIM(Change.OFFLOAD, Map.of(), CREATE_BOUNDARY, DELETE_MANIFESTS) {
            @Override
            void begin(Trial trial) {
                trial.send(2);
            }

            @Override
            void goOn(Trial trial, BucketStep step) {
                begin(trial);
            }
        },
        COMPACTION(Change.REWRITING, Map.of("cleanup.policy", "compact", "remote.storage.enable", "true", "min.cleanable.dirty.ratio", "1"), READ_SEGMENTS, UPLOAD, CHECK_SIZE, READ_TAIL_BACK, CREATE_MANIFEST,
                READ_MANIFEST_BACK, LIST_MANIFESTS, DELETE_SEGMENTS) {
            @Override
            void prepare(Trial trial) throws Exception {
                for (int segment = 0; segment < TABLE_SEGMENTS; segment++) {
                    trial.table.send(trial.bootstrap(), TABLE_UPDATES);
                    trial.topic.awaitOffloaded();
                }
            }

            @Override
            void begin(Trial trial) {
                trial.topic.set("min.cleanable.dirty.ratio", "0.01");
            }

            @Override
            void goOn(Trial trial, BucketStep step) throws Exception {
                if (AFTER_COMMIT.contains(step)) {
                    trial.table.send(trial.bootstrap(), TABLE_UPDATES);
                }
            }

            @Override
            void read(Trial trial) {
                trial.table.verify(trial.bootstrap());
            }
        },
        MERGE(Change.REWRITING, Map.of(), READ_SEGMENTS, UPLOAD, CHECK_SIZE, READ_TAIL_BACK, CREATE_MANIFEST, READ_MANIFEST_BACK, LIST_MANIFESTS, DELETE_SEGMENTS) {
            @Override
            void begin(Trial trial) {
                trial.send(1);
            }

            @Override
            void goOn(Trial trial, BucketStep step) {
                if (AFTER_COMMIT.contains(step)) {
                    begin(trial);
                }
            }
        },
        /** So little is retained that nothing is merged. */
        RETENTION(Change.DROP, Map.of("retention.bytes", "900000"), CREATE_MANIFEST, READ_MANIFEST_BACK, LIST_MANIFESTS, DELETE_SEGMENTS) {
            @Override
            void begin(Trial trial) {
                trial.send(2);
            }

            @Override
            void read(Trial trial) {
                AtomicReference<List<ConsumerRecord<byte[], byte[]>>> read = new AtomicReference<>();
                Await.until("read while nothing is deleted", () -> {
                    long start = trial.topic.offset(OffsetSpec.earliest());
                    read.set(Reading.all(trial.bootstrap(), trial.topic.partition()));
                    return start > 0 && read.get().get(0).offset() == start && trial.topic.offset(OffsetSpec.earliest()) == start;
                });
                assertThat(read.get()).hasSizeGreaterThan(RETAINED_AT_LEAST);
                trial.sent.verify(trial.topic.partition(), read.get(), read.get().get(0).offset());
            }
        },
        /** Retained is so much that nothing is dropped, and so little that nothing is merged, which could go on when the deletion begins. */
        TOPIC_DELETION(Change.NONE, Map.of("retention.bytes", "2000000"), LIST_MANIFESTS, CREATE_TOMBSTONE, LIST_PARTITION, DELETE_SEGMENTS, DELETE_MANIFESTS, DELETE_TOMBSTONE, DELETE_DESCRIPTION) {
            @Override
            void prepare(Trial trial) {
                trial.send(1);
                trial.topic.awaitOffloaded();
            }

            @Override
            void begin(Trial trial) {
                trial.topic.delete();
            }

            @Override
            void settle(Trial trial) {
                trial.topic.awaitNothingLeftOfIt();
            }

            @Override
            void read(Trial trial) {
                // nothing is left to read
            }
        };

        final Change change;
        final Map<String, String> configs;
        final List<BucketStep> steps;

        Doing(Change change, Map<String, String> configs, BucketStep... steps) {
            this.change = change;
            this.configs = configs;
            this.steps = List.of(steps);
        }

        void prepare(Trial trial) throws Exception {}

        /** What leads to the step. */
        abstract void begin(Trial trial);

        /** What leads to it once more, after a restart: nothing, where that is what the broker does anyway. */
        void goOn(Trial trial, BucketStep step) throws Exception {}

        /** Waits until the last process has done it, and nothing is left behind. */
        void settle(Trial trial) {
            broker.leaks().awaitNothing(Optional.of(trial.topic.name()), 2);
        }

        void read(Trial trial) {
            trial.sent.verify(Reading.all(trial.bootstrap(), List.of(trial.topic.partition())));
        }
    }

    /** What a process comes to only if its work is not committed already by the one before. */
    private static final Set<BucketStep> AFTER_COMMIT = Set.of(READ_MANIFEST_BACK, LIST_MANIFESTS);
    /** They have to be apart: a broker rewrites one log of its bucket at a time. A topic of which many segments are offloaded is merged as well. */
    private static final List<Doing> REWRITING = List.of(Doing.COMPACTION, Doing.MERGE, Doing.TRIM);
    private static final List<Doing> BESIDE = List.of(Doing.OFFLOAD, Doing.RETENTION);
    /** After a restart it is done where partitions are swept, one after the other: behind one that is held. */
    private static final List<Doing> ALONE = List.of(Doing.TOPIC_DELETION);
    /** Records in the bytes that are retained: they have 4 KB. */
    private static final int RETAINED_AT_LEAST = 200;
    private static final int TABLE_SEGMENTS = 3;
    private static final int TABLE_UPDATES = 60;

    /** The topic that a test is about, and what was sent to it. */
    private static final class Trial {
        final TrialTopic topic;
        final TieredLoad sent = new TieredLoad(RANDOM);
        final TableLoad table;

        Trial(String name, Map<String, String> configs) {
            topic = TrialTopic.create(broker, name, configs);
            table = new TableLoad(topic.partition());
        }

        String bootstrap() {
            return broker.bootstrap();
        }

        void send(int megabytes) {
            sent.send(bootstrap(), List.of(topic.partition()), megabytes);
        }
    }

    private static final Random RANDOM = Seed.random("StepKillIT");

    @TempDir
    static Path directory;

    private static ProxiedBroker broker;

    @BeforeAll
    static void start() {
        broker = ProxiedBroker.in(directory.resolve("objects"), directory.resolve("data"), Map.of());
    }

    @BeforeEach
    void alive() {
        if (!broker.node().alive()) {
            broker.node().start();
        }
    }

    @AfterEach
    void release() {
        broker.proxy().clear();
    }

    @AfterAll
    static void stop() {
        try (ProxiedBroker all = broker) {
            Await.until("nothing left of all topics", () -> all.keys("topics/").isEmpty());
            all.node().stop();
            assertThat(all.node().logLines("ERROR")).isEmpty();
        }
    }

    /** Of one step of one thing that a broker does to one topic. */
    private static final class Kill extends StepKill {
        final Doing doing;
        private Trial trial;

        Kill(Doing doing, BucketStep step) {
            super(step, doing.change);
            this.doing = doing;
        }

        @Override
        TopicRequests prepare() throws Exception {
            String topic = (doing + "." + step).toLowerCase(Locale.ROOT).replace('_', '.');
            trial = new Trial(topic, doing.configs);
            doing.prepare(trial);
            return new TopicRequests(topic, trial.topic.offset(OffsetSpec.latestTiered()) + 1);
        }

        @Override
        void begin() {
            doing.begin(trial);
        }

        @Override
        void goOn() throws Exception {
            doing.goOn(trial, step);
        }

        @Override
        void end() throws Exception {
            doing.settle(trial);
            if (step == UPLOAD) {
                assertThat(broker.node().metric("firn_cold_swept_objects_total")).as("of the second process, and of the third").isGreaterThanOrEqualTo(2);
            }
            doing.read(trial);
            if (doing != Doing.TOPIC_DELETION) {
                trial.topic.delete();
            }
        }

        @Override
        public String toString() {
            return step + " of " + doing;
        }
    }

    @Test
    void whateverABrokerDoesIsTried() {
        assertThat(Stream.of(REWRITING, BESIDE, ALONE).flatMap(List::stream)).containsExactlyInAnyOrder(Doing.values());
    }

    static Stream<List<Kill>> everyStep() {
        List<Kill> rewriting = kills(REWRITING);
        List<Kill> beside = kills(BESIDE);
        Stream<List<Kill>> together = IntStream.range(0, Math.max(rewriting.size(), beside.size())).mapToObj(i -> Stream.of(rewriting, beside).filter(kills -> i < kills.size()).map(kills -> kills.get(i)).toList());
        return Stream.concat(together, kills(ALONE).stream().map(List::of));
    }

    private static List<Kill> kills(List<Doing> doings) {
        return doings.stream().flatMap(doing -> doing.steps.stream().map(step -> new Kill(doing, step))).toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("everyStep")
    void threeKillsInARowAtAStepLeakAndLoseNothing(List<Kill> kills) throws Exception {
        StepKill.threeInARow(broker, kills);
    }
}
