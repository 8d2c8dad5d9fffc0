package io.firn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.ShareMember;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Share groups with Kafka's own consumer and tools. */
class ShareGroupsIT {
    private static final String SHARE_GROUPS = "org.apache.kafka.tools.consumer.group.ShareGroupCommand";
    private static final String CONSOLE = "org.apache.kafka.tools.consumer.ConsoleShareConsumer";
    private static final String VERIFIABLE = "org.apache.kafka.tools.VerifiableShareConsumer";
    private static final String PERFORMANCE = "org.apache.kafka.tools.ShareConsumerPerformance";

    @TempDir
    static Path directory;

    private static FirnNode node;

    @BeforeAll
    static void startBroker() {
        node = FirnNode.in(directory.resolve("data"), Map.of("group.offsets.partitions", "5", "group.settings.share.coordinator.state.topic.num.partitions", "5",
                "group.settings.group.share.assignment.interval.ms", "0", "group.settings.group.share.min.record.lock.duration.ms", "1000",
                "group.settings.group.share.min.heartbeat.interval.ms", "500", "group.settings.group.share.heartbeat.interval.ms", "500")).start();
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
    }

    /** A topic with the numbers below {@code records}, for a group that begins at its start. */
    private static void topic(String name, String group, int partitions, int records) throws ExecutionException, InterruptedException {
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create(name, partitions);
            ShareMember.configure(topics.admin(), group, Map.of("share.auto.offset.reset", "earliest"));
        }
        produce(name, 0, records);
    }

    private static void produce(String topic, int from, int to) {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("batch.size", 200))) {
            IntStream.range(from, to).forEach(i -> producer.send(new ProducerRecord<>(topic, Integer.toString(i).getBytes())));
        }
    }

    /** Members that have a partition. */
    private static long assigned(String group) throws ExecutionException, InterruptedException {
        try (Topics topics = Topics.of(node.bootstrap())) {
            return topics.admin().describeShareGroups(List.of(group)).all().get().get(group).members().stream().filter(member -> !member.assignment().topicPartitions().isEmpty()).count();
        }
    }

    private static ShareMember member(String group, String topic, String mode) {
        return ShareMember.of(node.bootstrap(), group, topic, mode, Map.of("max.poll.records", 20));
    }

    private static ProcessResult tool(String main, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", node.bootstrap()));
        all.addAll(List.of(arguments));
        return KafkaTool.run(main, all.toArray(String[]::new)).succeeded();
    }

    private static List<Integer> range(int to) {
        return IntStream.range(0, to).boxed().toList();
    }

    @Test
    void severalMembersShareOnePartitionAndEachRecordGoesToOne() throws Exception {
        topic("shared", "sharing", 1, 0);
        Map<Integer, List<String>> takers = new TreeMap<>();
        try (ShareMember a = member("sharing", "shared", "implicit"); ShareMember b = member("sharing", "shared", "implicit"); ShareMember c = member("sharing", "shared", "implicit")) {
            Map<String, ShareMember> members = Map.of("a", a, "b", b, "c", c);
            Await.until("all three have the partition", () -> {
                members.values().forEach(ShareMember::poll);
                return assigned("sharing") == 3;
            });
            produce("shared", 0, 600);
            Await.until("all records were given", () -> {
                members.forEach((name, member) -> member.poll().forEach(record -> takers.computeIfAbsent(ShareMember.number(record), any -> new ArrayList<>()).add(name)));
                return takers.size() == 600;
            });
            assertThat(members.values()).allMatch(ShareMember::commit);
        }
        assertThat(takers.values()).allMatch(names -> names.size() == 1);
        assertThat(takers.values().stream().flatMap(List::stream).distinct()).containsExactlyInAnyOrder("a", "b", "c");
        try (ShareMember late = member("sharing", "shared", "implicit")) {
            produce("shared", 600, 601);
            List<Integer> rest = new ArrayList<>();
            Await.until("only the new record comes", () -> {
                late.poll().forEach(record -> rest.add(ShareMember.number(record)));
                return rest.contains(600);
            });
            assertThat(rest).containsExactly(600);
        }
    }

    @Test
    void whatAMemberHoldsTooLongGoesToAnother() throws Exception {
        topic("held", "holding", 1, 5);
        try (Topics topics = Topics.of(node.bootstrap())) {
            ShareMember.configure(topics.admin(), "holding", Map.of("share.record.lock.duration.ms", "1000"));
        }
        try (ShareMember slow = member("holding", "held", "explicit"); ShareMember quick = member("holding", "held", "explicit")) {
            List<ConsumerRecord<byte[], byte[]>> held = new ArrayList<>();
            Await.until("the slow one has all", () -> {
                slow.poll().forEach(held::add);
                return held.size() == 5;
            });
            Map<Integer, Integer> taken = new TreeMap<>();
            Await.until("the other gets them", () -> {
                quick.poll().forEach(record -> {
                    taken.put(ShareMember.number(record), (int) record.deliveryCount().orElseThrow());
                    quick.consumer().acknowledge(record, AcknowledgeType.ACCEPT);
                });
                return taken.size() == 5;
            });
            held.forEach(record -> slow.consumer().acknowledge(record, AcknowledgeType.ACCEPT));
            assertThat(slow.commit()).as("too late").isFalse();
            assertThat(quick.commit()).isTrue();
            assertThat(taken.values()).allMatch(count -> count >= 2);
        }
    }

    @Test
    void aMemberThatRenewsKeepsWhatItHas() throws Exception {
        topic("kept", "keeping", 1, 3);
        try (Topics topics = Topics.of(node.bootstrap())) {
            ShareMember.configure(topics.admin(), "keeping", Map.of("share.record.lock.duration.ms", "2000"));
        }
        try (ShareMember slow = member("keeping", "kept", "explicit"); ShareMember other = member("keeping", "kept", "explicit")) {
            List<ConsumerRecord<byte[], byte[]>> held = new ArrayList<>();
            Await.until("the slow one has all", () -> {
                slow.poll().forEach(held::add);
                return held.size() == 3;
            });
            long end = System.nanoTime() + 5_000_000_000L;
            Await.until("five seconds have passed", () -> {
                held.forEach(record -> slow.consumer().acknowledge(record, AcknowledgeType.RENEW));
                assertThat(slow.commit()).isTrue();
                slow.poll();
                assertThat(other.poll().count()).isZero();
                return System.nanoTime() > end;
            });
            held.forEach(record -> slow.consumer().acknowledge(record, AcknowledgeType.ACCEPT));
            assertThat(slow.commit()).isTrue();
        }
    }

    @Test
    void aGroupThatWantsCommittedRecordsIsNotGivenAbortedOnes() throws Exception {
        topic("transacted", "uncommitted", 1, 0);
        try (Topics topics = Topics.of(node.bootstrap())) {
            ShareMember.configure(topics.admin(), "committed", Map.of("share.auto.offset.reset", "earliest", "share.isolation.level", "read_committed"));
        }
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("transactional.id", "sharing", "batch.size", 100))) {
            producer.initTransactions();
            for (int transaction = 0; transaction < 6; transaction++) {
                producer.beginTransaction();
                for (int i = 0; i < 10; i++) {
                    producer.send(new ProducerRecord<>("transacted", Integer.toString(transaction * 10 + i).getBytes()));
                }
                if (transaction % 2 == 0) {
                    producer.commitTransaction();
                } else {
                    producer.flush();
                    producer.abortTransaction();
                }
            }
        }
        try (ShareMember committed = member("committed", "transacted", "implicit"); ShareMember uncommitted = member("uncommitted", "transacted", "implicit")) {
            List<Integer> some = new ArrayList<>();
            List<Integer> all = new ArrayList<>();
            Await.until("both have theirs", () -> {
                committed.poll().forEach(record -> some.add(ShareMember.number(record)));
                uncommitted.poll().forEach(record -> all.add(ShareMember.number(record)));
                return some.size() >= 30 && all.size() >= 60;
            });
            assertThat(some).isEqualTo(range(60).stream().filter(number -> number / 10 % 2 == 0).toList());
            assertThat(all).isEqualTo(range(60));
            assertThat(committed.commit() && uncommitted.commit()).isTrue();
        }
    }

    @Test
    void theShareGroupToolListsDescribesResetsAndDeletes() throws Exception {
        topic("tooled", "tooling", 2, 40);
        try (ShareMember member = member("tooling", "tooled", "implicit")) {
            List<Integer> taken = new ArrayList<>();
            Await.until("all records were given", () -> {
                member.poll().forEach(record -> taken.add(ShareMember.number(record)));
                return taken.size() == 40;
            });
            assertThat(member.commit()).isTrue();
            assertThat(tool(SHARE_GROUPS, "--list").lines()).contains("tooling");
            assertThat(tool(SHARE_GROUPS, "--describe", "--group", "tooling", "--members").output()).contains("tooled:0,1");
            assertThat(tool(SHARE_GROUPS, "--describe", "--group", "tooling", "--state").output()).contains("Stable");
            assertThat(KafkaTool.run(SHARE_GROUPS, "--bootstrap-server", node.bootstrap(), "--delete", "--group", "tooling").all()).as("not empty").contains("not EMPTY");
        }
        ProcessResult offsets = tool(SHARE_GROUPS, "--describe", "--group", "tooling", "--offsets");
        assertThat(offsets.lines().stream().filter(line -> line.contains("tooled"))).hasSize(2).allMatch(line -> line.trim().endsWith(" 0"));

        tool(SHARE_GROUPS, "--reset-offsets", "--group", "tooling", "--topic", "tooled", "--to-earliest", "--execute");
        try (ShareMember member = member("tooling", "tooled", "implicit")) {
            List<Integer> again = new ArrayList<>();
            Await.until("all records were given again", () -> {
                member.poll().forEach(record -> again.add(ShareMember.number(record)));
                return again.size() == 40;
            });
            assertThat(again.stream().sorted().toList()).isEqualTo(range(40));
            assertThat(member.commit()).isTrue();
        }
        tool(SHARE_GROUPS, "--delete-offsets", "--group", "tooling", "--topic", "tooled");
        assertThat(tool(SHARE_GROUPS, "--describe", "--group", "tooling", "--offsets").output()).doesNotContain("tooled  ");
        tool(SHARE_GROUPS, "--delete", "--group", "tooling");
        assertThat(tool(SHARE_GROUPS, "--list").lines()).doesNotContain("tooling");
    }

    @Test
    void theConsoleTheVerifiableAndThePerformanceConsumerDoTheirWork() throws Exception {
        topic("consoled", "console", 1, 30);
        ProcessResult shown = tool(CONSOLE, "--topic", "consoled", "--group", "console", "--max-messages", "30", "--timeout-ms", "60000");
        assertThat(shown.lines().stream().filter(line -> line.matches("\\d+")).map(Integer::valueOf).toList()).isEqualTo(range(30));

        topic("verified", "verifying", 2, 500);
        ProcessResult verified = tool(VERIFIABLE, "--topic", "verified", "--group-id", "verifying", "--max-messages", "500", "--acknowledgement-mode", "sync");
        long counted = verified.lines().stream().filter(line -> line.contains("records_consumed")).mapToLong(line -> Long.parseLong(line.replaceAll(".*?\"count\":(\\d+).*", "$1"))).sum();
        assertThat(counted).isGreaterThanOrEqualTo(500);
        assertThat(verified.output()).contains("offsets_acknowledged", "\"success\":true");

        topic("measured", "measuring", 2, 20_000);
        ProcessResult measured = tool(PERFORMANCE, "--topic", "measured", "--group", "measuring", "--num-records", "20000", "--timeout", "60000");
        assertThat(measured.output()).contains("nMsg.sec");
        assertThat(measured.all()).doesNotContain("Exiting before consuming the expected number");
    }
}
