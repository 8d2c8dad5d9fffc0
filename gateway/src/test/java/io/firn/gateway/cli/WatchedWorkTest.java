package io.firn.gateway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.rig.Await;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WatchedWorkTest {

    /** Lines that wait to be printed: {@link WatchedWork}. */
    private static final int LINE_LIMIT = 1_000;
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(shown, true, UTF_8);
    private final List<String> printed = new ArrayList<>();
    private final AtomicInteger asked = new AtomicInteger();

    /** Whenever it is asked for the time, ten seconds have passed: it shows whatever it is told. */
    private Progress progress(boolean terminal) {
        return new Progress(out, terminal, "moved", 100_000_000, () -> TimeUnit.SECONDS.toNanos(10) * asked.getAndIncrement());
    }

    @Test
    void allLinesArePrintedInOrderOnTheCommandsThreadAndTheOutcomeIsGiven() throws InterruptedException {
        List<String> told = IntStream.range(0, 3 * LINE_LIMIT).mapToObj(Integer::toString).toList();
        Set<Thread> threads = new HashSet<>();
        String outcome = WatchedWork.run(progress(false), line -> {
            threads.add(Thread.currentThread());
            printed.add(line);
        }, (lines, done) -> {
            told.forEach(lines);
            return Thread.currentThread().getName();
        });
        assertThat(printed).isEqualTo(told);
        assertThat(threads).containsExactly(Thread.currentThread());
        assertThat(outcome).isEqualTo("firn-work");
    }

    @Test
    void whatIsDoneAddsUpAndIsShownWhileTheWorkGoesOn() throws InterruptedException {
        WatchedWork.run(progress(false), printed::add, (lines, done) -> {
            done.accept(20_000_000);
            done.accept(5_000_000);
            awaitShown("moved  25 % 25.0 MB");
            done.accept(75_000_000);
            awaitShown("moved 100 % 100.0 MB");
            return "";
        });
        assertThat(printed).isEmpty();
    }

    @Test
    void aLineTakesThePlaceOfTheBarOnATerminal() throws InterruptedException {
        WatchedWork.run(progress(true), out::println, (lines, done) -> {
            done.accept(50_000_000);
            awaitShown("#".repeat(15) + ".".repeat(15) + "]  50 %");
            lines.accept("a line");
            awaitShown("a line");
            return "";
        });
        assertThat(shown.toString(UTF_8)).contains(CLEAR_LINE + "a line\n");
    }

    private void awaitShown(String text) {
        Await.until("shown: " + text, () -> shown.toString(UTF_8).contains(text));
    }

    @Test
    void workWaitsWhileAThousandLinesAreNotPrinted() throws InterruptedException {
        CompletableFuture<Thread> worker = new CompletableFuture<>();
        AtomicInteger told = new AtomicInteger();
        WatchedWork.run(progress(false), line -> {
            if (line.equals("0")) {
                Await.until("the work waits, or is through", () -> {
                    Thread.State state = worker.join().getState();
                    return state == Thread.State.TERMINATED || state == Thread.State.WAITING && told.get() > LINE_LIMIT;
                });
                assertThat(told.get()).as("lines told while the first is being printed").isEqualTo(1 + LINE_LIMIT);
            }
            printed.add(line);
        }, (lines, done) -> {
            worker.complete(Thread.currentThread());
            for (int i = 0; i < 2 * LINE_LIMIT; i++) {
                lines.accept(Integer.toString(i));
                told.incrementAndGet();
            }
            return "";
        });
        assertThat(printed).hasSize(2 * LINE_LIMIT);
    }

    @Test
    void whatFailsIsTold() {
        assertThatThrownBy(() -> WatchedWork.run(progress(false), printed::add, (lines, done) -> {
            lines.accept("before it");
            throw new IllegalStateException("broken");
        })).isInstanceOf(IllegalStateException.class).hasMessage("broken");
        assertThat(printed).containsExactly("before it");
        assertThatThrownBy(() -> WatchedWork.run(progress(false), printed::add, (lines, done) -> {
            throw new IOException("disk is full");
        })).isInstanceOf(CliFailure.class).hasMessageContaining("disk is full");
    }

    @Test
    void aCommandThatIsInterruptedEndsItsWork() {
        Thread command = Thread.currentThread();
        CompletableFuture<Void> ended = new CompletableFuture<>();
        assertThatThrownBy(() -> WatchedWork.run(progress(false), printed::add, (lines, done) -> {
            command.interrupt();
            try {
                new CountDownLatch(1).await();
            } finally {
                ended.complete(null);
            }
            return "";
        })).isInstanceOf(InterruptedException.class);
        Await.get(ended);
    }
}
