package io.firn.it.differential;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.record.internal.MemoryRecords;

/** The written list of what Firn answers differently on purpose, each with its reason. A difference that no entry matches fails the test; so does nothing else. */
final class AcceptedDifferences {

    /**
     * @param api names of APIs
     * @param field the path, with or without the keys of elements
     * @param request what the text of the request contains
     * @param values of Firn and Kafka
     * @param when what the test knows besides
     */
    private record Accepted(Pattern api, Pattern field, Pattern request, BiPredicate<Object, Object> values, BiPredicate<Call, World> when, String reason) {

        boolean matches(Difference difference, World world) {
            return api.matcher(difference.call().api().name).matches() && when.test(difference.call(), world) && (field.matcher(difference.field()).matches() || field.matcher(difference.path()).matches())
                    && values.test(difference.firn(), difference.kafka()) && request.matcher(difference.call().toString()).find();
        }

        Accepted when(String requestContains) {
            return new Accepted(api, field, Pattern.compile(requestContains), values, when, reason);
        }

        Accepted where(BiPredicate<Call, World> holds) {
            return new Accepted(api, field, request, values, holds, reason);
        }
    }

    /** A config of a broker, up to its name. */
    private static final String BROKER_CONFIG = "results\\[4/[^\\]]*\\].configs\\[[^\\]]*";
    private static final String MESSAGES = "(.*\\.)?(error_message|acknowledge_error_message|batch_index_error_message)";

    private static final List<Accepted> ALL = List.of(
            of(".*", MESSAGES, (firn, kafka) -> saysNothing(kafka), "texts for people: Firn may say what is wrong where Kafka gives none or the error's general one; where Kafka is specific Firn has to say the same"),
            of("AlterClientQuotas", MESSAGES, (firn, kafka) -> firn != null && kafka != null, "of several wrong quotas of one client: which of them is named").when("ops=\\[\\{[^\\]]*\\}, \\{"),
            of("(Incremental)?AlterConfigs", "responses\\[4/.*error_message", (firn, kafka) -> String.valueOf(firn).matches("(Cannot update these configs dynamically|Unknown config name).*"),
                    "a config of a broker that Firn does not have, and a value that is wrong"),
            codes("Fetch", "responses.partitions.error_code", "100", "3", "a topic that was deleted while it is in a session: Kafka remembers its name").when("session_epoch=[1-9]"),
            of("Fetch", "responses.partitions.records", (firn, kafka) -> true, "no bytes at all: the first partition that is read gets its first batch, which is another one where Kafka's reader throws").when("[ {]max_bytes=-1"),
            codes("ShareFetch", "responses.partitions.error_code", "0|-1", "0|-1", "share states changed behind the group's back: each broker finds that out when it loads them again").where((call, world) -> world.sharesChanged),
            of("ShareAcknowledge", "responses", (firn, kafka) -> Difference.ABSENT.equals(kafka), "nothing acknowledged of a topic: Firn names it, Kafka leaves it out").when("acknowledgement_batches=\\[\\]"),
            of("DescribeShareGroupOffsets", "", (firn, kafka) -> silent(firn, kafka), "a partition that does not exist: Kafka's handler waits for the end of its log and does not answer")
                    .where(AcceptedDifferences::beyondPartitions),
            of("AlterConfigs", "", (firn, kafka) -> silent(firn, kafka), "two resources of kinds that have no configs: Kafka's handler takes both for one, dies and does not answer")
                    .when("resource_type=(0|3|99).*resource_type=(0|3|99)"),
            of("UpdateFeatures", "error_message", (firn, kafka) -> bothStartWith("The update failed for all features", firn, kafka), "of several wrong features: which of them is named").when("feature_updates=\\[\\{[^\\]]*\\}, \\{"),
            of("UpdateFeatures", MESSAGES, (firn, kafka) -> String.valueOf(firn).replaceAll(" versions \\d+-", " versions ").equals(String.valueOf(kafka).replaceAll(" versions \\d+-", " versions ")),
                    "a feature has one level here, so its lowest is that"),
            of("Produce|ListOffsets|DeleteRecords|DescribeShareGroupOffsets|WriteTxnMarkers", "responses|(groups.)?topics|markers(.topics)?", (firn, kafka) -> Difference.ABSENT.equals(kafka) && withoutPartitions(firn),
                    "a topic asked about without any partition: Kafka leaves it out of the answer, Firn names it with none"),
            of("TxnOffsetCommit", "topics", (firn, kafka) -> Difference.ABSENT.equals(firn) && withoutPartitions(kafka), "the same the other way round, where Kafka names it"),
            of("CreateTopics|DescribeConfigs", ".*config_source|.*synonyms.*", (firn, kafka) -> Byte.valueOf((byte) 3).equals(kafka),
                    "Kafka's ELR feature keeps min.insync.replicas as a dynamic default of all brokers; Firn has it built in"),
            of("Fetch", "responses.partitions.aborted_transactions", (firn, kafka) -> none(firn) && none(kafka), "no aborted transactions: Kafka says null or an empty list, depending on where it noticed an error"),
            of("Fetch", "responses.partitions.(high_watermark|last_stable_offset|log_start_offset)", (firn, kafka) -> Long.valueOf(-1).equals(kafka),
                    "an offset out of range: Firn tells all the same where the log begins and ends"),
            of("ListOffsets", "topics.partitions.timestamp", (firn, kafka) -> ofOwnClock(firn) && ofOwnClock(kafka), "the time of appending, where a topic keeps that"),
            of("ShareFetch", "responses(.partitions)?", (firn, kafka) -> Difference.ABSENT.equals(kafka) && nothingAcquired(firn) || Difference.ABSENT.equals(firn) && nothingAcquired(kafka),
                    "a share partition of which nothing was acquired: it may be named or left out"),
            of("ShareFetch", "responses(.partitions)?", (firn, kafka) -> Difference.ABSENT.equals(firn) || Difference.ABSENT.equals(kafka),
                    "the first fetch of a session comes before the share partition has been loaded, which each broker does in its own time").when("share_session_epoch=0"),
            of("ShareFetch", "responses.partitions.(records|acquired_records)", (firn, kafka) -> empty(firn) || empty(kafka), "records come once the share partition has been loaded, which each broker does in its own time"),
            codes("ShareFetch", "error_code", "0", "-1", "a topic in the request or its session that is not there: Kafka's handler throws, Firn calls it unknown"),
            of("ReadShareGroupState.*", "results.partitions.start_offset", (firn, kafka) -> Long.valueOf(-1).equals(firn) || Long.valueOf(-1).equals(kafka), "written once the share partition has been loaded"),
            of("DescribeShareGroupOffsets", "groups.topics.partitions.(start_offset|lag)", (firn, kafka) -> Number.class.cast(kafka).longValue() == -1,
                    "Firn writes where a share partition begins when the group first reads it, so that a restart does not move it; Kafka with the first acknowledgement"),
            of("ShareGroup(Heartbeat|Describe)", "(groups.members.)?assignment.*", (firn, kafka) -> true, "several members: partitions are shared out by hash codes of their ids, which are each broker's own")
                    .where(AcceptedDifferences::severalMembers),
            of("ListOffsets", "topics.partitions.(timestamp|offset|leader_epoch)", (firn, kafka) -> Number.class.cast(kafka).longValue() == -1,
                    "a time that only deleted records of a segment reach: Kafka looks no further and finds none, Firn finds the first one behind it that can be read").when("timestamp=\\d").where(AcceptedDifferences::cut),
            of("ShareFetch", "responses(.partitions)?|node_endpoints", (firn, kafka) -> Difference.ABSENT.equals(kafka) && (unloadable(firn) || isNode(firn)),
                    "share states deleted, or written with a later epoch, behind the group's back: the share partition cannot be loaded, which Firn finds out in time to say it").where((call, world) -> world.sharesChanged),
            of("ListGroups", "groups", (firn, kafka) -> neverJoined(firn) && Difference.ABSENT.equals(kafka) || neverJoined(kafka) && Difference.ABSENT.equals(firn),
                    "a group that nobody has joined yet shows when its partition is written next"),
            of("Produce", "responses.partition_responses.record_errors.batch_index_error_message", (firn, kafka) -> withoutNumbers(firn).equals(withoutNumbers(kafka)), "the bounds of timestamps, by each broker's clock"),
            of("Produce", "responses.partition_responses.(record_errors|error_message)",
                    (firn, kafka) -> Difference.ABSENT.equals(firn) && String.valueOf(kafka).contains("is out of range. The timestamp should be within") || bothStartWith("One or more records have been rejected due to invalid timestamp", firn, kafka),
                    "timestamps in a compressed batch: Firn judges by its header and cannot name the records").when("compression=(gzip|snappy|lz4|zstd)"),
            of("DescribeLogDirs", "results.topics.partitions.partition_size", (firn, kafka) -> true, "segments below the log's start: Firn deletes them at once, Kafka within five minutes").where(AcceptedDifferences::cut),
            of("DescribeLogDirs", "results\\[[^\\]]*\\].topics\\[__.*", (firn, kafka) -> true, "what internal topics hold is each broker's own"),
            codes("DescribeShareGroupOffsets", "groups.error_code", "0", "-1", "a topic asked about without any partition, or with one that cannot be: Kafka's coordinator throws").when("partitions=\\[\\]|-\\d|99|(topic_name|group_id)=[,}]"),
            codes("AlterShareGroupOffsets", "error_code", "0", "-1", "a partition that cannot be: Kafka's coordinator throws").when("-\\d"),
            codes("ShareFetch", "error_code", "42", "122", "an acquire mode that does not exist and a session that does not: which of the two is looked at first"),
            of("ApiVersions", "finalized_features_epoch", (firn, kafka) -> true, "the version of the metadata, which each counts for itself"),
            of("DescribeConfigs", "results\\[2/.*configs\\[(retention.ms|segment.ms|segment.jitter.ms|flush.ms)#0\\].synonyms.*", (firn, kafka) -> true, "one default with two names: Kafka shows the name in hours"),
            of("DescribeConfigs", "results\\[8/[^\\]]*\\].configs\\[(?!root#).*", (firn, kafka) -> Difference.ABSENT.equals(firn) || Difference.ABSENT.equals(kafka), "loggers but the root: each broker has its own"),
            of("Produce", "responses.partition_responses.log_start_offset", (firn, kafka) -> Long.valueOf(-1).equals(kafka), "beside an error Firn tells all the same where the log begins"),
            of("DescribeConfigs", "results.configs.synonyms", (firn, kafka) -> Difference.ABSENT.equals(firn) || Difference.ABSENT.equals(kafka),
                    "defaults under names of broker settings: Kafka has several for some and none for others"),
            codes("Metadata", "topics.error_code", "0", "3|5", "a topic created on asking: Firn waits until it is served, Kafka answers before"),
            codes("IncrementalAlterConfigs", "responses.error_code", "42", "-1", "an operation that does not exist: Kafka's handler throws, Firn calls the request invalid").when("config_operation=(4|-1)"),
            codes("IncrementalAlterConfigs", "responses.error_code", "17|42", "40", "a name that cannot be and a config that is no list: which of the two is looked at first").when("config_operation=[23]"),
            codes("DescribeConfigs", "results.error_code", "0|3|17", "42", "a resource of a kind that has no configs: Kafka then refuses those beside it too").when("resource_type=(0|3|99)"),
            of("ApiVersions", "api_keys\\[8[01]#0\\]", (firn, kafka) -> Difference.ABSENT.equals(firn), "voters of a KRaft quorum: here the metadata are not kept by KRaft"),
            of("ApiVersions", "supported_features\\[(group|share|streams|transaction|metadata).version#0\\].min_version", (firn, kafka) -> true, "a feature has one level here, so its lowest is that"),
            of("ApiVersions", "supported_features\\[(group|share|streams|transaction).version#0\\]", (firn, kafka) -> Difference.ABSENT.equals(kafka),
                    "up to version 3 Kafka leaves out features whose lowest level is 0, which old clients cannot read; here it is not 0"),
            of("ApiVersions", "(supported|finalized)_features\\[(kraft|eligible.leader.replicas).version#0\\]", (firn, kafka) -> Difference.ABSENT.equals(firn), "features of KRaft: there is none here"),
            of("ApiVersions", "api_keys\\[7[12]#0\\]", (firn, kafka) -> Difference.ABSENT.equals(kafka), "client telemetry: Kafka serves it only with a plugin that takes it"),
            codes("DescribeTopicPartitions", "topics.error_code", "3|17", "-1", "a topic without a name among those asked for: Kafka's handler throws, Firn calls that name invalid"),
            codes("Produce", "responses.partition_responses.error_code", "17", "42|48|53|76|87|90", "an internal topic and a batch or a transactional id at fault: which of the two is looked at first"),
            of("CreateTopics", "topics.topic_id", (firn, kafka) -> Uuid.ZERO_UUID.equals(firn), "the id of a topic that was only checked and never is").when("validate_only=true"),
            codes("TxnOffsetCommit", "topics.partitions.error_code", "49", "42", "an empty transactional id and a wrong producer: which of the two is looked at first").when("transactional_id=,"),
            codes("Produce", "responses.partition_responses.error_code", "49", "42", "an empty transactional id and a wrong producer: which of the two is looked at first").when("transactional_id=,"),
            codes("Produce", "responses.partition_responses.error_code", "21", "3|47|48|76|100|120", "acks that do not exist and a topic that does not, a codec too new or a transaction that is not open: which of the two is looked at first").when("acks=(2|-2)"),
            codes("Produce", "responses.partition_responses.error_code", "2", "87", "a batch longer than its field: Firn calls it corrupt, Kafka sees no batch in it").when("flaw=(LENGTH|CUT)"),
            codes("Produce", "responses.partition_responses.error_code", "43", "87", "a batch of an older format: Firn says that it is the format").when("flaw=MAGIC"),
            of("DescribeConfigs", BROKER_CONFIG + "\\]", (firn, kafka) -> Difference.ABSENT.equals(firn), "a broker's configs: Firn has those that are defaults of topic configs and a few others, and none of Kafka's others"),
            of("DescribeConfigs", BROKER_CONFIG + "\\].(config_source|synonyms.*)", (firn, kafka) -> true, "whether a broker's config was given at the start or is built in: what each was started with"),
            of("DescribeConfigs", BROKER_CONFIG + "\\].read_only", (firn, kafka) -> Boolean.TRUE.equals(firn), "a config that only Kafka changes while it runs"),
            of("DescribeConfigs", "results\\[4/[^\\]]*\\].configs\\[(advertised.listeners|listeners|log.dirs|max.connections|group.coordinator.(background.)?threads|offsets.topic.replication.factor|remote.log.storage.system.enable)#0\\].value",
                    (firn, kafka) -> true, "what each broker was started with"),
            codes("Produce", "responses.partition_responses.error_code", "47|48", "87", "a producer that was fenced or has no transaction open, and a record that is wrong: which of the two is looked at first"),
            codes("(Incremental)?AlterConfigs", "responses\\[4/.*error_code", "42", "0", "a config of a broker that Firn does not have: Kafka takes any name, Firn refuses what would have no effect"),
            codes("Fetch", "responses.partitions.error_code", "0", "-1", "a negative number of bytes: Kafka's reader throws, Firn takes it for 0").when("max_bytes=-1"));

    private static boolean withoutPartitions(Object named) {
        return named instanceof Struct topic && Stream.of("partitions", "partition_responses", "topics").anyMatch(name -> topic.hasField(name) && topic.get(name) instanceof Object[] partitions && partitions.length == 0);
    }

    private AcceptedDifferences() {}

    /** Those that are left. Where an error code differs as accepted, the fields beside it may too: they tell what only one of the two did. */
    static List<Difference> open(List<Difference> differences, World world) {
        List<String> beside = differences.stream().filter(each -> each.path().endsWith("error_code") && accepted(each, world)).map(each -> parent(each.path())).toList();
        return differences.stream().filter(each -> !accepted(each, world) && beside.stream().noneMatch(parent -> each.path().startsWith(parent))).toList();
    }

    private static String parent(String path) {
        return path.substring(0, path.length() - "error_code".length());
    }

    private static boolean accepted(Difference difference, World world) {
        return ALL.stream().anyMatch(accepted -> accepted.matches(difference, world));
    }

    /** Null, empty, or the text of an error code, which clients have themselves. */
    private static boolean saysNothing(Object message) {
        return message == null || message.equals("") || Arrays.stream(Errors.values()).anyMatch(error -> message.equals(error.message()));
    }

    /** Whether a group that is asked about has more than one member, the one that speaks included. */
    private static boolean severalMembers(Call call, World world) {
        Object speaks = call.body().get("member_id");
        return world.groups.stream().filter(group -> call.toString().contains(group.name))
                .anyMatch(group -> group.members.size() > 1 || speaks != null && group.members.stream().anyMatch(member -> !member.id.equals(speaks)));
    }

    /** Whether records were deleted of a topic that is asked about. */
    private static boolean cut(Call call, World world) {
        return world.cut.stream().anyMatch(topic -> call.toString().contains(topic)) || call.toString().contains("topics=null") && !world.cut.isEmpty();
    }

    /** Produced records are dated a long time back. */
    private static boolean ofOwnClock(Object timestamp) {
        return timestamp instanceof Long time && time > Choices.FIRST_TIMESTAMP + TimeUnit.DAYS.toMillis(1);
    }

    private static boolean nothingAcquired(Object topicOrPartition) {
        return topicOrPartition instanceof Struct struct && (struct.hasField("partitions") ? Arrays.stream(struct.getArray("partitions")).map(Struct.class::cast) : Stream.of(struct))
                .allMatch(partition -> partition.getShort("error_code") == 0 && partition.getArray("acquired_records").length == 0);
    }

    private static boolean unloadable(Object topicOrPartition) {
        return topicOrPartition instanceof Struct struct && !isNode(struct) && (struct.hasField("partitions") ? Arrays.stream(struct.getArray("partitions")).map(Struct.class::cast) : Stream.of(struct))
                .allMatch(partition -> List.of(Errors.NOT_LEADER_OR_FOLLOWER.code(), Errors.UNKNOWN_SERVER_ERROR.code()).contains(partition.getShort("error_code")));
    }

    private static boolean isNode(Object value) {
        return value instanceof Struct struct && struct.hasField("node_id");
    }

    private static boolean neverJoined(Object group) {
        return group instanceof Struct struct && "".equals(struct.getString("protocol_type"));
    }

    private static boolean silent(Object firn, Object kafka) {
        return firn instanceof Answer ours && ours.body().isPresent() && String.valueOf(kafka).equals("silent");
    }

    /** Whether a partition is asked about that its topic does not have, or may not have. */
    @SuppressWarnings("unchecked")
    private static boolean beyondPartitions(Call call, World world) {
        return ((List<Map<String, Object>>) call.body().get("groups")).stream().filter(group -> group.get("topics") != null)
                .flatMap(group -> ((List<Map<String, Object>>) group.get("topics")).stream())
                .anyMatch(topic -> ((List<Integer>) topic.get("partitions")).stream().anyMatch(partition -> partition < 0 || partition >= world.partitionsOf(topic.get("topic_name"))));
    }

    private static boolean bothStartWith(String beginning, Object firn, Object kafka) {
        return firn instanceof String ours && kafka instanceof String theirs && ours.startsWith(beginning) && theirs.startsWith(beginning);
    }

    private static String withoutNumbers(Object text) {
        return String.valueOf(text).replaceAll("-?\\d+", "#");
    }

    private static boolean empty(Object value) {
        return value instanceof MemoryRecords records && records.sizeInBytes() == 0 || value instanceof Object[] array && array.length == 0 || Difference.ABSENT.equals(value);
    }

    private static boolean none(Object transactions) {
        return transactions == null || transactions instanceof Object[] all && all.length == 0;
    }

    /** Error codes that differ, each given as a pattern. */
    private static Accepted codes(String api, String field, String firnCode, String kafkaCode, String reason) {
        return of(api, field, (firn, kafka) -> String.valueOf(firn).matches(firnCode) && String.valueOf(kafka).matches(kafkaCode), reason);
    }

    private static Accepted of(String api, String field, BiPredicate<Object, Object> values, String reason) {
        return new Accepted(Pattern.compile(api), Pattern.compile(field), Pattern.compile(""), values, (call, world) -> true, reason);
    }
}
