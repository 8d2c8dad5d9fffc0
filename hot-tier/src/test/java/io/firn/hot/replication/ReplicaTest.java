package io.firn.hot.replication;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.firn.hot.AppendOrigin;
import io.firn.hot.Durability;
import io.firn.hot.EpochEnd;
import io.firn.hot.HotLog;
import io.firn.hot.HotLogConfig;
import io.firn.hot.LogStart;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SimDisk;
import io.firn.hot.SteppedStore;
import io.firn.hot.batch.Batches;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.producer.ProducerLimits;
import io.firn.hot.producer.ProducerStates;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** One replica and its log, fed by hand. */
final class ReplicaTest {

    private static final int SELF = 1;
    private static final int OTHER = 2;
    private static final int EPOCH = 4;
    private static final HotLogConfig CONFIG = new HotLogConfig(2000, Long.MAX_VALUE, 0, 10 << 20, 200, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);

    private final SimDisk disk = new SimDisk(5);
    private final SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
    private final HotLog log = store.open(CONFIG);
    private CompletableFuture<Optional<LogStart>> boundary = CompletableFuture.completedFuture(Optional.empty());
    private final List<IsrProposal> proposals = new ArrayList<>();
    private int claims;
    private final List<Long> watermarks = new ArrayList<>();
    private final List<Long> ticksWanted = new ArrayList<>();
    private long nowMs = 1000;
    private int released;
    private int readyTold;
    private LongConsumer watermarkListener = offset -> {};
    private Runnable roleListener = () -> {};

    private Replica replica(boolean tiered) {
        Replica replica = new Replica(log, new ReplicaSettings(SELF, 1, 1000, tiered), new NoBrokers(), Authority.ALWAYS, new Tier(), new Listener(), () -> nowMs, () -> nowMs);
        log.onDurable(replica::onDurable);
        return replica;
    }

    private final class Tier implements TierBoundary {
        @Override
        public CompletableFuture<Optional<LogStart>> find(BooleanSupplier wanted) {
            return boundary;
        }

        @Override
        public CompletableFuture<TierEnd> claim(int leaderEpoch, BooleanSupplier wanted) {
            claims++;
            return boundary.thenApply(start -> new TierEnd(start.map(LogStart::offset).orElse(0L), start.map(LogStart::logStartOffset).orElse(0L), start));
        }
    }

    private static final class NoBrokers implements Brokers {
        @Override
        public long epochOf(int brokerId) {
            return 1;
        }

        @Override
        public boolean mayJoin(int brokerId) {
            return true;
        }
    }

    private final class Listener implements ReplicaListener {
        @Override
        public void onHighWatermark(long offset) {
            watermarks.add(offset);
            watermarkListener.accept(offset);
        }

        @Override
        public void onProposal(IsrProposal proposal) {
            proposals.add(proposal);
        }

        @Override
        public void onRole() {
            roleListener.run();
        }

        @Override
        public void onReadyToFetch() {
            readyTold++;
        }

        @Override
        public void onTickWanted(long delayMs) {
            ticksWanted.add(delayMs);
        }
    }

    private static Placement placement(int leader, int epoch) {
        return new Placement(leader, epoch, epoch, List.of(SELF, OTHER), Set.of(leader));
    }

    private static Placement unclean(int leader, int epoch, int partitionEpoch) {
        return new Placement(leader, epoch, partitionEpoch, List.of(SELF, OTHER), Set.of(leader), true);
    }

    private static LogStart start(long offset) {
        return new LogStart(offset, Math.min(20, offset), LeaderEpochs.EMPTY.assign(2, 0).toText(), ProducerStates.empty(new ProducerLimits(10, 1000)).snapshot());
    }

    private static ByteBuffer batch(long base, int epoch) {
        return Batches.plain(base, 5, 1).putInt(12, epoch);
    }

    private Replica follower() {
        Replica replica = replica(false);
        replica.onPlacement(placement(OTHER, EPOCH));
        return replica;
    }

    private FetchPosition ask(Replica replica) {
        store.run();
        nowMs += FollowerState.LONGEST_BACKOFF_MS;
        return replica.nextFetch().orElseThrow();
    }

    private void give(Replica replica, ByteBuffer batch, long highWatermark) {
        replica.onReply(new FetchReply.Records(ask(replica), RecordBuffers.of(batch), highWatermark, 0), () -> released++);
    }

    private void giveAndRun(Replica replica, int batches) {
        for (int i = 0; i < batches; i++) {
            give(replica, batch(log.logEndOffset(), 3), log.logEndOffset());
            store.run();
        }
    }

    /** By then whoever fetches has taken the reply for dealt with, and looks no more by itself. */
    @Test
    void aReplyThatCannotBeAppendedInTheEndIsToBeAskedForAgain() {
        Replica replica = follower();
        giveAndRun(replica, 1);
        disk.capacityBytes(100);
        give(replica, batch(log.logEndOffset(), 3), log.logEndOffset());
        nowMs += FollowerState.LONGEST_BACKOFF_MS;
        replica.onReply(new FetchReply.Records(replica.nextFetch().orElseThrow(), RecordBuffers.of(batch(log.logEndOffset(), 3)), log.logEndOffset(), 0), () -> released++);
        assertThat(replica.readiness()).as("it waits until the log can be written").isEqualTo(FetchReadiness.BUSY);
        int before = readyTold;
        store.run();
        assertThat(log.logEndOffset()).isEqualTo(5);
        assertThat(replica.readiness()).isEqualTo(FetchReadiness.WAITING);
        assertThat(readyTold).isGreaterThan(before);
        disk.capacityBytes(Long.MAX_VALUE);
        store.nowMs += 10_000;
        log.tick(store.nowMs);
        store.run();
        giveAndRun(replica, 1);
        assertThat(log.logEndOffset()).isEqualTo(10);
    }

    @Test
    void anEmptyReplicaOfATieredTopicBeginsAtTheTierBoundary() {
        boundary = new CompletableFuture<>();
        Replica replica = replica(true);
        replica.onPlacement(placement(OTHER, EPOCH));
        assertThat(replica.nextFetch()).as("the bucket has not answered").isEmpty();
        boundary.complete(Optional.of(start(500)));
        assertThat(ask(replica)).isEqualTo(new FetchPosition(OTHER, EPOCH, 500, 2, 20));
    }

    @Test
    void replicasOfAPartitionThatWasJustCreatedDoNotAskTheBucket() {
        boundary = new CompletableFuture<>();
        Replica replica = replica(true);
        replica.onPlacement(new Placement(OTHER, 0, 0, List.of(SELF, OTHER), Set.of(SELF, OTHER)));
        assertThat(replica.nextFetch()).contains(new FetchPosition(OTHER, 0, 0, -1, 0));
    }

    @Test
    void anEmptyReplicaInSyncDoesNotWaitForTheBucket() {
        boundary = new CompletableFuture<>();
        Replica replica = replica(true);
        replica.onPlacement(new Placement(OTHER, EPOCH, EPOCH, List.of(SELF, OTHER), Set.of(SELF, OTHER)));
        assertThat(ask(replica).offset()).isZero();
    }

    @Test
    void aReplicaThatHasFailedTakesNoRoleAnyMoreAndSaysWhy() {
        Replica replica = follower();
        assertThat(replica.failure()).isEmpty();
        replica.fail("on purpose");
        replica.fail("and once more");
        assertThat(replica.follower()).isEmpty();
        replica.onPlacement(placement(SELF, EPOCH + 1));
        assertThat(replica.leader()).isEmpty();
        replica.onPlacement(placement(OTHER, EPOCH + 2));
        assertThat(replica.follower()).isEmpty();
        assertThat(replica.leaderEpoch()).as("it is told of later ones all the same").isEqualTo(EPOCH + 2);
        assertThat(replica.failure()).contains("on purpose");
    }

    @Test
    void aLeaderThatHasFailedSpeaksForThePartitionNoMore() {
        Replica replica = follower();
        replica.onPlacement(new Placement(SELF, EPOCH + 1, EPOCH + 1, List.of(SELF, OTHER), Set.of(SELF, OTHER)));
        LeaderState leading = replica.leader().orElseThrow();
        assertThat(replica.mayAcknowledge()).isTrue();
        replica.fail("on purpose");
        assertThat(replica.mayAcknowledge()).isFalse();
        assertThat(leading.mayAcknowledge(nowMs)).as("whoever holds on to it").isFalse();
        assertThat(replica.hasEnoughInSync()).isFalse();
        assertThat(replica.commitment(0)).isEqualTo(Commitment.NOT_LEADER);
        assertThat(replica.onFetch(new ReplicaFetch(OTHER, 1, EPOCH + 1, 0, ReplicaFetch.NO_EPOCH, 0))).isEqualTo(new FetchVerdict.Refused(FetchError.NOT_LEADER));
        replica.onPlacement(new Placement(SELF, EPOCH + 1, EPOCH + 2, List.of(SELF, OTHER), Set.of(SELF)));
        replica.tick();
        assertThat(replica.leader()).as("a change of the ISR").isEmpty();
        assertThat(proposals).isEmpty();
    }

    /** Returns the cold tier's answer, which it waits for. */
    private CompletableFuture<Optional<LogStart>> electedUnclean(Replica replica) {
        CompletableFuture<Optional<LogStart>> late = new CompletableFuture<>();
        boundary = late;
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        return late;
    }

    @Test
    void oneThatFailsWhileItWaitsForTheColdTierAsksNoMoreAndTakesNoAnswer() {
        Replica replica = follower();
        CompletableFuture<Optional<LogStart>> late = electedUnclean(replica);
        int asked = claims;
        replica.fail("on purpose");
        assertThat(replica.isRecovering()).isFalse();
        assertThat(recovering()).isZero();
        late.complete(Optional.empty());
        pass(replica, 10_000);
        assertThat(claims).isEqualTo(asked);
        assertThat(ticksWanted).isEmpty();
        assertThat(replica.leader()).isEmpty();
    }

    @Test
    void oneWhoseRoleCannotBeginFailsAndSaysSo() {
        Replica replica = follower();
        giveAndRun(replica, 1);
        replica.onReply(new FetchReply.Records(ask(replica), RecordBuffers.of(batch(5, 3)), 5, 0), () -> {});
        store.run();
        List<Optional<String>> told = new ArrayList<>();
        roleListener = () -> told.add(replica.failure());
        watermarkListener = offset -> {
            throw new IllegalStateException("thrown on purpose by a test");
        };
        replica.onPlacement(placement(SELF, EPOCH + 1));
        assertThat(replica.leader()).isEmpty();
        assertThat(told).singleElement().satisfies(failure -> assertThat(failure.orElseThrow()).contains("a role could not begin").contains("on purpose"));
    }

    @Test
    void oneThatHasRecoveredAndCannotBeginToLeadFailsAndSaysSo() {
        Replica replica = follower();
        CompletableFuture<Optional<LogStart>> late = electedUnclean(replica);
        List<Optional<String>> told = new ArrayList<>();
        roleListener = () -> told.add(replica.failure());
        watermarkListener = offset -> {
            throw new IllegalStateException("thrown on purpose by a test");
        };
        late.complete(Optional.of(start(500)));
        store.run();
        assertThat(replica.leader()).isEmpty();
        assertThat(recovering()).isZero();
        assertThat(told).singleElement().satisfies(failure -> assertThat(failure.orElseThrow()).contains("a role could not begin").contains("on purpose"));
    }

    @Test
    void theColdTierIsAskedAgainAtTimesThatItNames() {
        Replica replica = follower();
        boundary = CompletableFuture.failedFuture(new IOException("the bucket is down"));
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        int asked = claims;
        for (int i = 0; i < 9; i++) {
            nowMs += ticksWanted.get(i) - 1;
            replica.tick();
            assertThat(claims - asked).as("too soon").isEqualTo(i);
            nowMs++;
            replica.tick();
            assertThat(claims - asked).isEqualTo(i + 1);
        }
        assertThat(ticksWanted).containsExactly(50L, 100L, 200L, 400L, 800L, 1_600L, 3_200L, 5_000L, 5_000L, 5_000L);
    }

    /** Of epoch 3, as all that {@link #giveAndRun} appends. */
    private void coldTierEndsAt(long offset, int lastEpoch, long from) {
        LogStart start = start(offset);
        boundary = CompletableFuture.completedFuture(Optional.of(new LogStart(offset, 0, LeaderEpochs.EMPTY.assign(3, 0).assign(lastEpoch, from).toText(), start.producers())));
    }

    /** Each telling makes a partition of the role: two of one would both serve. */
    @Test
    void eachRoleIsToldOfOnceHoweverSoonTheColdTierAnswers() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        List<Boolean> leads = new ArrayList<>();
        roleListener = () -> leads.add(replica.leader().isPresent());
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        store.run();
        assertThat(leads).as("recovering, and leading").containsExactly(false, true);
    }

    @Test
    void oneThatWasElectedUncleanDoesNotLeadBeforeTheColdTierHasToldWhereItEnds() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        boundary = CompletableFuture.failedFuture(new IOException("the bucket is down"));
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        assertThat(replica.isRecovering()).isTrue();
        int asked = claims;
        long until = nowMs + 60_000;
        while (nowMs < until) {
            nowMs += 10;
            replica.tick();
            store.run();
        }
        assertThat(replica.leader()).isEmpty();
        assertThat(claims - asked).as("asked again and again, and not all the time").isBetween(10, 25);
        assertThat(log.logEndOffset()).isEqualTo(15);
        coldTierEndsAt(500, 3, 0);
        nowMs += Recovering.LONGEST_BACKOFF_MS;
        replica.tick();
        store.run();
        assertThat(replica.isRecovering()).isFalse();
        assertThat(replica.leader().orElseThrow().epochStartOffset()).isEqualTo(500);
        assertThat(log.localLogStartOffset()).isEqualTo(500);
        assertThat(replica.highWatermark()).as("what is in the cold tier is committed").isEqualTo(500);
        assertThat(log.endOffsetFor(4)).contains(new EpochEnd(3, 500));
    }

    @Test
    void itsFollowersAreCutWhereTheyDifferFromTheColdTierAndSentThereForTheRest() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        coldTierEndsAt(500, 4, 10);
        replica.onPlacement(unclean(SELF, EPOCH + 2, 7));
        store.run();
        assertThat(replica.onFetch(fetched(520, 4))).as("the old leader, with more than was offloaded").isEqualTo(new FetchVerdict.Diverging(new EpochEnd(4, 500)));
        assertThat(replica.onFetch(fetched(15, 3))).as("another history").isEqualTo(new FetchVerdict.Diverging(new EpochEnd(3, 10)));
        assertThat(replica.onFetch(fetched(10, 3))).as("the same, but behind").isEqualTo(new FetchVerdict.Refused(FetchError.MOVED_TO_TIERED_STORAGE));
        assertThat(replica.onFetch(fetched(500, 4))).isInstanceOf(FetchVerdict.Read.class);
    }

    private static ReplicaFetch fetched(long offset, int lastEpoch) {
        return new ReplicaFetch(OTHER, 1, EPOCH + 2, offset, lastEpoch, 0);
    }

    @Test
    void oneThatHasAllOfTheColdTierLeadsWithItsLogAsItIsAndTellsTheController() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        coldTierEndsAt(10, 3, 0);
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        assertThat(replica.leader().orElseThrow().epochStartOffset()).isEqualTo(15);
        assertThat(log.localLogStartOffset()).isZero();
        replica.tick();
        assertThat(proposals).as("recovered").containsExactly(new IsrProposal(EPOCH + 1, 7, List.of(new IsrProposal.Member(SELF, 1))));
        replica.onOutcome(proposals.get(0), new ProposalOutcome.Committed(8, Set.of(SELF)));
        nowMs += 10_000;
        replica.tick();
        assertThat(proposals).hasSize(1);
    }

    @Test
    void oneThatHasAllOfTheColdTierStartsWhereTheColdTierDoes() {
        Replica replica = follower();
        giveAndRun(replica, 3);
        LogStart end = start(10);
        boundary = CompletableFuture.completedFuture(Optional.of(new LogStart(10, 7, LeaderEpochs.EMPTY.assign(3, 0).toText(), end.producers())));
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        assertThat(replica.leader()).as("the log start is on its way to the disk").isEmpty();
        store.run();
        assertThat(replica.leader().orElseThrow().epochStartOffset()).isEqualTo(15);
        assertThat(log.logStartOffset()).isEqualTo(7);
    }

    @Test
    void recordsOfAnotherHistoryBelowTheColdTiersEndGoWithAllThatFollows() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 8);
        assertThat(log.logEndOffset()).as("further than the cold tier").isEqualTo(40);
        coldTierEndsAt(25, 4, 10);
        replica.onPlacement(unclean(SELF, EPOCH + 2, 7));
        store.run();
        assertThat(replica.leader().orElseThrow().epochStartOffset()).isEqualTo(25);
        assertThat(replica.highWatermark()).isEqualTo(25);
        assertThat(log.endOffsetFor(3)).contains(new EpochEnd(3, 10));
    }

    @Test
    void aCleanElectionNeverLooksIntoTheColdTier() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        coldTierEndsAt(500, 4, 10);
        replica.onPlacement(placement(SELF, EPOCH + 1));
        assertThat(replica.leader()).isPresent();
        assertThat(claims).isZero();
        assertThat(log.logEndOffset()).isEqualTo(15);
    }

    @Test
    void oneWhoseTopicIsNotTieredAnyMoreAsksToo() {
        Replica replica = follower();
        giveAndRun(replica, 3);
        boundary = new CompletableFuture<>();
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        assertThat(replica.leader()).isEmpty();
        boundary.complete(Optional.empty());
        store.run();
        assertThat(replica.leader().orElseThrow().epochStartOffset()).isEqualTo(15);
    }

    @Test
    void whatTheColdTierTellsOneThatIsReplacedMeanwhileCountsForNothing() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        boundary = new CompletableFuture<>();
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        replica.onPlacement(placement(OTHER, EPOCH + 2));
        boundary.complete(Optional.of(start(500)));
        store.run();
        assertThat(log.logEndOffset()).isEqualTo(15);
        assertThat(replica.nextFetch().orElseThrow().leaderEpoch()).isEqualTo(EPOCH + 2);
    }

    @Test
    void anElectionWhileTheLogBeginsAnewWaitsForThatAndFindsItThere() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        coldTierEndsAt(500, 4, 10);
        replica.onPlacement(unclean(SELF, EPOCH + 2, 7));
        replica.onPlacement(unclean(OTHER, EPOCH + 3, 8));
        assertThat(replica.nextFetch()).as("the log is being changed").isEmpty();
        store.run();
        assertThat(replica.leader()).isEmpty();
        assertThat(replica.nextFetch()).contains(new FetchPosition(OTHER, EPOCH + 3, 500, 4, 0));
    }

    @Test
    void aPlacementThatComesBeforeItLeadsIsNotForgotten() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        boundary = new CompletableFuture<>();
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        replica.onPlacement(unclean(SELF, EPOCH + 1, 9));
        replica.onPlacement(unclean(SELF, EPOCH + 1, 8));
        boundary.complete(Optional.empty());
        store.run();
        assertThat(replica.leader().orElseThrow().partitionEpoch()).isEqualTo(9);
    }

    @Test
    void aStepThatThrowsIsTriedAgainAndHoldsUpNoLaterRole() {
        Replica replica = follower();
        giveAndRun(replica, 3);
        boundary = CompletableFuture.completedFuture(Optional.of(new LogStart(500, 0, LeaderEpochs.EMPTY.assign(3, 0).toText(), null))); // the log throws at it
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        store.run();
        assertThat(replica.isRecovering()).isTrue();
        replica.onPlacement(placement(OTHER, EPOCH + 2));
        store.run();
        assertThat(replica.nextFetch().orElseThrow().leaderEpoch()).isEqualTo(EPOCH + 2);
        boundary = null; // now the cold tier throws
        replica.onPlacement(unclean(SELF, EPOCH + 3, 8));
        assertThat(replica.isRecovering()).isTrue();
        coldTierEndsAt(500, 3, 0);
        nowMs += Recovering.LONGEST_BACKOFF_MS;
        replica.tick();
        store.run();
        assertThat(replica.leader()).isPresent();
    }

    @Test
    void aColdTierThatIsAwayIsAWarningAndOneThatRefusesAnErrorAndBothAreRepeated() {
        ListAppender<ILoggingEvent> said = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(Replica.class);
        said.start();
        logger.addAppender(said);
        try {
            Replica replica = follower();
            giveAndRun(replica, 3);
            boundary = CompletableFuture.failedFuture(new TierUnavailableException("the bucket is down", new IOException()));
            replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
            pass(replica, 130_000);
            assertThat(levels(said)).containsExactly(Level.WARN, Level.WARN, Level.WARN);
            boundary = CompletableFuture.failedFuture(new CompletionException(new IllegalStateException("fenced")));
            pass(replica, 130_000);
            assertThat(levels(said)).containsExactly(Level.WARN, Level.WARN, Level.WARN, Level.ERROR, Level.ERROR, Level.ERROR);
        } finally {
            logger.detachAppender(said);
        }
    }

    private void pass(Replica replica, long ms) {
        for (long until = nowMs + ms; nowMs < until; nowMs += 100) {
            replica.tick();
            store.run();
        }
    }

    private static List<Level> levels(ListAppender<ILoggingEvent> said) {
        return said.list.stream().filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN)).map(ILoggingEvent::getLevel).toList();
    }

    @Test
    void replicasThatWaitForTheColdTierAreCounted() {
        Replica replica = follower();
        boundary = new CompletableFuture<>();
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        assertThat(recovering()).isOne();
        replica.onPlacement(unclean(SELF, EPOCH + 2, 8));
        assertThat(recovering()).isOne();
        replica.onPlacement(placement(OTHER, EPOCH + 3));
        assertThat(recovering()).isZero();
        replica.onPlacement(unclean(SELF, EPOCH + 4, 9));
        assertThat(recovering()).isOne();
        boundary.complete(Optional.empty());
        assertThat(replica.leader()).isPresent();
        assertThat(recovering()).isZero();
        replica.onPlacement(unclean(SELF, EPOCH + 5, 10));
        replica.stop();
        assertThat(recovering()).isZero();
    }

    private double recovering() {
        return store.registry.get("firn.hot.replicas.recovering").gauge().value();
    }

    @Test
    void aListenerThatThrowsWhileTheLogChangesHoldsUpNoLaterRole() {
        Replica replica = follower();
        giveAndRun(replica, 3);
        coldTierEndsAt(7, 4, 5);
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        replica.onPlacement(placement(OTHER, EPOCH + 2)); // in the middle of it: it waits
        watermarkListener = offset -> {
            throw new IllegalStateException("thrown on purpose by a test");
        };
        store.run();
        assertThat(replica.nextFetch()).isPresent();
    }

    @Test
    void whereTheColdTierHasDeletedAllItBeginsBehindThat() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        Replica emptied = new Replica(log, new ReplicaSettings(SELF, 1, 1000, true), new NoBrokers(), Authority.ALWAYS, new Emptied(), new Listener(), () -> nowMs, () -> nowMs);
        replica.stop();
        emptied.onPlacement(unclean(SELF, EPOCH + 1, 7));
        store.run();
        assertThat(emptied.leader().orElseThrow().epochStartOffset()).isEqualTo(500);
        assertThat(log.logStartOffset()).isEqualTo(500);
    }

    private static final class Emptied implements TierBoundary {
        @Override
        public CompletableFuture<Optional<LogStart>> find(BooleanSupplier wanted) {
            return CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public CompletableFuture<TierEnd> claim(int leaderEpoch, BooleanSupplier wanted) {
            return CompletableFuture.completedFuture(new TierEnd(500, 500, Optional.empty()));
        }
    }

    @Test
    void epochsThatCannotBeReadAreNoAnswer() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        boundary = CompletableFuture.completedFuture(Optional.of(new LogStart(500, 0, ByteBuffer.wrap(new byte[] {1}), start(500).producers())));
        replica.onPlacement(unclean(SELF, EPOCH + 1, 7));
        store.run();
        assertThat(replica.leader()).isEmpty();
        assertThat(replica.isRecovering()).isTrue();
        assertThat(log.logEndOffset()).isEqualTo(15);
    }

    @Test
    void aDiskThatFailsWhileTheLogBeginsAnewTakesTheReplicaOutOfServiceWithTheReason() {
        Replica replica = follower();
        replica.configure(new ReplicaSettings(SELF, 1, 1000, true));
        giveAndRun(replica, 3);
        coldTierEndsAt(500, 4, 10);
        disk.fail(SimDisk.Op.RENAME, path -> true, 1, new IOException("worn out"));
        replica.onPlacement(unclean(SELF, EPOCH + 2, 7));
        store.run();
        assertThat(replica.leader()).isEmpty();
        assertThat(replica.isRecovering()).isFalse();
        assertThat(replica.failure()).isPresent();
    }

    @Test
    void withoutColdTierItBeginsAtItsOwnEnd() {
        Replica replica = replica(true);
        replica.onPlacement(placement(OTHER, EPOCH));
        assertThat(ask(replica).offset()).isZero();
    }

    @Test
    void aReplicaBehindTheLeadersDiskBeginsAtTheTierBoundary() {
        Replica replica = follower();
        giveAndRun(replica, 3);
        boundary = CompletableFuture.failedFuture(new IOException("the bucket is down"));
        replica.onReply(new FetchReply.Failed(ask(replica), FetchError.MOVED_TO_TIERED_STORAGE, -1), () -> {});
        assertThat(ask(replica).offset()).as("tried again").isEqualTo(15);
        boundary = CompletableFuture.completedFuture(Optional.of(start(10)));
        replica.onReply(new FetchReply.Failed(ask2(replica), FetchError.MOVED_TO_TIERED_STORAGE, -1), () -> {});
        assertThat(ask(replica).offset()).as("an old manifest takes nothing away").isEqualTo(15);
        boundary = CompletableFuture.completedFuture(Optional.of(start(90)));
        replica.onReply(new FetchReply.Failed(ask2(replica), FetchError.MOVED_TO_TIERED_STORAGE, -1), () -> {});
        assertThat(ask(replica).offset()).isEqualTo(90);
        assertThat(replica.highWatermark()).isEqualTo(10);
    }

    /** Asks anew after the last request was lost. */
    private FetchPosition ask2(Replica replica) {
        replica.onLost(new FetchPosition(OTHER, EPOCH, log.logEndOffset(), 3, log.logStartOffset()));
        return ask(replica);
    }

    @Test
    void aReplicaThatIsToLeadWaitsUntilItsLogIsCut() {
        Replica replica = follower();
        giveAndRun(replica, 4);
        replica.onReply(new FetchReply.Diverging(ask(replica), new EpochEnd(3, 12), 0), () -> {});
        replica.onPlacement(placement(SELF, EPOCH + 1));
        assertThat(replica.leader()).as("the log is being cut").isEmpty();
        assertThat(replica.onFetch(new ReplicaFetch(OTHER, 1, EPOCH + 1, 0, -1, 0))).isEqualTo(new FetchVerdict.Refused(FetchError.NOT_LEADER));
        store.run();
        assertThat(replica.leader().orElseThrow().epochStartOffset()).isEqualTo(10);
        assertThat(log.latestEpoch()).hasValue(EPOCH + 1);
        assertThat(replica.onFetch(new ReplicaFetch(OTHER, 1, EPOCH + 1, 20, 3, 0))).isEqualTo(new FetchVerdict.Diverging(new EpochEnd(3, 10)));
    }

    /** Another history may have been there, and nothing tells. */
    @Test
    void whoEndsInAnEpochOlderThanAllTheLeaderKnowsIsToldToCutBelowTheLogStart() {
        Replica replica = follower();
        giveAndRun(replica, 3);
        replica.onPlacement(placement(SELF, EPOCH + 2));
        log.append(RecordBuffers.of(Batches.plain(0, 5, 1)), EPOCH + 2, AppendOrigin.CLIENT, 1);
        store.run();
        store.finish(log.advanceLogStart(15));
        assertThat(replica.onFetch(fetched(15, 2))).isEqualTo(new FetchVerdict.Diverging(new EpochEnd(2, 14)));
        assertThat(replica.onFetch(fetched(18, 3))).as("what is below is known to be of epoch 3, since that ended when this one began").isEqualTo(new FetchVerdict.Diverging(new EpochEnd(3, 15)));
        assertThat(replica.onFetch(fetched(15, 3))).isInstanceOf(FetchVerdict.Read.class);
        store.finish(log.advanceLogStart(18));
        assertThat(replica.onFetch(fetched(18, 3))).isEqualTo(new FetchVerdict.Diverging(new EpochEnd(3, 17)));
        assertThat(replica.onFetch(fetched(20, 3))).isEqualTo(new FetchVerdict.Diverging(new EpochEnd(3, 17)));
        assertThat(replica.onFetch(fetched(20, EPOCH + 2))).isInstanceOf(FetchVerdict.Read.class);
    }

    @Test
    void whoIsCutBelowTheLeadersLogStartBeginsAnewThereAtOnce() {
        Replica replica = follower();
        giveAndRun(replica, 3);
        replica.onReply(new FetchReply.Diverging(ask(replica), new EpochEnd(3, 11), 12), () -> {});
        assertThat(ask(replica)).isEqualTo(new FetchPosition(OTHER, EPOCH, 12, ReplicaFetch.NO_EPOCH, 12));
        assertThat(log.localLogStartOffset()).isEqualTo(12);
    }

    @Test
    void theOldLeadersRecordsThatWaitForANewSegmentAreDroppedWithTheRole() {
        Replica replica = follower();
        boolean waits = false;
        for (int i = 0; i < 100 && !waits; i++) {
            long before = log.logEndOffset();
            give(replica, batch(before, 3), 0);
            waits = log.logEndOffset() == before;
        }
        assertThat(waits).as("a roll was met").isTrue();
        int releasedBefore = released;
        long end = log.logEndOffset();
        replica.onPlacement(placement(SELF, EPOCH + 1));
        store.run();
        assertThat(log.logEndOffset()).isEqualTo(end);
        assertThat(released).isEqualTo(releasedBefore + 1);
        assertThat(replica.leader()).isPresent();
    }

    @Test
    void itDoesNotLeadUnderAnEpochThatItsLogHasRecordsOf() {
        log.append(RecordBuffers.of(Batches.plain(0, 5, 1)), EPOCH, AppendOrigin.CLIENT, 1);
        store.run();
        Replica replica = replica(false);
        replica.onPlacement(placement(SELF, EPOCH));
        assertThat(replica.leader()).isEmpty();
        replica.onPlacement(placement(SELF, EPOCH + 1));
        assertThat(replica.leader()).isPresent();
    }

    @Test
    void theOnlyReplicaLeadsOnUnderItsEpoch() {
        log.append(RecordBuffers.of(Batches.plain(0, 5, 1)), EPOCH, AppendOrigin.CLIENT, 1);
        store.run();
        Replica replica = replica(false);
        replica.onPlacement(new Placement(SELF, EPOCH, 1, List.of(SELF), Set.of(SELF)));
        assertThat(replica.highWatermark()).isEqualTo(5);
        assertThat(watermarks).containsExactly(5L);
    }

    @Test
    void aFullDiskMakesAFollowerWait() {
        Replica replica = follower();
        giveAndRun(replica, 1);
        disk.capacityBytes(10);
        give(replica, batch(5, 3), 5);
        assertThat(log.logEndOffset()).isEqualTo(5);
        assertThat(released).as("its bytes are let go").isEqualTo(2);
        disk.capacityBytes(Long.MAX_VALUE);
        store.run();
        store.nowMs += 10_000;
        log.tick(store.nowMs);
        store.run();
        give(replica, batch(5, 3), 5);
        store.run();
        assertThat(log.logEndOffset()).isEqualTo(10);
    }

    @Test
    void damagedBytesAreNotAppendedAndAskedForAgain() {
        Replica replica = follower();
        ByteBuffer damaged = batch(0, 3);
        damaged.put(70, (byte) (damaged.get(70) ^ 1));
        give(replica, damaged, 0);
        assertThat(log.logEndOffset()).isZero();
        giveAndRun(replica, 1);
        assertThat(log.logEndOffset()).isEqualTo(5);
    }

    @Test
    void itsLogStartFollowsTheLeaders() {
        Replica replica = follower();
        giveAndRun(replica, 2);
        replica.onReply(new FetchReply.Records(ask(replica), RecordBuffers.of(), 10, 7), () -> {});
        store.run();
        assertThat(log.logStartOffset()).isEqualTo(7);
    }

    @Test
    void aLogStartThatIsToldOnceIsNotForgottenWhileAnEarlierOneIsNoted() {
        Replica replica = follower();
        giveAndRun(replica, 2);
        FetchPosition first = ask(replica);
        replica.onReply(new FetchReply.Records(first, RecordBuffers.of(), 10, 3), () -> {});
        nowMs += FollowerState.LONGEST_BACKOFF_MS;
        replica.onReply(new FetchReply.Records(replica.nextFetch().orElseThrow(), RecordBuffers.of(), 10, 7), () -> {});
        store.run();
        assertThat(log.logStartOffset()).isEqualTo(7);
    }

    @Test
    void whereAllItHasIsDeletedItBeginsAtTheLeadersLogStart() {
        Replica replica = follower();
        giveAndRun(replica, 2);
        replica.onReply(new FetchReply.Failed(ask(replica), FetchError.OFFSET_OUT_OF_RANGE, 700), () -> {});
        assertThat(ask(replica).offset()).isEqualTo(700);
        assertThat(log.logStartOffset()).isEqualTo(700);
    }

    @Test
    void aLogThatBeginsWithinABatchTakesTheWholeBatch() {
        Replica replica = follower();
        giveAndRun(replica, 2);
        replica.onReply(new FetchReply.Failed(ask(replica), FetchError.OFFSET_OUT_OF_RANGE, 702), () -> {});
        FetchPosition position = ask(replica);
        assertThat(position.offset()).isEqualTo(702);
        replica.onReply(new FetchReply.Records(position, RecordBuffers.of(batch(700, 3)), 705, 702), () -> released++);
        assertThat(ask(replica).offset()).isEqualTo(705);
        assertThat(log.logStartOffset()).isEqualTo(702);
        assertThat(log.localLogStartOffset()).isEqualTo(700);
        assertThat(replica.highWatermark()).isEqualTo(705);
        assertThat(released).isEqualTo(3);
    }

    @Test
    void anOfflineLogNeitherFollowsNorLeads() {
        Replica replica = follower();
        disk.fail(SimDisk.Op.FORCE, path -> true, 1, new IOException("worn out"));
        giveAndRun(replica, 1);
        assertThat(log.offlineReason()).isPresent();
        nowMs += 10_000;
        assertThat(replica.nextFetch()).isEmpty();
        replica.onPlacement(placement(SELF, EPOCH + 1));
        assertThat(replica.leader()).isEmpty();
    }

    @Test
    void aStoppedReplicaTellsItsProducersAndFollowersThatItDoesNotLead() {
        Replica replica = replica(false);
        replica.onPlacement(placement(SELF, EPOCH));
        LeaderState leading = replica.leader().orElseThrow();
        replica.stop();
        assertThat(leading.commitment(0)).isEqualTo(Commitment.NOT_LEADER);
        assertThat(replica.onFetch(new ReplicaFetch(OTHER, 1, EPOCH, 0, -1, 0))).isInstanceOf(FetchVerdict.Refused.class);
        replica.onPlacement(placement(SELF, EPOCH + 1));
        assertThat(replica.leader()).isEmpty();
    }
}
