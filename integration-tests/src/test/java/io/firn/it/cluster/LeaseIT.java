package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.it.cluster.LeaderLink.Answer;
import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A leader that is cut off from the others, or stopped, does not acknowledge any more when another one leads: not even with acks=1 to a client that still has a connection to it and is told
 * nothing. What is sent to it after the new leader's first acknowledgement must not be taken; what was acknowledged with acks=all, by whomever, is there in the end.
 */
class LeaseIT {

    private static final Duration FAILOVER_LIMIT = Duration.ofMinutes(2);
    private static final short LEADER = 1;
    private static final short ALL = -1;
    private static final int TRIES_AFTERWARDS = 100;
    private static final int WAITING_WHILE_STOPPED = 20;
    private static final int SHORT_MS = 2_000;
    private static final long BETWEEN_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    @RegisterExtension
    final LastLines lastLines = new LastLines();

    @TempDir
    Path directory;

    private ClusterHarness cluster;
    private final Map<Long, Mark> promised = new HashMap<>();
    private long sequence;

    private void form() {
        cluster = lastLines.of(ClusterHarness.of(3, directory, Map.of())).form();
    }

    private TopicPartition topic(String name) {
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().createTopics(List.of(new NewTopic(name, Optional.of(1), Optional.of((short) 3)).configs(Map.of("min.insync.replicas", "2")))).all());
        }
        promised.clear();
        return new TopicPartition(name, 0);
    }

    private byte[] next() {
        return new Mark(0, sequence++).value(100);
    }

    /** An acks=all record that is taken, which it has to be in the end. */
    private void promise(LeaderLink link, TopicPartition partition) {
        Await.until("acks=all is acknowledged", FAILOVER_LIMIT, () -> promised(link, partition));
    }

    private boolean promised(LeaderLink link, TopicPartition partition) throws IOException {
        byte[] value = next();
        Answer answer = link.ask(partition, ALL, value, SHORT_MS);
        if (answer.taken()) {
            promised.put(answer.offset(), Mark.of(value));
        }
        return answer.taken();
    }

    /** Who leads, as those that are not {@code except} say. */
    private int leader(TopicPartition partition, int except) {
        String others = cluster.ids().stream().filter(id -> id != except).map(id -> cluster.broker(id).bootstrap()).collect(Collectors.joining(","));
        int[] leader = {except};
        try (Admin admin = KafkaClients.admin(others, Map.of("default.api.timeout.ms", 10_000, "request.timeout.ms", 5_000))) {
            Await.until("another leader of " + partition + " than broker " + except, FAILOVER_LIMIT, () -> {
                TopicDescription topic = Topics.done(admin.describeTopics(List.of(partition.topic())).allTopicNames()).get(partition.topic());
                leader[0] = topic.partitions().get(0).leader() == null ? except : topic.partitions().get(0).leader().id();
                return leader[0] != except && cluster.ids().contains(leader[0]);
            });
        }
        return leader[0];
    }

    /** The new leader acknowledges; from now on the old one must not. */
    private void awaitAcknowledgementOfAnother(TopicPartition partition, int old) throws IOException {
        Await.until("another leader acknowledges", FAILOVER_LIMIT, () -> {
            try (LeaderLink link = LeaderLink.connect(cluster.broker(leader(partition, old)).bootstrap())) {
                return promised(link, partition);
            }
        });
    }

    private void awaitPromisesKept(TopicPartition partition) {
        cluster.network().heal();
        cluster.awaitReady();
        Map<Long, Mark> found = new HashMap<>();
        Reading.each(cluster.bootstrap(), List.of(partition), record -> found.put(record.offset(), Mark.of(record.value())));
        assertThat(found).as("records of %s", partition).containsAllEntriesOf(promised);
    }

    @Test
    void aLeaderThatIsCutOffAcknowledgesNothingOnceAnotherLeads() throws Exception {
        form();
        assumeTrue(cluster.network().cuts(), "ways between brokers cannot be cut here");
        for (FaultKind kind : List.of(FaultKind.CUT_OFF, FaultKind.MUTE, FaultKind.DEAF)) {
            TopicPartition partition = topic("lease-" + kind.name().toLowerCase(Locale.ROOT).replace('_', '-'));
            int old = cluster.leader(partition);
            try (LeaderLink link = LeaderLink.connect(cluster.broker(old).bootstrap())) {
                promise(link, partition);
                try (Knocking knocking = new Knocking(cluster.broker(old).bootstrap(), partition)) {
                    Await.until("acks=1 is acknowledged", () -> knocking.taken.get() > 0);
                    cut(kind, old);
                    awaitAcknowledgementOfAnother(partition, old);
                    int takenBefore = knocking.anotherLeads();
                    Await.until("the old leader is asked many times", FAILOVER_LIMIT, () -> knocking.sentSince.get() >= TRIES_AFTERWARDS);
                    assertThat(knocking.takenSince.get()).as("%s: acknowledged by broker %s after another led (%s before)", kind, old, takenBefore).isZero();
                    System.out.println(kind + ": broker " + old + " took " + takenBefore + " with acks=1, then none of " + knocking.sentSince.get() + " once another led");
                }
            }
            awaitPromisesKept(partition);
        }
    }

    private void cut(FaultKind kind, int old) {
        cluster.ids().stream().filter(id -> id != old).forEach(other -> {
            if (kind != FaultKind.DEAF) {
                cluster.network().cut(old, other);
            }
            if (kind != FaultKind.MUTE) {
                cluster.network().cut(other, old);
            }
        });
    }

    @Test
    void aLeaderThatWasStoppedAcknowledgesNothingOfWhatWaitedForItWhenItGoesOnAndTellsNoEnd() throws Exception {
        form();
        TopicPartition partition = topic("lease-stopped");
        int old = cluster.leader(partition);
        try (LeaderLink link = LeaderLink.connect(cluster.broker(old).bootstrap())) {
            promise(link, partition);
            cluster.broker(old).pause();
            awaitAcknowledgementOfAnother(partition, old);
            link.sendForEnd(partition);
            for (int i = 0; i < WAITING_WHILE_STOPPED; i++) {
                link.send(partition, LEADER, next(), SHORT_MS);
            }
            cluster.broker(old).resume();
            assertThat(link.receiveEnd()).as("end told by broker %s, which does not know what another has acknowledged", old)
                    .matches(end -> !end.taken() || end.offset() > promised.keySet().stream().max(Long::compare).orElseThrow());
            assertThat(takenOf(link, WAITING_WHILE_STOPPED)).as("acknowledged by broker %s, which was stopped while another began to lead", old).isZero();
        }
        awaitPromisesKept(partition);
    }

    private static int takenOf(LeaderLink link, int count) {
        int taken = 0;
        try {
            for (int i = 0; i < count; i++) {
                taken += link.receive().taken() ? 1 : 0;
            }
        } catch (IOException closed) {
            return taken; // refusing by hanging up is fine
        }
        return taken;
    }

    /** Sends records with acks=1 to one broker, one at a time, whatever it answers, over new connections when it hangs up. A thread of its own. */
    private final class Knocking implements AutoCloseable {

        private final String address;
        private final TopicPartition partition;
        private final AtomicInteger taken = new AtomicInteger();
        private final AtomicInteger sentSince = new AtomicInteger();
        private final AtomicInteger takenSince = new AtomicInteger();
        private final Thread thread = new Thread(this::knock, "knocking");
        private volatile boolean anotherLeads;
        private volatile boolean closing;

        private Knocking(String address, TopicPartition partition) {
            this.address = address;
            this.partition = partition;
            thread.setDaemon(true);
            thread.start();
        }

        private void knock() {
            while (!closing) {
                try (LeaderLink link = LeaderLink.connect(address)) {
                    while (!closing) {
                        knock(link);
                    }
                } catch (IOException hungUp) {
                    sentSince.addAndGet(anotherLeads ? 1 : 0); // a refusal like any other
                }
            }
        }

        /** What is on its way when another begins to lead may have been taken rightly: it counts by when it was sent. */
        private void knock(LeaderLink link) throws IOException {
            boolean late = anotherLeads;
            boolean acknowledged = link.ask(partition, LEADER, new Mark(1, 0).value(100), SHORT_MS).taken();
            taken.addAndGet(acknowledged ? 1 : 0);
            takenSince.addAndGet(late && acknowledged ? 1 : 0);
            sentSince.addAndGet(late ? 1 : 0);
            LockSupport.parkNanos(BETWEEN_NANOS);
        }

        /** How many were taken until now. */
        private int anotherLeads() {
            anotherLeads = true;
            return taken.get();
        }

        @Override
        public void close() {
            closing = true;
        }
    }
}
