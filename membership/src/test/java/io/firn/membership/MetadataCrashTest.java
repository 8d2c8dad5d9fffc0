package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.controller.Controller;
import io.firn.membership.controller.Decision;
import io.firn.membership.controller.Policy;
import io.firn.membership.entry.Entry;
import io.firn.membership.journal.JournalLimits;
import io.firn.membership.storage.LocalMetadataStore;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/**
 * The whole of the metadata over a disk that loses power or fails, at every single operation: what was answered is there at the next opening, and of a group of commands
 * that was not answered either all is there or nothing.
 */
class MetadataCrashTest {

    private static final InstantSource CLOCK = InstantSource.fixed(java.time.Instant.EPOCH);
    private static final JournalLimits OFTEN = new JournalLimits(5, 1 << 20);

    @Test
    void everyAnsweredCommandSurvivesAPowerLossAtEveryOperation() {
        Seeds.forEach(12, seed -> {
            for (Loss loss : Loss.values()) {
                int operations = new Lives(seed, loss).live(f -> { }).operations();
                for (int at = 1; at <= operations; at++) {
                    int crashAt = at;
                    Lives lives = new Lives(seed, loss);
                    lives.live(folder -> folder.crashAt(crashAt));
                    lives.live(folder -> { });
                    lives.live(folder -> { });
                }
            }
        });
    }

    @Test
    void everyAnsweredCommandSurvivesManyPowerLossesAlsoDuringRecovery() {
        Seeds.forEach(400, seed -> {
            RandomGenerator when = Seeds.random(~seed);
            Lives lives = new Lives(seed, Loss.ANY_PART);
            for (int life = 0; life < 12; life++) {
                lives.live(folder -> folder.crashAt(1 + when.nextInt(when.nextBoolean() ? 12 : 150)));
            }
            lives.live(folder -> { });
        });
    }

    @Test
    void anErrorOfTheDiskAtEveryOperationStopsItForGoodAndLosesNothingAnswered() {
        Seeds.forEach(6, seed -> {
            int operations = new Lives(seed, Loss.ANY_PART).live(f -> { }).operations();
            for (int at = 1; at <= operations; at++) {
                int failAt = at;
                Lives lives = new Lives(seed, Loss.ANY_PART);
                lives.live(folder -> folder.failAt(failAt));
                lives.live(folder -> { });
            }
        });
    }

    /** One disk through several starts of the broker, and what it must hold. */
    private static final class Lives {
        private final RandomGenerator random;
        private final Loss loss;
        private SimFolder folder;

        /** Content as of the last answer; the views after each group that may or may not have been committed since. */
        private ClusterView answered = ClusterView.EMPTY;
        private Optional<ClusterView> perhaps = Optional.empty();

        Lives(long seed, Loss loss) {
            this.random = Seeds.random(seed);
            this.loss = loss;
            this.folder = new SimFolder(random);
        }

        /** Starts, works until done or broken, and is cut off. */
        SimFolder live(java.util.function.Consumer<SimFolder> fault) {
            fault.accept(folder);
            SimFolder used = folder;
            StepExecutor executor = new StepExecutor();
            try {
                Metadata metadata = Metadata.open(folder, LocalMetadataStore::open, Policy.SINGLE_BROKER, OFTEN, CLOCK, random, executor);
                opened(metadata.view());
                work(metadata, executor);
            } catch (MetadataOpenFailed e) {
                assertThat(e.reason()).as("only the disk may hinder the opening: %s", e.getMessage()).isEqualTo(MetadataOpenFailed.Reason.UNAVAILABLE);
            }
            folder = folder.afterCrash(loss);
            return used;
        }

        private void opened(ClusterView view) {
            boolean isAnswered = same(view, answered);
            boolean isPerhaps = perhaps.isPresent() && same(view, perhaps.get());
            boolean isFormedNow = answered.version() == 0 && view.topics().isEmpty() && view.brokers().isEmpty();
            assertThat(isAnswered || isPerhaps || isFormedNow).as("opened %s, answered was %s, perhaps %s", view, answered, perhaps).isTrue();
            answered = view;
            perhaps = Optional.empty();
        }

        private void work(Metadata metadata, StepExecutor executor) {
            RandomCommands commands = new RandomCommands(random, 1);
            for (int group = 0; group < 14; group++) {
                List<Command> asked = new ArrayList<>();
                List<CompletableFuture<ClusterView>> answers = new ArrayList<>();
                ClusterView after = answered;
                for (int i = 1 + random.nextInt(3); i > 0; i--) {
                    Command command = commands.next();
                    asked.add(command);
                    answers.add(metadata.submit(command));
                    after = decide(after, command);
                }
                perhaps = Optional.of(after);
                executor.run();
                if (!allAnswered(answers)) {
                    assertStopped(metadata, executor);
                    return;
                }
                assertThat(metadata.view()).isEqualTo(after);
                answered = after;
                perhaps = Optional.empty();
            }
        }

        private static boolean allAnswered(List<CompletableFuture<ClusterView>> answers) {
            boolean all = true;
            for (CompletableFuture<ClusterView> answer : answers) {
                assertThat(answer).isDone();
                try {
                    answer.join();
                } catch (CompletionException e) {
                    all &= e.getCause() instanceof CommandRefused;
                }
            }
            return all;
        }

        private void assertStopped(Metadata metadata, StepExecutor executor) {
            int operations = folder.operations();
            ClusterView view = metadata.view();
            for (int i = 0; i < 3; i++) {
                CompletableFuture<ClusterView> answer = metadata.submit(new Command.AllocateProducerIds(1));
                executor.run();
                assertThatThrownBy(answer::join).hasCauseInstanceOf(MetadataUnavailable.class);
            }
            assertThat(folder.operations()).as("a disk that failed is not touched again").isEqualTo(operations);
            assertThat(metadata.view()).isSameAs(view).isEqualTo(answered);
        }

        private static ClusterView decide(ClusterView view, Command command) {
            Decision decision = new Controller(Policy.SINGLE_BROKER).decide(view, command, Seeds.random(0));
            ClusterView after = view;
            if (decision instanceof Decision.Accepted accepted) {
                for (Entry entry : accepted.entries()) {
                    after = entry.applyTo(after).at(after.version() + 1, after.controllerEpoch());
                }
            }
            return after;
        }

        /** Each opening adds entries of its own, so versions differ; content must not. */
        private static boolean same(ClusterView one, ClusterView other) {
            return one.at(0, 0).equals(other.at(0, 0)) && one.version() >= other.version();
        }
    }
}
