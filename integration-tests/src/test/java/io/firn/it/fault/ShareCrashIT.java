package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Seed;
import io.firn.it.harness.ShareMember;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * kill -9 while members of a share group take and accept what a producer sends. In the end nothing is left to do, every acknowledged record was given to somebody, and none was given again
 * after its acceptance had been confirmed. (An acceptance whose confirmation was lost may stand or not.)
 *
 * <p>{@code -Dfirn.crash.rounds=N} sets the number of kills, {@code -Dfirn.seed=N} their timing.
 */
class ShareCrashIT {
    private static final int ROUNDS = Integer.getInteger("firn.crash.rounds", 4);
    private static final int MEMBERS = 2;

    @TempDir
    Path directory;

    private final Set<Integer> sent = ConcurrentHashMap.newKeySet();
    private final Set<Integer> given = ConcurrentHashMap.newKeySet();
    private final Set<Integer> accepted = ConcurrentHashMap.newKeySet();
    private final Set<Integer> again = ConcurrentHashMap.newKeySet();
    private final AtomicInteger next = new AtomicInteger();
    private volatile boolean producing = true;
    private volatile boolean taking = true;

    @Test
    void whatIsAcceptedStaysAcceptedAndNothingIsLost() throws Exception {
        Random random = Seed.random("whatIsAcceptedStaysAcceptedAndNothingIsLost");
        Map<String, String> settings = Map.of("group.offsets.partitions", "3", "group.settings.share.coordinator.state.topic.num.partitions", "3",
                "group.settings.group.share.assignment.interval.ms", "0", "group.settings.group.share.min.heartbeat.interval.ms", "500", "group.settings.group.share.heartbeat.interval.ms", "500");
        ExecutorService threads = Executors.newFixedThreadPool(MEMBERS + 1);
        try (FirnNode node = FirnNode.in(directory.resolve("data"), settings).start()) {
            try (Topics topics = Topics.of(node.bootstrap())) {
                topics.create("crash", 2);
                ShareMember.configure(topics.admin(), "g", Map.of("share.auto.offset.reset", "earliest"));
            }
            List<Future<?>> running = new ArrayList<>();
            running.add(threads.submit(() -> produce(node.bootstrap())));
            for (int member = 0; member < MEMBERS; member++) {
                running.add(threads.submit(() -> take(node.bootstrap())));
            }
            for (int round = 0; round < ROUNDS; round++) {
                int before = accepted.size();
                Await.until("records are accepted", () -> accepted.size() > before + 50);
                long end = System.nanoTime() + Duration.ofMillis(random.nextInt(500)).toNanos();
                Await.until("moment of the kill", () -> System.nanoTime() > end);
                node.kill9();
                node.start();
            }
            producing = false;
            running.get(0).get(120, TimeUnit.SECONDS);
            Await.until("everything is finished", Duration.ofSeconds(120), () -> lag(node.bootstrap()) == 0);
            taking = false;
            for (Future<?> thread : running) {
                thread.get(60, TimeUnit.SECONDS);
            }
            assertThat(sent).as("acknowledged").isNotEmpty();
            assertThat(sent).as("acknowledged, and never given to anybody").isSubsetOf(given);
            assertThat(again).as("given to somebody after its acceptance").isEmpty();
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        } finally {
            producing = false;
            taking = false;
            threads.shutdownNow();
        }
    }

    private static long lag(String bootstrap) throws ExecutionException, InterruptedException {
        try (Topics topics = Topics.of(bootstrap)) {
            return topics.admin().listShareGroupOffsets(Map.of("g", new ListShareGroupOffsetsSpec())).partitionsToOffsetInfo("g").get().values().stream()
                    .mapToLong(offset -> offset.lag().orElse(1L)).sum();
        }
    }

    private void produce(String bootstrap) {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("linger.ms", 1))) {
            while (producing) {
                int number = next.getAndIncrement();
                producer.send(new ProducerRecord<>("crash", number % 2, null, Integer.toString(number).getBytes()), (metadata, failure) -> {
                    if (failure == null) {
                        sent.add(number);
                    }
                });
                if (number % 20 == 0) {
                    producer.flush();
                }
            }
        }
    }

    private void take(String bootstrap) {
        while (taking) {
            try (ShareMember member = ShareMember.of(bootstrap, "g", "crash", "implicit", Map.of("max.poll.records", 50))) {
                while (taking) {
                    List<Integer> taken = new ArrayList<>();
                    member.poll().forEach(record -> taken.add(ShareMember.number(record)));
                    taken.stream().filter(accepted::contains).forEach(again::add);
                    given.addAll(taken);
                    if (member.commit()) {
                        accepted.addAll(taken);
                    }
                }
            } catch (KafkaException brokerWasAway) {
                // Begins anew; what it had comes again.
                Thread.onSpinWait();
            }
        }
    }
}
