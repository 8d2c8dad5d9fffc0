package io.firn.gateway.handler;

import io.firn.gateway.api.Timer;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.group.Groups;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.share.ShareGroups;
import io.firn.gateway.transaction.MarkerSender;
import io.firn.gateway.transaction.ProducerIds;
import io.firn.gateway.transaction.Transactions;
import io.firn.hot.HotStore;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What the handlers work with.
 *
 * @param quorum who keeps the metadata; {@link Quorum#single} of a broker alone
 * @param inService completes when this broker serves every partition of a topic that it leads
 * @param groupSettings made at most once, when first asked for; thread-safe
 * @param admission asks the transaction coordinators of all brokers
 * @param markers into partitions that this broker leads
 * @param logDirectory where the hot tier's logs are, as DescribeLogDirs shows it
 * @param blocking a small pool for what must not be done on a loop; refuses with {@link java.util.concurrent.RejectedExecutionException} when it has too much to do
 * @param single one thread or event loop, for state that many connections share
 */
public record HandlerContext(BrokerConfig config, Quorum quorum, TopicConfigs topicConfigs, Metadata metadata, Partitions partitions,
        Function<TopicView, CompletableFuture<Void>> inService, Groups groups, Supplier<GroupSettings> groupSettings, Transactions transactions, TransactionAdmission admission,
        MarkerSender markers,
        ProducerIds producerIds, ShareGroups shareGroups, HotStore hotStore, Path logDirectory, Executor single, Timer timer, Executor blocking, ClientQuotas quotas,
        InstantSource clock, MeterRegistry meters) {}
