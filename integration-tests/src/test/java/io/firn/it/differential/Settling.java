package io.firn.it.differential;

import io.firn.it.harness.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.Struct;

/**
 * What has to be over at both brokers before the next request may be compared: metadata changes are visible some time after their answer, and transactions end in the background. For one thread.
 */
final class Settling {

    private static final short METADATA_VERSION = 12;
    private static final short CONFIGS_VERSION = 1;
    private static final short SYNC_VERSION = 3;
    private static final Duration ASSIGNMENT_LIMIT = Duration.ofMillis(500);
    /** A state that was deleted behind its group's back does not come again. */
    private static final Duration CHANGED_SHARES_LIMIT = Duration.ofSeconds(2);
    private static final Duration SHARES_LIMIT = Duration.ofSeconds(30);
    private static final byte TOPIC = 2;
    private static final List<ApiKeys> METADATA_CHANGES = List.of(ApiKeys.CREATE_TOPICS, ApiKeys.DELETE_TOPICS, ApiKeys.CREATE_PARTITIONS, ApiKeys.ALTER_CONFIGS, ApiKeys.INCREMENTAL_ALTER_CONFIGS,
            ApiKeys.METADATA, ApiKeys.ALTER_PARTITION_REASSIGNMENTS, ApiKeys.ELECT_LEADERS, ApiKeys.STREAMS_GROUP_HEARTBEAT,
            ApiKeys.ALTER_CLIENT_QUOTAS, ApiKeys.ALTER_USER_SCRAM_CREDENTIALS);
    private static final List<ApiKeys> TRANSACTION_ENDS = List.of(ApiKeys.END_TXN, ApiKeys.INIT_PRODUCER_ID, ApiKeys.WRITE_TXN_MARKERS);

    private final Door firn;
    private final Door kafka;
    private final World world;
    private final Twins twins;
    private final String mark;
    private int changes;

    Settling(Door firn, Door kafka, World world, Twins twins) {
        this.firn = firn;
        this.kafka = kafka;
        this.world = world;
        this.twins = twins;
        this.mark = world.prefix + "mark";
    }

    /** Both brokers serve groups, share states, transactions and the topic that marks the end of changes. */
    void start() throws IOException {
        for (Door door : List.of(firn, kafka)) {
            createMark(door);
            Await.until("groups are served", () -> {
                Struct found = ask(door, ApiKeys.OFFSET_FETCH, 8, Map.of("groups", List.of(Map.of("group_id", world.prefix + "warm", "topics", List.of())), "require_stable", false));
                return ((Struct) found.getArray("groups")[0]).getShort("error_code") == 0;
            });
        }
        for (Door door : List.of(firn, kafka)) {
            Map<String, Object> any = new HashMap<>(Map.of("transaction_timeout_ms", 60_000));
            any.put("transactional_id", null);
            Await.until("producer ids are given", () -> ask(door, ApiKeys.INIT_PRODUCER_ID, 1, any).getShort("error_code") == 0);
        }
        settleMetadata();
    }

    private void createMark(Door door) throws IOException {
        ask(door, ApiKeys.CREATE_TOPICS, 5, Map.of("topics", List.of(topic(mark)), "timeout_ms", 10_000, "validate_only", false));
        coordinator(door, 0, world.prefix + "warm");
        coordinator(door, 2, world.prefix + "warm:" + World.UNKNOWN_ID + ":0");
        if (world.transactions) {
            coordinator(door, 1, world.prefix + "warm");
        }
    }

    private void coordinator(Door door, int type, String key) {
        Await.until("a coordinator is there", () -> {
            Struct found = ask(door, ApiKeys.FIND_COORDINATOR, 6, Map.of("key_type", (byte) type, "coordinator_keys", List.of(key)));
            return ((Struct) found.getArray("coordinators")[0]).getShort("error_code") == 0;
        });
    }

    private static Map<String, Object> topic(String name) {
        return Map.of("name", name, "num_partitions", 1, "replication_factor", (short) 1, "assignments", List.of(), "configs", List.of());
    }

    /** @param well both brokers answered and had nothing against the request */
    void after(Call call, boolean well) throws IOException {
        switch (call.api()) {
            case JOIN_GROUP -> settleGeneration(call.body().get("group_id"));
            case CONSUMER_GROUP_HEARTBEAT -> settleAssignment(ApiKeys.CONSUMER_GROUP_DESCRIBE, call.body().get("group_id"));
            case SHARE_GROUP_HEARTBEAT -> {
                settleAssignment(ApiKeys.SHARE_GROUP_DESCRIBE, call.body().get("group_id"));
                if (well) {
                    settleShares(call);
                }
            }
            case STREAMS_GROUP_HEARTBEAT -> settleAssignment(ApiKeys.STREAMS_GROUP_DESCRIBE, call.body().get("group_id"));
            default -> { }
        }
        if (METADATA_CHANGES.contains(call.api())) {
            settleMetadata();
        } else if (TRANSACTION_ENDS.contains(call.api())) {
            for (Door door : List.of(firn, kafka)) {
                settleTransactions(door);
            }
        }
    }

    /** Assignments are computed beside the answers; until the group's has its newest epoch, what the next heartbeat is told is a matter of time. Some epochs wait for a heartbeat: not for ever, then. */
    private void settleAssignment(ApiKeys describe, Object group) throws IOException {
        for (Door door : List.of(firn, kafka)) {
            long deadline = System.nanoTime() + ASSIGNMENT_LIMIT.toNanos();
            while (!assigned(door, describe, group) && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
        }
    }

    /** What a share group subscribes to gets its state in the background of the heartbeat; until then it may be neither written nor assigned. */
    private void settleShares(Call call) throws IOException {
        if (!(call.body().get("subscribed_topic_names") instanceof List<?> names)) {
            return;
        }
        for (Door door : List.of(firn, kafka)) {
            long deadline = System.nanoTime() + (world.sharesChanged ? CHANGED_SHARES_LIMIT : SHARES_LIMIT).toNanos();
            for (Object name : names) {
                World.Topic topic = world.topics.get(name);
                while (topic != null && !initialised(door, call.body().get("group_id"), topic) && System.nanoTime() < deadline) {
                    Thread.onSpinWait();
                }
            }
        }
    }

    private static boolean initialised(Door door, Object group, World.Topic topic) throws IOException {
        List<Object> partitions = IntStream.range(0, topic.partitions).mapToObj(partition -> (Object) Map.of("partition", partition, "leader_epoch", 0)).toList();
        Struct answer = ask(door, ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY, 0, Map.of("group_id", group, "topics", List.of(Map.of("topic_id", topic.id, "partitions", partitions))));
        for (Object result : answer.getArray("results")) {
            for (Object partition : ((Struct) result).getArray("partitions")) {
                if (((Struct) partition).getInt("state_epoch") <= 0) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean assigned(Door door, ApiKeys describe, Object group) throws IOException {
        Answer answer = answer(door, describe, describe.latestVersion(), Map.of("group_ids", List.of(group), "include_authorized_operations", false));
        if (answer.body().isEmpty()) {
            return true;
        }
        Struct described = (Struct) answer.body().get().getArray("groups")[0];
        return described.getShort("error_code") != 0 || described.getInt("group_epoch").equals(described.getInt("assignment_epoch"));
    }

    /** A member that does not synchronize within its rebalance timeout is removed, sooner at one broker than at the other. */
    private void settleGeneration(Object name) throws IOException {
        World.Group group = world.group(name);
        for (World.Member member : group == null ? List.<World.Member>of() : group.members) {
            Map<String, Object> sync = new HashMap<>(Map.of("group_id", name, "generation_id", member.epoch, "member_id", member.id, "assignments", List.of()));
            sync.put("group_instance_id", null);
            for (Door door : member.epoch < 0 ? List.<Door>of() : List.of(firn, kafka)) {
                answer(door, ApiKeys.SYNC_GROUP, SYNC_VERSION, sync);
            }
        }
    }

    private void settleMetadata() throws IOException {
        for (Door door : List.of(firn, kafka)) {
            // Changes are applied one after the other: when the second of these is seen, everything before the first has been applied completely.
            change(door);
            change(door);
        }
        learnTopics();
    }

    private void change(Door door) throws IOException {
        String value = Long.toString(86_400_000L + ++changes);
        Map<String, Object> config = Map.of("name", "file.delete.delay.ms", "config_operation", (byte) 0, "value", value);
        ask(door, ApiKeys.INCREMENTAL_ALTER_CONFIGS, 1, Map.of("resources", List.of(Map.of("resource_type", TOPIC, "resource_name", mark, "configs", List.of(config))), "validate_only", false));
        Await.until("a change is seen", () -> {
            Struct described = ask(door, ApiKeys.DESCRIBE_CONFIGS, CONFIGS_VERSION, Map.of("resources", List.of(Map.of("resource_type", TOPIC, "resource_name", mark,
                    "configuration_keys", List.of("file.delete.delay.ms"))), "include_synonyms", false));
            Object[] configs = ((Struct) described.getArray("results")[0]).getArray("configs");
            return configs.length == 1 && value.equals(((Struct) configs[0]).getString("value"));
        });
    }

    private void learnTopics() throws IOException {
        Map<String, Struct> ours = topics(firn);
        Map<String, Struct> theirs = topics(kafka);
        Map<String, Twin> ids = new LinkedHashMap<>();
        Map<String, Integer> partitions = new HashMap<>();
        ours.forEach((name, topic) -> {
            Struct other = theirs.get(name);
            if (other != null && other.getArray("partitions").length == topic.getArray("partitions").length) {
                twins.same("topic_id", topic.get("topic_id"), other.get("topic_id"));
                ids.put(name, new Twin(topic.get("topic_id"), other.get("topic_id")));
                partitions.put(name, topic.getArray("partitions").length);
            }
        });
        ids.remove(mark);
        world.topicsAre(ids, partitions);
    }

    private Map<String, Struct> topics(Door door) throws IOException {
        Map<String, Object> all = new HashMap<>(Map.of("allow_auto_topic_creation", false, "include_topic_authorized_operations", false));
        all.put("topics", null);
        Map<String, Struct> topics = new TreeMap<>();
        for (Object topic : ask(door, ApiKeys.METADATA, METADATA_VERSION, all).getArray("topics")) {
            topics.put(((Struct) topic).getString("name"), (Struct) topic);
        }
        return topics;
    }

    private void settleTransactions(Door door) throws IOException {
        List<Object> ids = new ArrayList<>();
        world.producers.forEach(producer -> {
            if (producer.transactionalId != null) {
                ids.add(producer.transactionalId);
            }
        });
        Await.until("transactions have ended at " + door, () -> {
            Answer answer = answer(door, ApiKeys.DESCRIBE_TRANSACTIONS, 0, Map.of("transactional_ids", ids));
            if (answer.body().isEmpty()) {
                return true;
            }
            for (Object state : answer.body().get().getArray("transaction_states")) {
                if (((Struct) state).getString("transaction_state").startsWith("Prepare")) {
                    return false;
                }
            }
            return true;
        });
    }

    private static Answer answer(Door door, ApiKeys api, int version, Map<String, Object> body) throws IOException {
        Call call = new Call(api, (short) version, (short) version, body, 0);
        door.send(call);
        return door.receive(call);
    }

    private static Struct ask(Door door, ApiKeys api, int version, Map<String, Object> body) throws IOException {
        return answer(door, api, version, body).body().orElseThrow(() -> new IOException(api + " was not answered"));
    }

}
