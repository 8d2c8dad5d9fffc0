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

import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.ObjectStores;
import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.cold.s3.S3Server;
import io.firn.it.cold.TopicRequests.Change;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
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
 * <p>One broker and one S3 server behind a proxy for all, a topic for each. What does not wait for each other in the broker dies together, so that a start serves two topics. Pages, which take hundreds of segments, are {@code LeakTest}'s matter.
 */
class StepKillIT {

    private static final Map<String, String> SETTINGS = Map.of("retention.check.interval.ms", "20", "cold.delete.grace.ms", "100", "cold.sweep.interval.ms", "300", "cold.sweep.grace.ms", "0", "cold.scrub.interval.ms", "0",
            "cold.disk.cache.bytes", "0", "cold.request.timeout.ms", "60000");
    /** A batch each, sealed by the timestamps of the next one's records, the last one by age. */
    private static final Map<String, String> SMALL_SEGMENTS = Map.of("segment.ms", "10", "local.retention.bytes", "1", "retention.ms", "-1");

    /** What the broker does, and by which steps. */
    private enum Doing {
        OFFLOAD(Change.OFFLOAD, Map.of(), UPLOAD, CHECK_SIZE, READ_TAIL_BACK, CREATE_MANIFEST, READ_MANIFEST_BACK, LIST_MANIFESTS) {
            @Override
            void begin(Trial trial) {
                trial.sent.send(trial.bootstrap(), List.of(trial.partition), 1);
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
                trial.sent.send(trial.bootstrap(), List.of(trial.partition), 2);
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
                    trial.awaitOffloaded();
                }
            }

            @Override
            void begin(Trial trial) {
                trial.set("min.cleanable.dirty.ratio", "0.01");
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
                trial.sent.send(trial.bootstrap(), List.of(trial.partition), 1);
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
                trial.sent.send(trial.bootstrap(), List.of(trial.partition), 2);
            }

            @Override
            void read(Trial trial) {
                AtomicReference<List<ConsumerRecord<byte[], byte[]>>> read = new AtomicReference<>();
                Await.until("read while nothing is deleted", () -> {
                    long start = trial.offset(OffsetSpec.earliest());
                    read.set(Reading.all(trial.bootstrap(), trial.partition));
                    return start > 0 && read.get().get(0).offset() == start && trial.offset(OffsetSpec.earliest()) == start;
                });
                assertThat(read.get()).hasSizeGreaterThan(RETAINED_AT_LEAST);
                trial.sent.verify(trial.partition, read.get(), read.get().get(0).offset());
            }
        },
        TOPIC_DELETION(Change.NONE, Map.of(), LIST_MANIFESTS, CREATE_TOMBSTONE, LIST_PARTITION, DELETE_SEGMENTS, DELETE_MANIFESTS, DELETE_TOMBSTONE, DELETE_DESCRIPTION) {
            @Override
            void prepare(Trial trial) {
                trial.sent.send(trial.bootstrap(), List.of(trial.partition), 1);
                trial.awaitOffloaded();
            }

            @Override
            void begin(Trial trial) {
                trial.delete();
            }

            @Override
            void settle(Trial trial) {
                trial.awaitNothingLeftOfIt();
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
            trial.leaks.awaitNothing(Optional.of(trial.partition.topic()), 2);
        }

        void read(Trial trial) {
            trial.sent.verify(Reading.all(trial.bootstrap(), List.of(trial.partition)));
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
        final TopicPartition partition;
        final TieredLoad sent = new TieredLoad(RANDOM);
        final TableLoad table;
        final LeakWatch leaks = new LeakWatch(node, StepKillIT::bucket);

        Trial(String topic, Map<String, String> configs) {
            Map<String, String> all = new HashMap<>(SMALL_SEGMENTS);
            all.putAll(configs);
            try (Topics topics = Topics.of(node.bootstrap())) {
                partition = topics.create(topic, 1, all).get(0);
            }
            table = new TableLoad(partition);
        }

        String bootstrap() {
            return node.bootstrap();
        }

        long offset(OffsetSpec spec) {
            try (Topics topics = Topics.of(node.bootstrap())) {
                return topics.offset(partition, spec);
            }
        }

        /** All of it, as the last segment is sealed by age. */
        void awaitOffloaded() {
            try (Topics topics = Topics.of(node.bootstrap())) {
                Await.until("offloaded", () -> topics.offset(partition, OffsetSpec.latestTiered()) == topics.offset(partition, OffsetSpec.latest()) - 1);
            }
        }

        void set(String config, String value) {
            try (Topics topics = Topics.of(node.bootstrap())) {
                Topics.done(topics.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, partition.topic()),
                        List.of(new AlterConfigOp(new ConfigEntry(config, value), AlterConfigOp.OpType.SET)))).all());
            }
        }

        void delete() {
            try (Topics topics = Topics.of(node.bootstrap())) {
                Topics.done(topics.admin().deleteTopics(List.of(partition.topic())).all());
            }
        }

        void awaitNothingLeftOfIt() {
            Await.until("nothing left of " + partition.topic(), () -> isEmpty("topics/" + partition.topic() + "-") && leaks.gaugesAreZero());
        }
    }

    private static final Random RANDOM = Seed.random("StepKillIT");

    @TempDir
    static Path directory;

    private static S3Server server;
    private static FaultProxy proxy;
    private static FirnNode node;

    @BeforeAll
    static void start() {
        server = S3Server.start(directory.resolve("objects"));
        proxy = FaultProxy.start(server.port());
        Map<String, String> settings = new HashMap<>(Buckets.settings("s3", server, proxy.endpoint()));
        settings.putAll(SETTINGS);
        node = FirnNode.in(directory.resolve("data"), settings);
    }

    @BeforeEach
    void alive() {
        if (!node.alive()) {
            node.start();
        }
    }

    @AfterEach
    void release() {
        proxy.clear();
    }

    @AfterAll
    static void stop() {
        try (S3Server bucket = server; FaultProxy way = proxy; FirnNode broker = node) {
            Await.until("nothing left of all topics", () -> isEmpty("topics/"));
            broker.stop();
            assertThat(broker.logLines("ERROR")).isEmpty();
        }
    }

    private static ObjectStore bucket() {
        return ObjectStores.openToRead(server.config(Provider.S3), new SimpleMeterRegistry());
    }

    private static boolean isEmpty(String prefix) {
        try (ObjectStore opened = bucket()) {
            return opened.list(prefix, "", 1).join().objects().isEmpty();
        }
    }

    /** Of one step of one thing that a broker does to one topic. */
    private static final class Kill {
        final Doing doing;
        final BucketStep step;
        private Trial trial;
        private TopicRequests requests;

        Kill(Doing doing, BucketStep step) {
            this.doing = doing;
            this.step = step;
        }

        void prepare() throws Exception {
            String topic = (doing + "." + step).toLowerCase(Locale.ROOT).replace('_', '.');
            trial = new Trial(topic, doing.configs);
            doing.prepare(trial);
            requests = new TopicRequests(topic, trial.offset(OffsetSpec.latestTiered()) + 1);
        }

        void begin() {
            doing.begin(trial);
        }

        void goOn() throws Exception {
            doing.goOn(trial, step);
        }

        HttpFault inject(HttpFault fault) {
            requests.restarted();
            return proxy.inject(fault.on((line, body) -> requests.is(step, doing.change, line, body)).times(1));
        }

        void end() throws Exception {
            doing.settle(trial);
            if (step == UPLOAD) {
                assertThat(node.metric("firn_cold_swept_objects_total")).as("of the second process, and of the third").isGreaterThanOrEqualTo(2);
            }
            doing.read(trial);
            if (doing != Doing.TOPIC_DELETION) {
                trial.delete();
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
        for (Kill kill : kills) {
            kill.prepare();
        }

        List<HttpFault> lost = kills.stream().map(kill -> kill.inject(HttpFault.silence())).toList();
        kills.forEach(Kill::begin);
        killAt(kills, lost);
        lost.forEach(HttpFault::release);

        List<HttpFault> late = kills.stream().map(kill -> kill.inject(HttpFault.holdingRequest())).toList();
        startAgain(kills);
        killAt(kills, late);

        List<HttpFault> unanswered = kills.stream().map(kill -> kill.inject(HttpFault.holdingReply())).toList();
        startAgain(kills);
        awaitReached(kills, unanswered);
        late.forEach(HttpFault::release);
        for (HttpFault fault : late) {
            Await.until("the dead one's request has arrived", fault::awaitDone);
        }
        node.kill9();
        unanswered.forEach(HttpFault::release);

        node.start();
        for (Kill kill : kills) {
            kill.end();
        }
    }

    private static void startAgain(List<Kill> kills) throws Exception {
        node.start();
        for (Kill kill : kills) {
            kill.goOn();
        }
    }

    private static void killAt(List<Kill> kills, List<HttpFault> faults) {
        awaitReached(kills, faults);
        node.kill9();
    }

    private static void awaitReached(List<Kill> kills, List<HttpFault> faults) {
        for (int i = 0; i < faults.size(); i++) {
            Await.until(kills.get(i) + " is reached", faults.get(i)::awaitReached);
        }
    }
}
