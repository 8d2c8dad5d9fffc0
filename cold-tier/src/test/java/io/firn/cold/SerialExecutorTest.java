package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SerialExecutorTest {

    private static final long WAIT_S = 60;

    private final ScheduledThreadPoolExecutor own = new ScheduledThreadPoolExecutor(1, task -> new Thread(task, "own"));
    private final SerialExecutor serial = new SerialExecutor(own);
    private final List<String> ran = new ArrayList<>();

    @AfterEach
    void end() {
        own.shutdownNow();
    }

    @Test
    void aTaskRunsOnTheThreadThatBringsItWhenNoOtherIsRunning() {
        serial.execute(() -> ran.add(Thread.currentThread().getName()));
        assertThat(ran).containsExactly(Thread.currentThread().getName());
        assertThat(own.getPoolSize()).as("nobody was woken").isZero();
    }

    @Test
    void aTaskBroughtByATaskRunsAfterItAndNotWithin() {
        serial.execute(() -> {
            serial.execute(() -> ran.add("second"));
            ran.add("first");
        });
        assertThat(ran).containsExactly("first", "second");
    }

    @Test
    void whoFindsATaskRunningLeavesItsOwnBehindAndGoesOn() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Thread first = new Thread(() -> serial.execute(() -> {
            running.countDown();
            await(goOn);
            ran.add("first");
        }));
        first.start();
        await(running);
        serial.execute(() -> ran.add("left behind, run by " + (Thread.currentThread() == first ? "the first" : "another")));
        goOn.countDown();
        first.join(TimeUnit.SECONDS.toMillis(WAIT_S));
        assertThat(ran).containsExactly("first", "left behind, run by the first");
    }

    @Test
    void aThreadRunsNoMoreThanAFewAndTheOwnThreadTheRest() throws InterruptedException {
        BlockingQueue<String> threads = new LinkedBlockingQueue<>();
        String here = Thread.currentThread().getName();
        serial.execute(() -> {
            for (int i = 0; i < SerialExecutor.HERE + 2; i++) {
                serial.execute(() -> threads.add(Thread.currentThread().getName()));
            }
        });
        List<String> seen = new ArrayList<>();
        for (int i = 0; i < SerialExecutor.HERE + 2; i++) {
            seen.add(threads.poll(WAIT_S, TimeUnit.SECONDS));
        }
        assertThat(seen.subList(0, SerialExecutor.HERE - 1)).containsOnly(here);
        assertThat(seen.subList(SerialExecutor.HERE - 1, seen.size())).containsOnly("own");
    }

    @Test
    void tasksOfManyThreadsRunOneAtATimeAndInTheOrderTheyWereBrought() throws InterruptedException {
        int threads = 4;
        int each = 20_000;
        int[] next = new int[threads];
        int[] total = new int[1]; // neither atomic nor volatile: a lost increment would show that two ran at once
        CountDownLatch done = new CountDownLatch(threads * each);
        for (int t = 0; t < threads; t++) {
            int me = t;
            new Thread(() -> {
                for (int i = 0; i < each; i++) {
                    int mine = i;
                    serial.execute(() -> {
                        if (next[me] == mine) {
                            next[me]++;
                        }
                        total[0]++;
                        done.countDown();
                    });
                }
            }).start();
        }
        await(done);
        assertThat(next).containsOnly(each);
        assertThat(total[0]).isEqualTo(threads * each);
    }

    @Test
    void whateverATaskThrowsTheNextOnesRun() {
        serial.execute(() -> {
            serial.execute(() -> ran.add("next"));
            throw new AssertionError("thrown by the test");
        });
        serial.execute(() -> ran.add("later"));
        assertThat(ran).containsExactly("next", "later");
    }

    @Test
    void aTimedTaskWaitsForItsTurnAsOthersDoAndMayBeCancelledThen() throws InterruptedException {
        CountDownLatch due = new CountDownLatch(1);
        serial.execute(() -> {
            Runnable cancel = serial.executeAfter(0, () -> ran.add("cancelled"));
            serial.executeAfter(0, () -> ran.add("timed"));
            own.execute(due::countDown); // the own thread has brought both by then
            await(due);
            ran.add("before");
            cancel.run();
        });
        assertThat(ran).containsExactly("before", "timed");
    }

    @Test
    void onceClosedItRejectsTasksAndDropsTimedOnes() {
        serial.executeAfter(3_600_000, () -> ran.add("an hour later"));
        own.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        own.shutdown();
        assertThatThrownBy(() -> serial.execute(() -> ran.add("late"))).isInstanceOf(RejectedExecutionException.class);
        serial.executeAfter(0, () -> ran.add("late")).run();
        assertThat(ran).isEmpty();
    }

    @Test
    void whatWasAcceptedBeforeTheEndIsRunThoughTheOwnThreadIsGone() {
        serial.execute(() -> {
            for (int i = 0; i < SerialExecutor.HERE + 2; i++) {
                serial.execute(() -> ran.add("accepted"));
            }
            own.shutdown();
        });
        assertThat(ran).hasSize(SerialExecutor.HERE + 2);
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(WAIT_S, TimeUnit.SECONDS)) {
                throw new AssertionError("nothing came");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
