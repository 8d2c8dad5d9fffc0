package io.firn.it.cold;

import static io.firn.it.cold.BucketStep.CREATE_PAGE;
import static io.firn.it.cold.BucketStep.DELETE_ALL_PAGES;
import static io.firn.it.cold.BucketStep.DELETE_PAGE;
import static io.firn.it.cold.BucketStep.DELETE_SEGMENTS_OF_PAGE;
import static io.firn.it.cold.BucketStep.READ_PAGE_BACK;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.cold.TopicRequests.Change;
import io.firn.it.harness.Await;
import io.firn.it.harness.Seed;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@link StepKillIT} for the steps that there are only where a history is so long that its manifest has a page.
 *
 * <p>A broker makes a topic for each thing that is done to them, once, and with a bucket that is a directory, which is quicker; each test begins with a copy of its disk, and of the bucket, which is an S3 server's from then on.
 *
 * <pre>
 *   OFFLOAD      64 segments in the manifest │ 129 in a page │ 160 in the manifest: of them, and the next one, 129 move into another page, with those of this one
 *   COMPACTION   64                          │ 129           │  32                  the oldest 72 are old enough
 *   MERGE        64                          │ 129           │  32                  of those in the page some are small
 *   DELETION     64                          │ 129           │  32                  of the records of the oldest 72
 * </pre>
 */
class PageStepKillIT {

    /** A topic as it is made. */
    private enum History {
        SPILLING(Map.of()) {
            @Override
            void make(SegmentLoad load) {
                load.send(broker.bootstrap(), PAGED + SPILLED - 1, LARGE_BYTES);
            }
        },
        KEYED(Map.of("cleanup.policy", "compact", "remote.storage.enable", "true", "min.cleanable.dirty.ratio", "1", "min.compaction.lag.ms", Long.toString(HOUR_MS))) {
            @Override
            void make(SegmentLoad load) {
                load.send(broker.bootstrap(), INTO_PAGE, LARGE_BYTES);
                load.goOnAt(System.currentTimeMillis());
                load.send(broker.bootstrap(), PAGED - INTO_PAGE, LARGE_BYTES);
            }
        },
        /** Too few small ones in a row to be merged, but at one place; and these would expire too soon to be worth it. */
        SMALL(Map.of("retention.ms", Long.toString(System.currentTimeMillis() - BEGINNING_MS + HOUR_MS))) {
            @Override
            void make(SegmentLoad load) {
                load.send(broker.bootstrap(), IntStream.range(0, PAGED).map(i -> i % MERGED_AT_LEAST == 0 && i != INTO_PAGE ? LARGE_BYTES : SMALL_BYTES));
            }
        },
        LONG(Map.of()) {
            @Override
            void make(SegmentLoad load) {
                load.send(broker.bootstrap(), PAGED, LARGE_BYTES);
            }
        };

        final Map<String, String> configs;

        History(Map<String, String> configs) {
            this.configs = configs;
        }

        abstract void make(SegmentLoad load);
    }

    /** What the broker does, and by which steps. What a dead one was at, the next one does by itself. */
    private enum Doing {
        OFFLOAD(Change.OFFLOAD, History.SPILLING, CREATE_PAGE, READ_PAGE_BACK, DELETE_PAGE) {
            @Override
            void begin(Trial trial) {
                trial.load.send(broker.bootstrap(), 1, LARGE_BYTES);
            }
        },
        COMPACTION(Change.REWRITING, History.KEYED, CREATE_PAGE, READ_PAGE_BACK, DELETE_PAGE) {
            @Override
            void begin(Trial trial) {
                trial.topic.set("min.cleanable.dirty.ratio", "0.01");
            }

            @Override
            void read(Trial trial) {
                trial.load.verifyNewest(broker.bootstrap());
            }
        },
        MERGE(Change.REWRITING, History.SMALL, CREATE_PAGE, READ_PAGE_BACK, DELETE_PAGE) {
            @Override
            void begin(Trial trial) {
                trial.topic.set("retention.ms", "-1");
            }
        },
        /** What the page does not keep is dropped with the page that was there, which tells of it until it is deleted. */
        DELETION(Change.DROP, History.LONG, CREATE_PAGE, READ_PAGE_BACK, DELETE_SEGMENTS_OF_PAGE, DELETE_PAGE) {
            @Override
            void begin(Trial trial) {
                trial.topic.deleteRecordsBefore(INTO_PAGE);
            }

            @Override
            void read(Trial trial) {
                trial.load.verify(broker.bootstrap(), INTO_PAGE);
            }
        },
        TOPIC_DELETION(Change.NONE, History.LONG, DELETE_ALL_PAGES) {
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
        final History history;
        final List<BucketStep> steps;

        Doing(Change change, History history, BucketStep... steps) {
            this.change = change;
            this.history = history;
            this.steps = List.of(steps);
        }

        /** What leads to the step. */
        abstract void begin(Trial trial);

        /** Waits until the last process has done it: another page is in the place of the one that there was. */
        void settle(Trial trial) {
            Await.until("another page is there alone", () -> {
                List<String> pages = trial.pages();
                return pages.size() == 1 && !pages.equals(trial.pagesBefore);
            });
        }

        void read(Trial trial) {
            trial.load.verify(broker.bootstrap(), 0);
        }
    }

    private static final long HOUR_MS = 3_600_000;
    private static final long BEGINNING_MS = 1_700_000_000_000L;
    /** Segments after which there is a page: {@code PageShape}. */
    private static final int PAGED = 225;
    /** And after so many more there is another one in its place. */
    private static final int SPILLED = 129;
    /** The oldest 64 and some of the page. */
    private static final int INTO_PAGE = 72;
    private static final int MERGED_AT_LEAST = 8;
    private static final int MERGE_BYTES = 1_300;
    /** More than the half of it, which is not merged. */
    private static final int LARGE_BYTES = 700;
    private static final int SMALL_BYTES = 10;
    /** Each of the partitions twice. */
    private static final int SWEEPS = 2 * History.values().length;

    /** A topic, what was sent to it, and the keys of its pages when the trial begins. */
    private record Trial(TrialTopic topic, SegmentLoad load, List<String> pagesBefore) {

        static Trial make(History history) {
            TrialTopic topic = TrialTopic.create(broker, history.name().toLowerCase(Locale.ROOT), history.configs);
            SegmentLoad load = new SegmentLoad(topic.partition(), RANDOM, BEGINNING_MS);
            history.make(load);
            return new Trial(topic, load, List.of());
        }

        /** As it was made. */
        Trial anew() {
            return new Trial(topic, load.copy(), pages());
        }

        List<String> pages() {
            return broker.keys(topic.prefix()).stream().filter(key -> key.endsWith(CREATE_PAGE.named)).toList();
        }
    }

    /** Of one step of one thing that a broker does. */
    private static final class Kill extends StepKill {
        private final Doing doing;
        private Trial trial;

        Kill(Doing doing, BucketStep step) {
            super(step, doing.change);
            this.doing = doing;
        }

        @Override
        TopicRequests prepare() {
            trial = MADE.get(doing.history).anew();
            assertThat(trial.pagesBefore).hasSize(1);
            return new TopicRequests(trial.topic.name(), trial.load.count());
        }

        @Override
        void begin() {
            doing.begin(trial);
        }

        @Override
        void goOn() {}

        @Override
        void end() throws Exception {
            doing.settle(trial);
            if (step == CREATE_PAGE) {
                assertThat(broker.node().metric("firn_cold_swept_objects_total")).as("of the second process, and of the third").isGreaterThanOrEqualTo(2);
            }
            doing.read(trial);
        }

        @Override
        public String toString() {
            return step + " of " + doing;
        }
    }

    private static final Random RANDOM = Seed.random("PageStepKillIT");
    private static final Map<History, Trial> MADE = new EnumMap<>(History.class);

    @TempDir
    static Path directory;

    private static ProxiedBroker broker;
    private static List<SavedTree> saved;

    @BeforeAll
    static void make() throws Exception {
        Path objects = directory.resolve("objects");
        Path data = directory.resolve("data");
        broker = ProxiedBroker.in(objects, data, Map.of("cold.merge.bytes", Integer.toString(MERGE_BYTES)));
        broker.node().set("cold.provider", "file").set("cold.file.dir", objects.resolve(broker.server().bucket()).toString()).start();
        for (History history : History.values()) {
            MADE.put(history, Trial.make(history));
        }
        MADE.values().forEach(trial -> trial.topic.awaitOffloaded());
        Await.until("one page each", () -> MADE.values().stream().allMatch(trial -> trial.pages().size() == 1));
        broker.node().stop();
        broker.node().set("cold.provider", "s3");
        saved = List.of(SavedTree.of(objects, directory.resolve("objects.saved")), SavedTree.of(data, directory.resolve("data.saved")));
    }

    private static void startAsItWasMade() throws Exception {
        for (SavedTree tree : saved) {
            tree.restore();
        }
        broker.node().start();
    }

    @AfterEach
    void release() {
        broker.proxy().clear();
        broker.node().close();
    }

    @AfterAll
    static void stop() {
        try (ProxiedBroker all = broker) {
            assertThat(all.node().logLines("ERROR")).isEmpty();
        }
    }

    /** What does not wait for each other in the broker dies together: it rewrites one log at a time, and deletes for one. A topic's deletion is taken up behind the sweep of what is held. */
    static Stream<List<Kill>> everyStep() {
        return Stream.of(
                List.of(new Kill(Doing.COMPACTION, CREATE_PAGE), new Kill(Doing.OFFLOAD, DELETE_PAGE)),
                List.of(new Kill(Doing.COMPACTION, READ_PAGE_BACK), new Kill(Doing.DELETION, DELETE_PAGE)),
                List.of(new Kill(Doing.COMPACTION, DELETE_PAGE), new Kill(Doing.OFFLOAD, CREATE_PAGE)),
                List.of(new Kill(Doing.MERGE, CREATE_PAGE), new Kill(Doing.DELETION, DELETE_SEGMENTS_OF_PAGE)),
                List.of(new Kill(Doing.MERGE, READ_PAGE_BACK), new Kill(Doing.OFFLOAD, READ_PAGE_BACK), new Kill(Doing.DELETION, CREATE_PAGE)),
                List.of(new Kill(Doing.MERGE, DELETE_PAGE), new Kill(Doing.DELETION, READ_PAGE_BACK)),
                List.of(new Kill(Doing.TOPIC_DELETION, DELETE_ALL_PAGES)));
    }

    @Test
    void everyStepOfPagesIsTried() {
        assertThat(everyStep().flatMap(List::stream).map(Kill::toString))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(Doing.values()).flatMap(doing -> doing.steps.stream().map(step -> new Kill(doing, step).toString())).toList());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("everyStep")
    void threeKillsInARowAtAStepOfPagesLeakAndLoseNothing(List<Kill> kills) throws Exception {
        startAsItWasMade();
        StepKill.threeInARow(broker, kills);
        broker.leaks().awaitNothing(Optional.empty(), SWEEPS);
    }
}
