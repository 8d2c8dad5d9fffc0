package io.firn.gateway.handler;

import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ApiVersionsHandler;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.config.StaticBrokerConfigs;
import io.firn.gateway.config.TopicConfigEntries;
import io.firn.gateway.config.TopicConfigRules;
import io.firn.gateway.partition.Standing;
import io.firn.gateway.quota.ThrottleQuota;
import io.firn.gateway.telemetry.ClientTelemetry;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.protocol.ApiKeys;

/** Puts the handlers together. */
public final class Handlers {

    private Handlers() {}

    /**
     * The whole table of a broker.
     *
     * @param rejectsProduce asked before each append: whether the disk is too full
     */
    public static ApiTable all(HandlerContext context, BooleanSupplier rejectsProduce, InstantSource clock) {
        ApiTable[] table = new ApiTable[1];
        List<ServedApi> served = new ArrayList<>(table(context));
        served.add(ServedApi.of(ApiKeys.API_VERSIONS, new ApiVersionsHandler(() -> table[0])));
        served.add(ServedApi.of(ApiKeys.PRODUCE, new ProduceHandler(context.partitions(), rejectsProduce, context.admission(), context.timer(), clock)));
        served.add(ServedApi.of(ApiKeys.FETCH, new FetchHandler(context.partitions(), context.metadata()::view, clock)));
        table[0] = new ApiTable(served);
        return table[0];
    }

    /** Every API but Produce, Fetch and ApiVersions. */
    public static List<ServedApi> table(HandlerContext context) {
        List<ServedApi> table = new ArrayList<>(admin(context));
        table.addAll(groups(context));
        table.addAll(transactions(context));
        table.addAll(OpenListenerHandlers.all());
        table.addAll(cluster(context));
        return table;
    }

    /**
     * What other brokers ask of this one on the brokers' own listener, beside what concerns the metadata: records, markers of transactions that end, whether a transaction may write where, the state of
     * share groups, and where partitions end.
     */
    public static List<ServedApi> forPeers(HandlerContext context) {
        List<ServedApi> table = new ArrayList<>(new TransactionHandlers(context.metadata(), new Parts(context).autoCreation, context.transactions()).all());
        table.removeIf(row -> row.key() != ApiKeys.ADD_PARTITIONS_TO_TXN);
        table.add(ServedApi.of(ApiKeys.WRITE_TXN_MARKERS, new WriteTxnMarkersHandler(context.markers())));
        table.addAll(context.shareGroups().stateApis());
        table.add(ServedApi.of(ApiKeys.LIST_OFFSETS, new ListOffsetsHandler(context.partitions(), context.timer())));
        table.add(ServedApi.of(ApiKeys.OFFSET_FOR_LEADER_EPOCH, new OffsetForLeaderEpochHandler(context.partitions())));
        boolean followersAreRead = context.config().node().rack().isPresent();
        ThrottleQuota throttle = new ThrottleQuota(ThrottleQuota.Side.LEADER, context.config().node().id(), context.metadata()::view, () -> System.nanoTime() / 1_000_000);
        table.add(ServedApi.of(ApiKeys.FETCH, new ReplicaFetchHandler(context.partitions(), context.metadata()::view, followersAreRead, throttle, context.clock())));
        return table;
    }

    private static List<ServedApi> admin(HandlerContext context) {
        int brokerId = context.config().node().id();
        Parts parts = new Parts(context);
        Standing standing = context.partitions().standing();
        SecondAsk secondAsk = new SecondAsk(standing);
        List<ServedApi> table = new ArrayList<>(List.of(
                ServedApi.of(ApiKeys.METADATA, secondAsk.before(
                        new MetadataHandler(brokerId, context.config().topic().autoCreate(), context.metadata(), parts.autoCreation, parts.charging))),
                ServedApi.of(ApiKeys.DESCRIBE_TOPIC_PARTITIONS, secondAsk.before(new DescribeTopicPartitionsHandler(context.metadata()))),
                ServedApi.of(ApiKeys.DESCRIBE_CLUSTER, secondAsk.before(new DescribeClusterHandler(brokerId, context.metadata()))),
                ServedApi.of(ApiKeys.CREATE_TOPICS, new CreateTopicsHandler(context.metadata(), parts.newTopics, parts.entries, parts.creation, parts.charging)),
                ServedApi.of(ApiKeys.DELETE_TOPICS, new DeleteTopicsHandler(context.metadata(), parts.commands, parts.charging)),
                ServedApi.of(ApiKeys.CREATE_PARTITIONS, new CreatePartitionsHandler(context.metadata(), parts.creation, parts.charging)),
                ServedApi.of(ApiKeys.DELETE_RECORDS, new DeleteRecordsHandler(context.partitions(), context.timer())),
                ServedApi.of(ApiKeys.LIST_OFFSETS, new ListOffsetsHandler(context.partitions(), context.timer())),
                ServedApi.of(ApiKeys.OFFSET_FOR_LEADER_EPOCH, new OffsetForLeaderEpochHandler(context.partitions())),
                ServedApi.of(ApiKeys.INIT_PRODUCER_ID, new InitProducerIdHandler(context.producerIds(), context.transactions())),
                ServedApi.of(ApiKeys.DESCRIBE_LOG_DIRS, new DescribeLogDirsHandler(context.logDirectory(), context.hotStore(), context.partitions())),
                ServedApi.of(ApiKeys.DESCRIBE_CONFIGS, new DescribeConfigsHandler(brokerId, context.metadata(), parts.entries,
                        new StaticBrokerConfigs(context.config(), context.logDirectory()), context.groupSettings())),
                ServedApi.of(ApiKeys.FIND_COORDINATOR, secondAsk.before(new FindCoordinatorHandler(brokerId, standing, context.metadata(), parts.autoCreation, context.groups(),
                        context.transactions(), context.shareGroups())))));
        table.addAll(new AlterConfigsHandler(context.metadata(), new ConfigChanges(brokerId, parts.rules, parts.entries, context.groupSettings()), parts.commands,
                new BrokerLoggers(brokerId)).all());
        return table;
    }

    private static List<ServedApi> cluster(HandlerContext context) {
        Commands commands = new Commands(context.metadata(), context.timer());
        List<ServedApi> table = new ArrayList<>(new LeadershipHandlers(context.metadata(), commands).all());
        table.addAll(new ClusterHandlers(context.config().node().id(), context.metadata(), commands, context.quorum()).all());
        table.addAll(new ClientQuotaHandlers(context.metadata(), commands, context.blocking()).all());
        table.addAll(new ScramHandlers(context.metadata(), commands).all());
        table.addAll(new TelemetryHandlers(new ClientTelemetry(context.metadata()::view, context.single(), context.blocking(), context.clock(), context.meters())).all());
        table.add(ServedApi.of(ApiKeys.LIST_CONFIG_RESOURCES, new ListConfigResourcesHandler(context.metadata())));
        table.add(ServedApi.of(ApiKeys.ALTER_REPLICA_LOG_DIRS, new AlterReplicaLogDirsHandler(context.logDirectory(), context.partitions())));
        return table;
    }

    private static List<ServedApi> groups(HandlerContext context) {
        List<ServedApi> table = new ArrayList<>(new GroupHandlers(context.groups()).all());
        table.add(ServedApi.of(ApiKeys.OFFSET_COMMIT, new OffsetCommitHandler(context.metadata(), context.groups())));
        table.add(ServedApi.of(ApiKeys.OFFSET_FETCH, new OffsetFetchHandler(context.metadata(), context.groups())));
        table.add(ServedApi.of(ApiKeys.OFFSET_DELETE, new OffsetDeleteHandler(context.metadata(), context.groups())));
        table.addAll(new ShareGroupHandlers(context.metadata(), context.groups()).all());
        table.addAll(context.shareGroups().apis());
        Parts parts = new Parts(context);
        table.addAll(new StreamsGroupHandlers(context.metadata(), context.groups(), context.groupSettings(),
                new StreamsTopics(context.metadata(), parts.newTopics, parts.creation, context.clock()), parts.charging).all());
        return table;
    }

    private static List<ServedApi> transactions(HandlerContext context) {
        List<ServedApi> table = new ArrayList<>(new TransactionHandlers(context.metadata(), new Parts(context).autoCreation, context.transactions()).all());
        table.add(ServedApi.of(ApiKeys.TXN_OFFSET_COMMIT, new TxnOffsetCommitHandler(context.metadata(), context.groups())));
        table.add(ServedApi.of(ApiKeys.WRITE_TXN_MARKERS, new WriteTxnMarkersHandler(context.markers())));
        table.add(ServedApi.of(ApiKeys.DESCRIBE_PRODUCERS, new DescribeProducersHandler(context.partitions())));
        return table;
    }

    /** What several handlers share. */
    private static final class Parts {
        private final TopicConfigRules rules;
        private final TopicConfigEntries entries;
        private final NewTopics newTopics;
        private final Commands commands;
        private final TopicCreation creation;
        private final AutoCreation autoCreation;
        private final Mutations.Charging charging;

        Parts(HandlerContext context) {
            charging = new Mutations.Charging(context.quotas(), context.clock());
            rules = new TopicConfigRules(context.topicConfigs());
            entries = new TopicConfigEntries(context.topicConfigs());
            ReplicationFactors factors = ReplicationFactors.of(context.config());
            newTopics = new NewTopics(rules, context.config().topic().defaultPartitions(), factors.byDefault());
            commands = new Commands(context.metadata(), context.timer());
            creation = new TopicCreation(context.metadata(), commands, context.inService(), context.timer());
            autoCreation = new AutoCreation(context.metadata(), newTopics, creation, context.config().group().offsetsPartitions(), context.config().transaction().statePartitions(),
                    factors);
        }
    }
}
