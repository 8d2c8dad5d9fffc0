package io.firn.it.differential;

import io.firn.it.differential.World.Group;
import io.firn.it.differential.World.Kind;
import io.firn.it.differential.World.Member;
import io.firn.it.differential.World.Producer;
import io.firn.it.differential.World.Session;
import io.firn.it.differential.World.Topic;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.CompressionType;

/**
 * Values for the fields of one request, by the field's name. Mostly what fits together: one topic, group, member and producer are in focus, and fields speak of them; now and then something else, or nonsense.
 * For one thread.
 */
final class Choices {

    private static final double ODD = 0.06;
    private static final List<Long> TIMES = List.of(-1L, -2L, -3L, -4L, -5L, 0L, 1_700_000_000_000L, 1_700_000_000_500L, -6L, -100L, Long.MAX_VALUE);
    static final long FIRST_TIMESTAMP = 1_700_000_000_000L;

    private final Random random;
    private final World world;
    private final ApiKeys api;
    private final short version;
    private Topic topic;
    private Group group;
    private Member member;
    private Producer producer;
    private int partition;
    private Session session;
    private final AdminChoices admin;

    Choices(Random random, World world, ApiKeys api, short version) {
        this.random = random;
        this.world = world;
        this.api = api;
        this.version = version;
        this.admin = new AdminChoices(random, world, api);
        this.topic = anyTopic();
        this.group = suitableGroup();
        this.member = group.members.isEmpty() ? null : any(group.members);
        this.producer = suitableProducer();
        this.session = world.sessions.isEmpty() || random.nextInt(3) > 0 ? null : any(world.sessions);
    }

    private Topic anyTopic() {
        return world.topics.isEmpty() ? null : any(new ArrayList<>(world.topics.values()));
    }

    private Group suitableGroup() {
        Kind kind = switch (api) {
            case JOIN_GROUP, SYNC_GROUP, HEARTBEAT, LEAVE_GROUP -> Kind.CLASSIC;
            case CONSUMER_GROUP_HEARTBEAT, CONSUMER_GROUP_DESCRIBE -> Kind.CONSUMER;
            case SHARE_GROUP_HEARTBEAT, SHARE_GROUP_DESCRIBE, SHARE_FETCH, SHARE_ACKNOWLEDGE, DESCRIBE_SHARE_GROUP_OFFSETS, ALTER_SHARE_GROUP_OFFSETS, DELETE_SHARE_GROUP_OFFSETS -> Kind.SHARE;
            case STREAMS_GROUP_HEARTBEAT, STREAMS_GROUP_DESCRIBE -> Kind.STREAMS;
            default -> any(List.of(Kind.CLASSIC, Kind.CLASSIC, Kind.CONSUMER, Kind.SHARE, Kind.STREAMS));
        };
        return odd() ? any(world.groups) : any(world.groups.stream().filter(each -> each.kind == kind).toList());
    }

    private Producer suitableProducer() {
        boolean transactional = switch (api) {
            case ADD_PARTITIONS_TO_TXN, ADD_OFFSETS_TO_TXN, END_TXN, TXN_OFFSET_COMMIT, DESCRIBE_TRANSACTIONS -> !odd();
            default -> random.nextBoolean();
        };
        List<Producer> suitable = world.producers.stream().filter(each -> (each.transactionalId != null) == transactional).toList();
        return any(suitable.isEmpty() ? world.producers : suitable);
    }

    /** Called before each element of an array: lists of topics speak of several. */
    void refocus(String path) {
        if (path.matches(".*[:.](topics|topic_data|forgotten_topics_data|topic_partitions|resources)")) {
            topic = anyTopic();
        }
        partition = topic == null ? 0 : random.nextInt(topic.partitions);
    }

    boolean usuallyEmpty(String path) {
        return path.matches(".*(assignments|forgotten_topics_data|states_filter|types_filter|state_filters|producer_id_filters|broker_ids|source_topic_regex|acknowledgement_batches)")
                && !path.startsWith("SyncGroup") && !path.contains("assignments.broker_ids");
    }

    /** Where Kafka says what naming something twice means; elsewhere it takes any one of the two, and what follows would compare different states. */
    private static final Set<ApiKeys> TWICE_IS_DEFINED = EnumSet.of(ApiKeys.CREATE_TOPICS, ApiKeys.DELETE_TOPICS, ApiKeys.CREATE_PARTITIONS, ApiKeys.INCREMENTAL_ALTER_CONFIGS,
            ApiKeys.DESCRIBE_GROUPS, ApiKeys.CONSUMER_GROUP_DESCRIBE, ApiKeys.DELETE_GROUPS);

    boolean onceEach() {
        return !TWICE_IS_DEFINED.contains(api);
    }

    /** Kafka does not answer AddPartitionsToTxn without a transaction at all. */
    boolean neverEmpty(String path) {
        return path.equals("AddPartitionsToTxn:transactions");
    }

    double nullShare(String path) {
        return path.endsWith("topic_partitions") || path.endsWith(".assignments") ? 0.8 : path.endsWith("cursor") ? 0.8 : 0.15;
    }

    private boolean odd() {
        return random.nextDouble() < ODD;
    }

    private <T> T any(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    @SafeVarargs
    private <T> T any(T... values) {
        return values[random.nextInt(values.length)];
    }

    /** A value for a field that is neither a structure nor an array. */
    Object leaf(String path, Type type) {
        String name = path.substring(Math.max(path.lastIndexOf('.'), path.lastIndexOf(':')) + 1);
        Object value = admin.named(name).map(choice -> Optional.ofNullable(choice.value())).orElseGet(() -> Optional.ofNullable(named(path, name, type))).orElse(null);
        return value == NONE ? anything(type) : fit(value, type);
    }

    private static final Object NONE = new Object();

    private static Object fit(Object value, Type type) {
        if (value instanceof Integer number) {
            return switch (type.toString()) {
                case "INT8" -> number.byteValue();
                case "INT16" -> number.shortValue();
                case "INT64" -> number.longValue();
                default -> number;
            };
        }
        return value == null && !type.isNullable() ? "" : value;
    }

    private Object named(String path, String name, Type type) {
        return switch (name) {
            case "topic_id" -> topicId();
            case "name" -> path.endsWith("configs.name") ? configName() : path.contains("protocols.") ? any("range", "roundrobin", "range") : api == ApiKeys.CREATE_TOPICS ? newTopic() : topicName();
            case "topic", "topic_name", "subscribed_topic_names", "source_topics" -> type.toString().equals("INT16") ? (Object) 0 : topicName();
            case "partition_index", "partition", "partitions", "partition_indexes", "index" -> path.contains("_topics.partitions") && api == ApiKeys.STREAMS_GROUP_HEARTBEAT ? (Object) 1 : partition();
            case "group_id", "groups", "group_ids", "groups_names", "coordinator_keys", "key" -> odd() ? any("", "unheard", world.prefix + "nobody") : group.name;
            case "member_id" -> memberId(path);
            case "generation_id", "generation_id_or_member_epoch", "member_epoch" -> epoch();
            case "group_instance_id", "instance_id" -> random.nextInt(15) == 0 ? world.prefix + "static" : null;
            case "transactional_id", "transactional_ids" -> transactionalId();
            case "producer_id" -> odd() || api == ApiKeys.WRITE_TXN_MARKERS && producer.epoch < 0 ? (api == ApiKeys.WRITE_TXN_MARKERS ? (Object) 77_777L : any(-1L, 77_777L, -5L)) : api == ApiKeys.INIT_PRODUCER_ID && random.nextBoolean() ? (Object) (-1L) : producer.id;
            case "producer_epoch" -> api == ApiKeys.WRITE_TXN_MARKERS ? Math.max(0, producer.epoch) : odd() ? any(-1, 0, 5, 32_766) : api == ApiKeys.INIT_PRODUCER_ID && random.nextBoolean() ? -1 : (int) producer.epoch;
            case "records" -> batch(); // never null: Kafka's handler dies of it after half of the work, and does not answer
            case "acks" -> random.nextInt(30) == 0 ? any(0, 2, -2) : any(-1, 1);
            case "committed_offset", "fetch_offset", "offset", "start_offset", "log_start_offset" -> name.startsWith("log_") ? (Object) (-1) : offset();
            case "last_fetched_epoch" -> random.nextInt(4) > 0 || end() == 0 ? -1 : any(0, 100); // Firn takes any epoch for an empty log, Kafka none
            case "current_leader_epoch", "committed_leader_epoch" -> random.nextInt(4) > 0 ? -1 : any(0, 0, 1, 100, -2);
            case "leader_epoch" -> any(0, 0, 1, 100, -1);
            case "timeout_ms" -> odd() ? 60_000 : 10_000;
            case "max_wait_ms" -> any(0, 1, 10);
            case "min_bytes" -> any(0, 1, 1, 100);
            case "max_bytes" -> odd() ? any(0, -1, 1, Integer.MAX_VALUE) : any(1 << 20, 500, 50 << 20);
            case "partition_max_bytes" -> odd() ? any(0, -1, 1) : any(1 << 20, 300, Integer.MAX_VALUE);
            case "session_id" -> session == null ? (Object) (odd() ? 999 : 0) : session.id;
            case "session_epoch" -> session == null ? any(-1, -1, -1, 0) : odd() ? any(0, -1, 99) : (Object) session.epoch;
            case "isolation_level" -> any(0, 1);
            case "timestamp" -> any(TIMES);
            case "replica_id" -> -1; // others are the brokers' own business
            case "key_type" -> world.transactions ? any(0, 0, 0, 1, 2, 3, -1) : any(0, 0, 3, -1);
            case "protocol_type" -> odd() ? any("", "connect") : "consumer";
            case "protocol_name" -> odd() ? "other" : "range";
            case "metadata" -> odd() ? bytes() : ConsumerProtocol.serializeSubscription(new Subscription(topic == null ? List.of() : List.of(topic.name)));
            case "session_timeout_ms" -> odd() ? any(0, -1, 1, Integer.MAX_VALUE) : (Object) 300_000;
            case "rebalance_timeout_ms" -> odd() && api != ApiKeys.JOIN_GROUP ? any(0, -2) : api == ApiKeys.JOIN_GROUP ? (Object) 400 : 300_000;
            case "transaction_timeout_ms" -> odd() ? any(0, -1, Integer.MAX_VALUE) : (Object) 600_000;
            case "num_partitions" -> odd() ? any(0, -1, -2, 200_000) : any(1, 1, 2, 3);
            case "replication_factor" -> odd() ? any(0, 2, -2) : any(1, -1);
            case "count" -> topic == null ? 2 : topic.partitions + any(0, 1, 1, -1);
            case "broker_ids", "replicas" -> odd() ? any(0, -1, 7) : 1;
            case "resource_type", "resource_types" -> random.nextInt(3) > 0 ? 2 : any(4, 8, 16, 32, 0, 3, 99);
            case "resource_name" -> odd() ? any("", "1", "nosuch") : topicName();
            case "config_operation" -> random.nextInt(3) > 0 ? 0 : any(1, 2, 3, 4, -1);
            case "configuration_keys" -> configName();
            case "value" -> configValue();
            case "include_documentation", "validate_only" -> random.nextInt(5) == 0;
            case "enable2_pc", "keep_prepared_txn", "verify_only" -> odd();
            case "rack_id" -> type.isNullable() ? null : "";
            case "subscribed_topic_regex" -> odd() ? "[" : null;
            case "server_assignor" -> odd() ? "nosuch" : any(null, "uniform", "range");
            case "client_software_name", "client_software_version" -> odd() ? any("", "a b", "-x") : "duel";
            case "states_filter", "state_filters" -> any("Stable", "Empty", "Ongoing", "nonsense");
            case "types_filter" -> any("consumer", "classic", "share", "nonsense");
            case "producer_id_filters" -> producer.id;
            case "duration_filter" -> any(-1, -1, 0, 3_600_000);
            case "transactional_id_pattern" -> odd() ? any("[", ".*") : null;
            case "response_partition_limit" -> any(2000, 1, 2, 0, -1);
            case "endpoint_type" -> any(1, 1, 1, 2, 0, 3);
            case "committed_metadata", "reason" -> random.nextInt(30) == 0 ? "m".repeat(5000) : any(null, "", "note");
            case "assignment" -> bytes();
            case "election_type" -> any(0, 1, 2);
            case "share_session_epoch" -> any(0, 0, 1, 2, -1);
            case "max_records", "batch_size" -> odd() ? 0 : any(500, 1);
            case "share_acquire_mode" -> odd() ? 3 : any(0, 1);
            case "coordinator_epoch" -> any(0, -1, producer.transactionalId == null ? 5 : 0); // a later epoch fences the coordinator itself: the transaction then stays prepared, at both
            case "transaction_version" -> any(0, 1, 2);
            case "acknowledge_types" -> any(1, 2, 3, 0, 9);
            case "first_offset" -> any(0, 1);
            case "last_offset" -> any(0, 1, 2);
            case "path" -> "nowhere";
            case "subtopology_id" -> any("0", "1");
            case "process_id" -> odd() ? "" : "process";
            case "state_epoch" -> any(0, -1, 1);
            case "endpoint_information_epoch", "epoch" -> any(0, 0, -1);
            default -> NONE;
        };
    }

    private Object topicId() {
        if (odd() && !world.goneTopicIds.isEmpty()) {
            return any(world.goneTopicIds);
        }
        return odd() || topic == null ? any(World.UNKNOWN_ID, Uuid.ZERO_UUID) : topic.id;
    }

    private String topicName() {
        return odd() || topic == null ? any(world.prefix + "unknown", "", "no/such", internalTopic(), ".") : topic.name;
    }

    /** What internal topics hold is each broker's own; only changes to them are asked for. */
    private String internalTopic() {
        return switch (api) {
            case PRODUCE -> producer.transactionalId == null ? "__consumer_offsets" : ".."; // Kafka adds it to the transaction before it refuses
            case DELETE_RECORDS -> "__consumer_offsets";
            default -> "..";
        };
    }

    private String newTopic() {
        return odd() ? any("", "..", "sp ace", "x".repeat(250), "__consumer_offsets") : any(world.topicNames());
    }

    private int partition() {
        return odd() ? any(-1, 99, 3, Integer.MIN_VALUE) : partition;
    }

    private Object memberId(String path) {
        if (odd()) {
            return "stranger";
        }
        boolean joining = api == ApiKeys.JOIN_GROUP || api == ApiKeys.CONSUMER_GROUP_HEARTBEAT || api == ApiKeys.SHARE_GROUP_HEARTBEAT || api == ApiKeys.STREAMS_GROUP_HEARTBEAT;
        if (member == null || joining && group.members.size() < 2 && random.nextInt(3) == 0) {
            member = null;
            return api == ApiKeys.JOIN_GROUP || api == ApiKeys.CONSUMER_GROUP_HEARTBEAT && version == 0 || !joining ? "" : new Uuid(random.nextLong(), random.nextLong()).toString();
        }
        return member.id;
    }

    private int epoch() {
        boolean committing = member == null || group.kind == Kind.CLASSIC && random.nextInt(6) == 0;
        return odd() ? any(-1, -2, 0, 50) : committing ? (api == ApiKeys.OFFSET_COMMIT || api == ApiKeys.TXN_OFFSET_COMMIT || api == ApiKeys.OFFSET_FETCH ? -1 : 0) : random.nextInt(12) == 0 ? -1 : member.epoch;
    }

    private Object transactionalId() {
        if (world.producers.stream().allMatch(each -> each.transactionalId == null)) {
            return null;
        }
        if (odd()) {
            return any("", world.prefix + "nobody", null);
        }
        return producer.transactionalId == null && api != ApiKeys.PRODUCE && api != ApiKeys.INIT_PRODUCER_ID ? world.prefix + "tx0" : producer.transactionalId;
    }

    private long end() {
        return topic == null ? 0 : topic.ends.getOrDefault(partition, 0L);
    }

    private long offset() {
        long end = end();
        return odd() ? any(-1L, -2L, Long.MAX_VALUE, end + 1_000) : (long) (random.nextDouble() * (end + 1));
    }

    private ByteBuffer bytes() {
        byte[] bytes = new byte[random.nextInt(12)];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private Batch batch() {
        boolean known = producer.epoch >= 0 && random.nextInt(3) > 0;
        int next = topic == null ? 0 : producer.sequences.getOrDefault(topic.name + "-" + partition, 0);
        int sequence = odd() ? any(next + 5, 0, Integer.MAX_VALUE, Math.max(0, next - 1)) : next;
        Batch.Flaw flaw = random.nextInt(30) == 0 ? any(Batch.Flaw.values()) : Batch.Flaw.NONE;
        return new Batch(1 + random.nextInt(4), random.nextInt(60), random.nextInt(4) > 0, any(CompressionType.values()), FIRST_TIMESTAMP + random.nextInt(1_000), known ? producer.id : (Object) (-1L),
                known ? producer.epoch : -1, known ? sequence : -1, known && producer.transactionalId != null && !odd(), flaw);
    }

    private String configName() {
        return odd() ? any("no.such", "", "group.id") : any(ConfigValues.NAMES);
    }

    private String configValue() {
        return any(ConfigValues.VALUES);
    }

    private Object anything(Type type) {
        return switch (type.toString()) {
            case "BOOLEAN" -> random.nextBoolean();
            case "INT8" -> any((byte) 0, (byte) 1, (byte) -1);
            case "INT16" -> any((short) 0, (short) 1, (short) -1);
            case "UINT16" -> 0;
            case "INT32" -> any(0, 1, -1, Integer.MAX_VALUE);
            case "INT64" -> any(0L, 1L, -1L);
            case "FLOAT64" -> 1.0;
            case "UUID" -> World.UNKNOWN_ID;
            case "BYTES", "COMPACT_BYTES", "NULLABLE_BYTES", "COMPACT_NULLABLE_BYTES" -> bytes();
            default -> odd() && type.isNullable() ? null : any("", "x", world.prefix + "y");
        };
    }

    /** What fields owe each other and could not know while they were drawn one by one. */
    @SuppressWarnings("unchecked")
    void agree(Map<String, Object> body) {
        admin.agree(body);
        if ((api == ApiKeys.METADATA && version >= 10 || api == ApiKeys.DELETE_TOPICS && version >= 6) && body.get("topics") != null) {
            for (Object each : (List<Object>) body.get("topics")) {
                Map<String, Object> one = (Map<String, Object>) each;
                boolean byId = random.nextInt(3) == 0 && (api == ApiKeys.DELETE_TOPICS || version >= 12);
                one.put(byId ? "name" : "topic_id", byId ? null : Uuid.ZERO_UUID);
            }
        }
        if (api == ApiKeys.JOIN_GROUP && version == 0) {
            // The session timeout is the rebalance timeout as well: nobody else shall wait for it.
            body.put("group_id", world.prefix + "alone" + random.nextInt(1_000_000));
            body.put("member_id", "");
        }
        if (api == ApiKeys.DESCRIBE_CONFIGS || api == ApiKeys.ALTER_CONFIGS || api == ApiKeys.INCREMENTAL_ALTER_CONFIGS) {
            ((List<Object>) body.get("resources")).forEach(each -> nameResource((Map<String, Object>) each));
        }
    }

    /** Both have a root logger, and no other by the same name. No level that would fill the log files. */
    @SuppressWarnings("unchecked")
    private void nameLoggers(Map<String, Object> resource) {
        if (resource.get("configs") != null) {
            for (Object each : (List<Object>) resource.get("configs")) {
                Map<String, Object> config = (Map<String, Object>) each;
                config.put("name", loggerName());
                config.put("value", any("WARN", "WARN", "warn", "ERROR", "nonsense", "", null));
            }
        }
        if (resource.get("configuration_keys") != null) {
            ((List<Object>) resource.get("configuration_keys")).replaceAll(any -> loggerName());
        }
    }

    private String loggerName() {
        return random.nextInt(4) == 0 ? any("", "no.such.logger") : "root";
    }

    private void nameResource(Map<String, Object> resource) {
        int type = (Byte) resource.get("resource_type");
        if (type == 4 || type == 8) {
            resource.put("resource_name", random.nextInt(4) == 0 ? any("", "7", "x") : "1");
            if (type == 8) {
                nameLoggers(resource);
            }
        } else if (type == 32) {
            resource.put("resource_name", group.name);
        }
    }
}
