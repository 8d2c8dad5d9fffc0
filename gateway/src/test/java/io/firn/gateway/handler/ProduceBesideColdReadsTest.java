package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.FETCH;
import static io.firn.gateway.rig.Requests.PRODUCE;
import static io.firn.gateway.rig.Requests.fetch;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.produce;
import static io.firn.gateway.rig.Requests.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdThreads;
import io.firn.cold.TimedExecutor;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.Durability;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker of one event loop, which therefore has the producer's request and the reads of the bucket, and whose cold tier has its real threads. */
class ProduceBesideColdReadsTest {

    /** Most tasks of the reads that a loop runs before it gets back to its other work: README of cold-tier. */
    private static final int MOST = 4;
    private static final int WAITING = 3 * MOST;
    private static final String OWN_THREAD = "firn-cold-reads-0";

    @TempDir
    Path directory;

    private StorageRig rig;
    private GatedReads reads;
    private TopicView old;
    private TopicView fresh;

    @AfterEach
    void close() {
        rig.close();
    }

    /** The real executor of the reads. The next task that the event loop runs there waits, once the gate is closed, until it is opened, and the loop with it. */
    private final class GatedReads implements TimedExecutor {
        private final TimedExecutor real;
        private final AtomicBoolean closed = new AtomicBoolean();
        private final CompletableFuture<Void> reached = new CompletableFuture<>();
        private final CompletableFuture<Void> opened = new CompletableFuture<>();

        GatedReads(TimedExecutor real) {
            this.real = real;
        }

        @Override
        public void execute(Runnable task) {
            real.execute(() -> {
                if (rig.loops.first().inEventLoop() && closed.compareAndSet(true, false)) {
                    reached.complete(null);
                    Await.get(opened);
                }
                task.run();
            });
        }

        @Override
        public Runnable executeAfter(long delayMs, Runnable task) {
            return real.executeAfter(delayMs, task);
        }
    }

    private ColdThreads gated() {
        ColdThreads real = ColdThreads.start(1);
        reads = new GatedReads(real.reads());
        return new ColdThreads(reads, real.work(), real.disk(), real.uploads(), real.stop());
    }

    private void start() {
        rig = new StorageRig(directory, 1, Durability.FSYNC);
        rig.coldThreads = this::gated;
        rig.start();
        old = rig.createTopic("old", 1, Map.of("local.retention.ms", "1", "retention.ms", "-1"));
        fresh = rig.createTopic("fresh", 1);
    }

    private int send(WireClient producer, TopicView topic, String value) {
        return producer.send(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, Requests.records(rig.clock.millis(), value)));
    }

    private static void assertAcknowledged(WireClient producer, int sent) {
        assertThat(Requests.error(producer.receive(sent, ProduceResponseData.class))).isEqualTo(Errors.NONE);
    }

    @Test
    void aProducerWaitsForFourTasksOfTheReadsAtMostHoweverManyThereAre() {
        start();
        CompletableFuture<Void> acknowledged = new CompletableFuture<>();
        List<String> threads = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> all = new CompletableFuture<>();
        try (WireClient producer = rig.client(); WireClient consumer = rig.client()) {
            assertAcknowledged(producer, send(producer, old, "old"));
            rig.settleCold(rig.partition("old", 0));
            assertAcknowledged(producer, send(producer, fresh, "before"));

            reads.closed.set(true);
            int replay = consumer.send(ApiKeys.FETCH, FETCH, fetch(old, 0, 0));
            Await.get(reads.reached);
            for (int task = 1; task <= WAITING; task++) { // behind the one of the replay
                boolean tooMany = task == MOST;
                reads.real.execute(() -> {
                    threads.add(Thread.currentThread().getName());
                    if (tooMany) {
                        Await.get(acknowledged);
                    }
                    if (threads.size() == WAITING) {
                        all.complete(null);
                    }
                });
            }
            int sent = send(producer, fresh, "beside");
            reads.opened.complete(null);
            assertAcknowledged(producer, sent); // while the task after those four waits for just that
            acknowledged.complete(null);

            Await.get(all);
            String loop = Await.get(CompletableFuture.supplyAsync(() -> Thread.currentThread().getName(), rig.loops.first()));
            assertThat(threads.subList(0, MOST - 1)).containsOnly(loop);
            assertThat(threads.subList(MOST - 1, WAITING)).isEqualTo(Collections.nCopies(WAITING - MOST + 1, OWN_THREAD));
            assertThat(values(only(consumer.receive(replay, FetchResponseData.class)))).containsExactly("old");
        } finally {
            reads.opened.complete(null);
            acknowledged.complete(null);
        }
    }
}
