package io.firn.it.cp;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.JavaChild;
import io.firn.it.harness.Seed;
import io.firn.membership.hazelcast.CpMember;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each way in which members may go and come back, as processes under load; see the package for what is proven of each. {@code -Dfirn.cp.rounds=N} repeats those that are about chance.
 */
class CpProcessesIT {

    private static final int ROUNDS = Integer.getInteger("firn.cp.rounds", 2);

    @TempDir
    Path directory;
    private CpCluster cluster;

    @BeforeEach
    void name(TestInfo test) throws Exception {
        cluster = new CpCluster(test.getTestMethod().orElseThrow().getName(), directory);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void aKilledMemberComesBackUnderItsOldNameAndTheOthersGoOnMeanwhile() throws Exception {
        cluster.form().progress(200);
        String uuid = cluster.uuid(2);
        cluster.kill9(2);
        cluster.progress(200);
        cluster.start(2).ready(2);
        assertThat(cluster.uuid(2)).isEqualTo(uuid);
        cluster.progress(200);
        cluster.checkHistory(2);
    }

    @Test
    void allAreKilledOneAfterTheOtherWithoutWaitingForAny() throws Exception {
        cluster.form().progress(100);
        for (int round = 0; round < ROUNDS; round++) {
            for (int id = 1; id <= 3; id++) {
                cluster.kill9(id);
                cluster.start(id);
            }
        }
        cluster.ready(1, 2, 3);
        cluster.progress(100);
        cluster.checkHistory(1);
    }

    @Test
    void afterTheLossOfAMajorityChangesStopAndGoOnWhenItIsBack() throws Exception {
        cluster.form().progress(100);
        cluster.kill9(1, 3);
        cluster.start(1, 3).ready(1, 3);
        cluster.progress(100);
        cluster.kill9(2, 1);
        cluster.start(1).ready(1);
        cluster.progress(100);
        cluster.checkHistory(1);
    }

    @Test
    void allAreKilledAtOnceAgainAndAgainAndAnEndIsTorn() throws Exception {
        Random random = Seed.random("allAreKilledAtOnceAgainAndAgainAndAnEndIsTorn");
        cluster.form();
        for (int round = 0; round < ROUNDS; round++) {
            cluster.progress(50 + random.nextInt(200));
            cluster.kill9(1, 2, 3);
            byte[] part = new byte[1 + random.nextInt(100)];
            random.nextBytes(part);
            int torn = 1 + random.nextInt(3);
            cluster.tearLog(torn, part);
            cluster.start(1, 2, 3).ready(1, 2, 3);
            assertThat(cluster.log(torn)).contains("Cut the torn end of a CP log");
        }
        cluster.checkHistory(3);
    }

    @Test
    void allAreKilledAndOneDiskIsWipedWhichNeverFormsAnythingAndIsReplaced() throws Exception {
        cluster.form().progress(200);
        String lost = cluster.uuid(2);
        cluster.kill9(1, 2, 3);
        cluster.wipe(2);
        JavaChild formsAgain = cluster.launch(2, "1,2,3", "-");
        cluster.start(1, 3).ready(1, 3);
        assertThat(formsAgain.ask("ready")).contains("formed already");
        cluster.kill9(2);
        cluster.start(2).ready(2);
        assertThat(cluster.stage(2)).isEqualTo("OUTSIDE");
        cluster.progress(100);
        assertThat(cluster.member(2).ask("promote")).contains("exists with the same address");
        assertThat(cluster.stage(2)).isEqualTo("OUTSIDE");
        assertThat(cluster.member(1).ask("remove " + lost)).isEqualTo("removed");
        assertThat(cluster.member(2).ask("promote")).isEqualTo("promoted");
        assertThat(cluster.members(1)).contains(cluster.entry(2, cluster.uuid(2))).hasSize(3).noneMatch(member -> member.startsWith(lost));
        cluster.kill9(1, 2, 3);
        cluster.start(1, 2, 3).ready(1, 2, 3);
        cluster.checkHistory(2);
    }

    @Test
    void aMemberWhoseDiskIsFullEndsAtOnceAndComesBackWhenThereIsRoom() throws Exception {
        cluster.form().progress(200);
        JavaChild full = cluster.member(2);
        full.order("fill");
        assertThat(full.exitCode()).isEqualTo(CpMember.FAIL_STOP_EXIT);
        assertThat(cluster.log(2)).contains("The CP directory failed").contains("No space left on device");
        cluster.progress(200);
        cluster.start(2).ready(2);
        cluster.kill9(1);
        cluster.progress(100);
        cluster.checkHistory(2);
    }

    @Test
    void membersKeepTheirNamesAtNewAddressesOneAndThenAllAtOnce() throws Exception {
        cluster.form().progress(100);
        List<String> uuids = List.of(cluster.uuid(1), cluster.uuid(2), cluster.uuid(3));
        cluster.kill9(2);
        cluster.move(2);
        cluster.start(2).ready(2);
        assertThat(cluster.members(1)).contains(cluster.entry(2, uuids.get(1))).hasSize(3);
        cluster.progress(100);
        cluster.kill9(1, 2, 3);
        for (int id = 1; id <= 3; id++) {
            cluster.move(id);
        }
        cluster.start(1, 2, 3).ready(1, 2, 3);
        assertThat(cluster.members(3)).containsExactlyInAnyOrder(cluster.entry(1, uuids.get(0)), cluster.entry(2, uuids.get(1)), cluster.entry(3, uuids.get(2)));
        cluster.progress(100);
        cluster.checkHistory(1);
    }

    @Test
    void allStopGracefullyAndComeBack() throws Exception {
        cluster.form().progress(100);
        List<String> members = cluster.members(1);
        cluster.stop(1, 2, 3);
        cluster.start(1, 2, 3).ready(1, 2, 3);
        assertThat(cluster.members(2)).isEqualTo(members);
        cluster.progress(100);
        cluster.checkHistory(3);
    }

    @Test
    void aCrashInTheMiddleOfTheFormingIsTakenUpAgain() throws Exception {
        // Its log is there and its identity does not say so yet; and, after that, it has begun to speak.
        formWithCrashAt(15, directory.resolve("a"));
        formWithCrashAt(22, directory.resolve("b"));
    }

    private void formWithCrashAt(int change, Path place) throws Exception {
        cluster.close();
        cluster = new CpCluster("forming-" + change, place);
        JavaChild crashes = cluster.launch(2, "1,2,3", "halt:" + change);
        cluster.launch(1, "1,2,3", "-");
        cluster.launch(3, "1,2,3", "-");
        assertThat(crashes.exitCode()).isEqualTo(9);
        cluster.launch(2, "1,2,3", "-");
        cluster.ready(1, 2, 3);
        assertThat(cluster.members(1)).hasSize(3).contains(cluster.entry(2, cluster.uuid(2)));
        cluster.progress(50);
        cluster.checkHistory(2);
    }

    @Test
    void aRemovedMemberThatComesBackWipesItselfAndJoinsAnew() throws Exception {
        cluster.form().progress(100);
        String removed = cluster.uuid(3);
        cluster.kill9(3);
        cluster.start(4).ready(4);
        assertThat(cluster.member(4).ask("promote")).isEqualTo("promoted");
        assertThat(cluster.member(1).ask("remove " + removed)).isEqualTo("removed");
        cluster.progress(100);
        cluster.start(3).ready(3);
        assertThat(cluster.stage(3)).isEqualTo("OUTSIDE");
        assertThat(cluster.uuid(3)).isNotEqualTo(removed);
        assertThat(cluster.log(3)).contains("This CP member was removed by the others");
        assertThat(cluster.member(3).ask("promote")).isEqualTo("promoted");
        cluster.kill9(1);
        cluster.progress(100);
        assertThat(cluster.members(3)).contains(cluster.entry(3, cluster.uuid(3)), cluster.entry(4, cluster.uuid(4)));
        cluster.checkHistory(4);
    }

    @Test
    void aPromotionMayBeFollowedAtOnceByTheCrashOfAllAndTheLossOfAnotherDisk() throws Exception {
        cluster.form().progress(150);
        String lost = cluster.uuid(3);
        cluster.kill9(3);
        cluster.wipe(3);
        cluster.start(3).ready(3);
        assertThat(cluster.member(1).ask("remove " + lost)).isEqualTo("removed");
        assertThat(cluster.member(3).ask("promote")).isEqualTo("promoted");
        cluster.kill9(1, 2, 3);
        cluster.wipe(2);
        cluster.start(1, 3).ready(1, 3);
        cluster.progress(50);
        cluster.checkHistory(3);
    }
}
