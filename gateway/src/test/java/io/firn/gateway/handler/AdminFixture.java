package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Timer;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.TopicConfigEntries;
import io.firn.gateway.config.TopicConfigRules;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.rig.ClusterMetadata;
import io.firn.gateway.rig.ManualClock;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import io.firn.membership.QuotaEntity;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/** The handlers' collaborators over real metadata in a directory, with broker 1 registered. */
final class AdminFixture implements AutoCloseable {
    static final int BROKER = 1;

    final Metadata metadata;
    final TopicConfigs configs = new TopicConfigs(BROKER, Map.of());
    final TopicConfigRules rules = new TopicConfigRules(configs);
    final TopicConfigEntries entries = new TopicConfigEntries(configs);
    final NewTopics newTopics = new NewTopics(rules, 2, 1);
    final Commands commands;
    final Timer timer;
    final ManualClock clock = new ManualClock();
    final Mutations.Charging charging;
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();

    AdminFixture(Path directory) {
        this(Metadata.openSingleBroker(directory, InstantSource.system(), new Random(1)));
        metadata.submit(new Command.RegisterBroker(BROKER, "host.test", 9092, Optional.of("rack-a"))).join();
    }

    /** A cluster of so many brokers, 1 the first, each in a rack of its own; all are alive. This one alone keeps the metadata. */
    static AdminFixture cluster(Path directory, int brokers) {
        AdminFixture admin = new AdminFixture(ClusterMetadata.open(directory));
        IntStream.rangeClosed(1, brokers).forEach(id -> ClusterMetadata.join(admin.metadata, id));
        return admin;
    }

    private AdminFixture(Metadata metadata) {
        this.metadata = metadata;
        timer = Timer.on(scheduler);
        commands = new Commands(metadata, timer);
        charging = new Mutations.Charging(new ClientQuotas(metadata::view, clock), clock);
    }

    TopicCreation creation(Function<TopicView, CompletableFuture<Void>> inService) {
        return new TopicCreation(metadata, commands, inService, timer);
    }

    TopicCreation creation() {
        return creation(topic -> CompletableFuture.completedFuture(null));
    }

    AutoCreation autoCreation() {
        return new AutoCreation(metadata, newTopics, creation(), 3, 2, new ReplicationFactors(1, 3, 3, 0));
    }

    /** So many partitions a second for the client of {@link TestRequest}; eleven times as many at once. */
    void limitMutations(double perSecond) {
        metadata.submit(new Command.AlterClientQuotas(new QuotaEntity(Map.of(QuotaEntity.CLIENT_ID, Optional.of("test"))), Map.of("controller_mutation_rate", Optional.of(perSecond)))).join();
    }

    ConfigChanges changes() {
        return new ConfigChanges(BROKER, rules, entries, () -> GroupSettings.of(new BrokerConfig.Group(3, 3, 1, Map.of())));
    }

    ClusterView view() {
        return metadata.view();
    }

    TopicView topic(String name, int partitions) {
        return topic(name, partitions, Map.of());
    }

    TopicView topic(String name, int partitions, Map<String, String> topicConfigs) {
        return metadata.submit(new Command.CreateTopic(Uuid.randomUuid(), name, partitions, 1, Map.of(), topicConfigs)).join().topic(name).orElseThrow();
    }

    /** What {@code handler} answers to {@code body}. A throw is answered as the wire does. */
    static <T extends ApiMessage> T ask(ApiHandler handler, ApiKeys api, int version, ApiMessage body, Class<T> type) throws Exception {
        TestRequest request = TestRequest.of(api, version, body);
        try {
            handler.handle(request);
        } catch (RuntimeException e) {
            request.fail(e);
        }
        return request.answer(type);
    }

    @Override
    public void close() {
        metadata.close();
        scheduler.shutdownNow();
    }
}
