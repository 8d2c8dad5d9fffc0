package io.firn.membership.hazelcast;

import static io.firn.membership.hazelcast.CpMember.await;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.Config;
import com.hazelcast.config.ListenerConfig;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.cp.CPMember;
import com.hazelcast.cp.CPSubsystem;
import com.hazelcast.cp.internal.CPMemberInfo;
import com.hazelcast.cp.internal.MetadataRaftGroupManager;
import com.hazelcast.cp.internal.RaftOp;
import com.hazelcast.cp.internal.RaftService;
import com.hazelcast.cp.internal.raft.impl.RaftNode;
import com.hazelcast.cp.internal.raft.impl.RaftNodeImpl;
import com.hazelcast.cp.internal.raftop.metadata.InitMetadataRaftGroupOp;
import com.hazelcast.instance.BuildInfoProvider;
import com.hazelcast.instance.impl.HazelcastInstanceFactory;
import io.firn.membership.CpPeer;
import io.firn.membership.CpSettings;
import io.firn.membership.Endpoint;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.cp.CpGroup;
import io.firn.membership.cp.CpPlace;
import io.firn.membership.cp.CpStore;
import io.firn.membership.cp.GroupLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Hazelcast instance over the store: what {@link CpMember} asks of it.
 *
 * <p>Threading: the thread of {@link CpMember}; {@link #peers}, {@link #place} and {@link #address} from any.
 */
final class CpInstance {

    private static final Logger LOGGER = LoggerFactory.getLogger(CpInstance.class);

    /** The format in which entries are stored is this version's; another one must not touch them. */
    private static final String VERSION = "5.4.0";

    private final CpSettings settings;
    private final CpStore store;
    private final HazelcastInstance hazelcast;
    private final DurableExtension extension;
    private final Address address;

    /** The own part of the founding, when it is on its way. Confined to the thread. */
    private Optional<CompletableFuture<Object>> foundingCommit = Optional.empty();

    private CpInstance(CpSettings settings, CpStore store, HazelcastInstance hazelcast, DurableExtension extension) {
        this.settings = settings;
        this.store = store;
        this.hazelcast = hazelcast;
        this.extension = extension;
        this.address = hazelcast.getCluster().getLocalMember().getAddress();
    }

    static CpInstance start(CpSettings settings, CpStore store, CpMember owner) {
        String version = BuildInfoProvider.getBuildInfo().getVersion();
        if (!version.equals(VERSION)) {
            throw new MetadataOpenFailed(Reason.TOO_NEW, "Hazelcast " + version + " is on the class path, but CP logs are in the format of " + VERSION);
        }
        if (System.getProperty(InstanceConfig.LOGGING) == null) {
            System.setProperty(InstanceConfig.LOGGING, "slf4j"); // also for what Hazelcast logs before it reads its configuration
        }
        Config config = InstanceConfig.of(settings, store.identity());
        config.getUserContext().put(CpQuestion.CONTEXT, owner);
        config.addListenerConfig(new ListenerConfig(new Events(owner)));
        DurableExtension.Context context = new DurableExtension.Context(store);
        HazelcastInstance hazelcast = HazelcastInstanceFactory.newHazelcastInstance(config, config.getInstanceName(), context);
        return new CpInstance(settings, store, hazelcast, context.extension());
    }

    /** Who comes and goes, passed on. */
    private record Events(CpMember owner) implements MembershipListener {
        @Override
        public void memberAdded(MembershipEvent event) {
            owner.joined(peer(event.getMember()));
        }

        @Override
        public void memberRemoved(MembershipEvent event) {
            owner.left(peer(event.getMember()));
        }
    }

    static CpPeer peer(Member member) {
        String brokerId = member.getAttribute(InstanceConfig.BROKER);
        String incarnation = member.getAttribute(InstanceConfig.INCARNATION);
        return new CpPeer(brokerId == null ? -1 : Integer.parseInt(brokerId), member.getAddress().getHost() + ":" + member.getAddress().getPort(), incarnation == null ? "" : incarnation,
                presence(member));
    }

    private static Optional<CpPeer.Presence> presence(Member member) {
        return Optional.ofNullable(member.getAttribute(InstanceConfig.PROCESS)).map(process -> new CpPeer.Presence(Uuid.fromString(process),
                new Endpoint(Endpoint.PEER, member.getAttribute(InstanceConfig.PEER_HOST), Integer.parseInt(member.getAttribute(InstanceConfig.PEER_PORT)))));
    }

    String name() {
        return hazelcast.getName();
    }

    Address address() {
        return address;
    }

    CpPlace place() {
        Address own = extension.localAddress();
        return new CpPlace(store.identity().uuid(), settings.brokerId(), own.getHost(), own.getPort());
    }

    List<CpPeer> peers() {
        return hazelcast.getCluster().getMembers().stream().map(CpInstance::peer).toList();
    }

    CPSubsystem cp() {
        return hazelcast.getCPSubsystem();
    }

    RaftService raft() {
        return extension.raft();
    }

    DurableExtension extension() {
        return extension;
    }

    void shutdown() {
        hazelcast.shutdown();
    }

    /** Ends it without a word to the others. */
    void terminate() {
        hazelcast.getLifecycleService().terminate();
    }

    HazelcastInstance hazelcast() {
        return hazelcast;
    }

    // ---- where the members are

    /** Tells Hazelcast the addresses at which CP members are now, which may differ from those in its list. */
    void applyAddresses() {
        for (Member member : hazelcast.getCluster().getMembers()) {
            String uuid = member.getAttribute(InstanceConfig.CP_UUID);
            if (uuid != null) {
                raft().getInvocationManager().getRaftInvocationContext().updateMember(new CPMemberInfo(UUID.fromString(uuid), member.getAddress()));
            }
        }
    }

    /** What all other brokers say of themselves; those that do not answer in time are left out. */
    List<CpAnswer> ask() {
        List<Future<CpAnswer>> asked = new ArrayList<>();
        for (Member member : hazelcast.getCluster().getMembers()) {
            if (!member.localMember()) {
                asked.add(hazelcast.getExecutorService(InstanceConfig.EXECUTOR).submitToMember(new CpQuestion(), member));
            }
        }
        List<CpAnswer> answers = new ArrayList<>();
        for (Future<CpAnswer> one : asked) {
            try {
                answers.add(one.get(CpMember.CALL_MS, TimeUnit.MILLISECONDS));
            } catch (ExecutionException | TimeoutException e) {
                LOGGER.atDebug().setCause(e).log("A broker did not say what it is in the CP subsystem");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return answers;
            }
        }
        return answers;
    }

    /** Takes over the newest list of members that anybody knows: Hazelcast tells newcomers only every ten seconds. */
    void learnFrom(List<CpAnswer> answers) {
        answers.stream().filter(answer -> answer.members().size() > 1).max(Comparator.comparingLong(CpAnswer::membersIndex))
                .ifPresent(newest -> extension.learn(newest.members(), newest.membersIndex()));
    }

    // ---- forming

    void beginFounding(List<CpPlace> founders) throws IOException {
        GroupLog log = store.found(StoredPersistence.group(MetadataRaftGroupManager.INITIAL_METADATA_GROUP_ID), founders);
        extension.beginFounding(log);
    }

    /** Commits this member's part of the founding and waits a while for the others'; again and again if need be, which changes nothing. */
    void commitFounding() throws ExecutionException, TimeoutException {
        List<CPMemberInfo> founders = store.identity().founders().stream().map(StoredIdentity::info).toList();
        CPMemberInfo own = founders.stream().filter(member -> member.getUuid().equals(store.identity().uuid())).findFirst().orElseThrow();
        CompletableFuture<Object> commit = foundingCommit.orElseGet(() -> commit(new InitMetadataRaftGroupOp(own, founders, 0)));
        foundingCommit = Optional.of(commit);
        try {
            await(commit);
        } catch (ExecutionException e) {
            foundingCommit = Optional.empty();
            if (e.getCause() instanceof IllegalArgumentException || e.getCause() instanceof IllegalStateException) {
                throw new MetadataOpenFailed(Reason.DAMAGED, "the founders of the CP subsystem do not agree (" + e.getCause().getMessage() + "): nothing was stored in it yet, so stop all of them,"
                        + " delete their CP directories and form it again", e);
            }
            throw e;
        }
    }

    // ---- being a member

    CompletableFuture<List<CPMember>> members() {
        return raft().getCPMembers().toCompletableFuture().thenApply(members -> List.copyOf((Collection<CPMember>) members));
    }

    CompletableFuture<Object> commitAddress() {
        return commit(new AddressChangedOp(extension.localMember()));
    }

    private CompletableFuture<Object> commit(RaftOp operation) {
        return raft().getInvocationManager().<Object>invoke(raft().getMetadataGroupId(), operation).toCompletableFuture();
    }

    /** An index that is committed in the group now. */
    long commitIndex(CpGroup group) throws ExecutionException, TimeoutException {
        return await(raft().getInvocationManager().<Long>invoke(StoredPersistence.id(group), new CommitIndexOp()).toCompletableFuture());
    }

    /** Proves that this is consensus over our store, and not the mode without guarantees that Hazelcast offers under the same names. */
    void verify() {
        try {
            boolean discovered = cp().getCPSubsystemManagementService().isDiscoveryCompleted();
            if (!discovered || !raft().isCpSubsystemEnabled() || raft().getConfig().getCPMemberCount() != settings.voters()) {
                throw unreal("it is not enabled");
            }
        } catch (HazelcastException e) {
            throw unreal(e.getMessage());
        }
        for (RaftNode node : raft().getAllRaftNodes()) {
            if (!(((RaftNodeImpl) node).state().stateStore() instanceof StoredRaftState)) {
                throw unreal("group " + node.getGroupId().getName() + " is only in memory");
            }
        }
    }

    private static MetadataOpenFailed unreal(String why) {
        return new MetadataOpenFailed(Reason.UNAVAILABLE, "Hazelcast's CP subsystem is not what Firn needs: " + why);
    }
}
