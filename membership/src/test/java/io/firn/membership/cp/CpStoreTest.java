package io.firn.membership.cp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.Seeds;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.cp.GroupRecord.Entry;
import io.firn.membership.storage.AppendFile;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the CP directory keeps, gives up and refuses. */
class CpStoreTest {

    private static final CpGroup GROUP = new CpGroup("METADATA", 0, 0);
    private static final String LOG = "0-0.raft";
    private static final UUID OTHER = new UUID(7, 7);

    private final List<Throwable> stops = new ArrayList<>();
    private SimFolder folder = new SimFolder(Seeds.random(1));

    private CpStore open() {
        return CpStore.open(folder, stops::add);
    }

    private CpStore reopen(Loss loss) {
        folder = folder.afterCrash(loss);
        return open();
    }

    private GroupLog found(CpStore store) throws IOException {
        List<CpPlace> founders = List.of(new CpPlace(store.identity().uuid(), 1, "a", 1), new CpPlace(OTHER, 2, "b", 2));
        GroupLog log = store.found(GROUP, founders);
        log.open();
        return log;
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static List<Long> indexes(GroupLog log) {
        return log.entries().stream().map(Entry::index).toList();
    }

    private void assertRefused(Reason reason, String message) {
        assertThatThrownBy(this::open).isInstanceOfSatisfying(MetadataOpenFailed.class, e -> assertThat(e.reason()).isEqualTo(reason)).hasMessageContaining(message);
    }

    @Test
    void anEmptyDirectoryIsOutsideUnderANameItKeeps() {
        CpStore store = open();
        assertThat(store.identity().stage()).isEqualTo(Stage.OUTSIDE);
        assertThat(store.identity().speaks()).isFalse();
        assertThat(reopen(Loss.EVERYTHING).identity()).isEqualTo(store.identity());
    }

    @Test
    void whatWasFlushedSurvivesAPowerLossAndWhatWasNotIsGone() throws IOException {
        CpStore store = open();
        GroupLog log = found(store);
        log.term(3, Optional.of(OTHER));
        log.entry(1, 2, bytes(1));
        log.entry(2, 3, bytes(2, 2));
        log.flush();
        assertThat(log.durableIndex()).isEqualTo(2);
        log.entry(3, 3, bytes(3));
        assertThat(log.durableIndex()).isEqualTo(2);
        CpStore again = reopen(Loss.EVERYTHING);
        assertThat(again.identity()).isEqualTo(store.identity());
        GroupLog restored = again.restored().iterator().next();
        assertThat(restored.members().orElseThrow().own()).isEqualTo(store.identity().uuid());
        assertThat(restored.members().orElseThrow().initial()).containsExactly(store.identity().uuid(), OTHER);
        assertThat(restored.term()).isEqualTo(new GroupRecord.Term(3, Optional.of(OTHER)));
        assertThat(indexes(restored)).containsExactly(1L, 2L);
        assertThat(restored.entries().get(1).bytes()).containsExactly(2, 2);
        assertThat(again.durableIndex(GROUP)).isEqualTo(2);
    }

    @Test
    void aTermIsDurableWhenItReturns() throws IOException {
        GroupLog log = found(open());
        log.term(1, Optional.empty());
        log.term(1, Optional.of(OTHER));
        assertThat(reopen(Loss.EVERYTHING).restored().iterator().next().term()).isEqualTo(new GroupRecord.Term(1, Optional.of(OTHER)));
    }

    @Test
    void aVoteIsNeverReplacedWithinItsTerm() throws IOException {
        CpStore store = open();
        GroupLog log = found(store);
        log.term(1, Optional.of(OTHER));
        assertThatThrownBy(() -> log.term(1, Optional.of(new UUID(8, 8)))).isInstanceOf(IllegalArgumentException.class);
        assertThat(stops).hasSize(1);
    }

    @Test
    void aSnapshotTakesThePlaceOfTheEntriesUpToIt() throws IOException {
        GroupLog log = found(open());
        for (int i = 1; i <= 5; i++) {
            log.entry(i, 1, new byte[1000]);
        }
        log.flush();
        int before = folder.read(LOG).length;
        log.snapshot(4, 1, bytes(9));
        log.flush();
        assertThat(folder.read(LOG).length).isLessThan(before / 2);
        log.entry(6, 2, bytes(6));
        log.flush();
        GroupLog restored = reopen(Loss.EVERYTHING).restored().iterator().next();
        assertThat(restored.snapshot().orElseThrow().index()).isEqualTo(4);
        assertThat(indexes(restored)).containsExactly(5L, 6L);
    }

    @Test
    void aSnapshotFromTheLeaderMayBeAheadOfTheLog() throws IOException {
        GroupLog log = found(open());
        log.entry(1, 1, bytes(1));
        log.snapshot(50, 2, bytes(9));
        log.flush();
        log.entry(51, 2, bytes(1));
        log.flush();
        assertThat(indexes(reopen(Loss.EVERYTHING).restored().iterator().next())).containsExactly(51L);
    }

    @Test
    void aSnapshotMayBeTakenWhileRestoringBeforeTheLogIsOpened() throws IOException {
        GroupLog log = found(open());
        log.entry(1, 1, bytes(1));
        log.entry(2, 1, bytes(1));
        log.flush();
        GroupLog restored = reopen(Loss.NOTHING).log(GROUP, true);
        restored.snapshot(1, 1, bytes(9));
        restored.open();
        GroupLog last = reopen(Loss.EVERYTHING).restored().iterator().next();
        assertThat(last.snapshot()).isPresent();
        assertThat(indexes(last)).containsExactly(2L);
    }

    @Test
    void cutEntriesStayCut() throws IOException {
        GroupLog log = found(open());
        log.entry(1, 1, bytes(1));
        log.entry(2, 1, bytes(2));
        log.entry(3, 1, bytes(3));
        log.flush();
        log.cut(2);
        log.entry(2, 2, bytes(4));
        log.flush();
        GroupLog restored = reopen(Loss.EVERYTHING).restored().iterator().next();
        assertThat(indexes(restored)).containsExactly(1L, 2L);
        assertThat(restored.entries().get(1).term()).isEqualTo(2);
    }

    @Test
    void aGapBetweenEntriesStopsTheProcess() throws IOException {
        GroupLog log = found(open());
        assertThatThrownBy(() -> log.entry(2, 1, bytes(1))).isInstanceOf(IllegalArgumentException.class);
        assertThat(stops).hasSize(1);
    }

    @Test
    void aTornEndIsCutAndTheLogGoesOn() throws IOException {
        GroupLog log = found(open());
        log.entry(1, 1, bytes(1));
        log.flush();
        int good = folder.read(LOG).length;
        log.entry(2, 1, new byte[100]);
        log.flush();
        byte[] whole = folder.read(LOG);
        for (int length = good + 1; length < whole.length; length++) {
            SimFolder torn = folder.afterCrash(Loss.NOTHING);
            torn.put(LOG, Arrays.copyOf(whole, length));
            GroupLog restored = CpStore.open(torn, stops::add).log(GROUP, true);
            restored.open();
            assertThat(indexes(restored)).containsExactly(1L);
            assertThat(torn.afterCrash(Loss.EVERYTHING).read(LOG)).hasSize(good);
            restored.entry(2, 1, bytes(2));
            restored.flush();
            assertThat(indexes(CpStore.open(torn.afterCrash(Loss.EVERYTHING), stops::add).log(GROUP, true))).containsExactly(1L, 2L);
        }
    }

    @Test
    void pagesOfTheLastFrameMayBeMissingInAnyOrder() throws IOException {
        GroupLog log = found(open());
        int good = folder.read(LOG).length;
        log.entry(1, 1, new byte[5000]);
        log.entry(2, 1, new byte[5000]);
        log.flush();
        byte[] holed = folder.read(LOG);
        Arrays.fill(holed, good, good + 4096, (byte) 0);
        folder.put(LOG, holed);
        assertThat(indexes(open().log(GROUP, true))).isEmpty();
    }

    @Test
    void aBadFrameWithASoundOneBehindItIsRefusedAndNothingIsChanged() throws IOException {
        GroupLog log = found(open());
        int at = folder.read(LOG).length;
        log.entry(1, 1, bytes(1));
        log.flush();
        log.entry(2, 1, bytes(2));
        log.flush();
        byte[] flipped = folder.read(LOG);
        flipped[at + GroupFrame.HEADER_BYTES + 5] ^= 1;
        folder.put(LOG, flipped);
        assertRefused(Reason.DAMAGED, "behind it");
        assertThat(folder.read(LOG)).isEqualTo(flipped);
    }

    @Test
    void everyFlippedBitOfHeaderAndFirstFrameIsRefused() throws IOException {
        found(open());
        byte[] whole = folder.read(LOG);
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            folder.put(LOG, flipped);
            assertThatThrownBy(this::open).isInstanceOf(MetadataOpenFailed.class);
        }
    }

    @Test
    void everyFlippedBitOfTheIdentityIsRefused() throws IOException {
        found(open());
        byte[] whole = folder.read("identity");
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            folder.put("identity", flipped);
            assertThatThrownBy(this::open).isInstanceOf(MetadataOpenFailed.class);
        }
    }

    @Test
    void anEnteredGroupWithoutItsLogIsRefused() throws IOException {
        found(open());
        folder.delete(LOG);
        assertRefused(Reason.DAMAGED, "could vote twice");
    }

    @Test
    void logsWithoutAnIdentityAreRefused() throws IOException {
        found(open());
        folder.delete("identity");
        assertRefused(Reason.DAMAGED, "no identity");
    }

    @Test
    void theLogOfAnotherMemberIsRefused() throws IOException {
        found(open());
        byte[] foreign = folder.read(LOG);
        folder = new SimFolder(Seeds.random(2));
        found(open());
        folder.put(LOG, foreign);
        assertRefused(Reason.DAMAGED, "is that of");
    }

    @Test
    void formatsOfANewerFirnAreRefused() throws IOException {
        found(open());
        byte[] log = folder.read(LOG);
        byte[] identity = folder.read("identity");
        ByteBuffer.wrap(log).putShort(8, (short) 2);
        folder.put(LOG, log);
        assertRefused(Reason.TOO_NEW, "format 2");
        ByteBuffer.wrap(identity).putShort(8, (short) 2);
        folder.put("identity", identity);
        assertRefused(Reason.TOO_NEW, "format 2");
    }

    @Test
    void aLogThatWasNotEnteredYetIsDeleted() throws IOException {
        CpStore store = open();
        folder.put(LOG, bytes(1, 2, 3));
        folder.put("x.tmp", bytes(1));
        assertThat(reopen(Loss.NOTHING).identity()).isEqualTo(store.identity());
        assertThat(folder.names()).containsExactly("identity");
    }

    @Test
    void aLogBegunLaterIsEnteredAndOneGivenUpIsGone() throws IOException {
        CpStore store = open();
        store.becomeMember();
        GroupLog log = store.log(GROUP, false);
        log.open();
        assertThat(folder.names()).containsExactly("identity");
        log.begin(store.identity().uuid(), List.of(OTHER));
        log.begin(store.identity().uuid(), List.of(OTHER));
        assertThat(reopen(Loss.EVERYTHING).identity().groups()).containsExactly(GROUP);
        CpStore again = open();
        again.remove(GROUP);
        assertThat(reopen(Loss.EVERYTHING).identity().groups()).isEmpty();
        assertThat(folder.names()).containsExactly("identity");
    }

    @Test
    void whoIsOutsideCannotBeginALog() throws IOException {
        CpStore store = open();
        GroupLog log = store.log(GROUP, false);
        assertThatThrownBy(() -> log.begin(store.identity().uuid(), List.of(OTHER))).isInstanceOf(IllegalStateException.class);
        assertThat(stops).hasSize(1);
    }

    @Test
    void anOlderListOfMembersIsForgotten() throws IOException {
        CpStore store = open();
        store.members(List.of(new CpPlace(OTHER, -1, "a", 1)), 5);
        store.members(List.of(new CpPlace(OTHER, -1, "old", 1)), 4);
        assertThat(reopen(Loss.EVERYTHING).identity().members().get(0).host()).isEqualTo("a");
    }

    @Test
    void anInterruptedWipeGoesOn() throws IOException {
        for (int crash = 1; ; crash++) {
            folder = new SimFolder(Seeds.random(crash));
            CpStore store = open();
            found(store);
            UUID removed = store.identity().uuid();
            folder.crashAt(crash);
            try {
                store.wipe();
            } catch (IOException e) {
                assertThat(folder.crashed()).isTrue();
            }
            boolean done = !folder.crashed();
            CpStore again = reopen(Loss.ANY_PART);
            if (again.identity().uuid().equals(removed)) {
                assertThat(again.identity().stage()).isEqualTo(Stage.FOUNDING);
                assertThat(again.restored()).hasSize(1);
            } else {
                assertThat(again.identity().stage()).isEqualTo(Stage.OUTSIDE);
                assertThat(folder.names()).containsExactly("identity");
            }
            if (done) {
                return;
            }
        }
    }

    @Test
    void theFirstErrorStopsTheProcessOnceAndNothingIsWrittenAnyMore() throws IOException {
        CpStore store = open();
        GroupLog log = found(store);
        log.entry(1, 1, bytes(1));
        folder.failAt(2); // the force
        assertThatThrownBy(log::flush).isInstanceOf(IOException.class);
        int operations = folder.operations();
        assertThatThrownBy(log::flush).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> log.term(2, Optional.empty())).isInstanceOf(IOException.class);
        assertThatThrownBy(store::becomeMember).isInstanceOf(IOException.class);
        assertThat(stops).hasSize(1);
        assertThat(store.failed()).isTrue();
        assertThat(folder.operations()).isEqualTo(operations);
        log.close();
        store.close();
        assertThat(folder.closed()).isTrue();
    }

    @Test
    void aClosedLogTakesNothingAndIsNoErrorOfTheDisk() throws IOException {
        GroupLog log = found(open());
        log.close();
        assertThatThrownBy(() -> log.term(2, Optional.empty())).isInstanceOf(IOException.class);
        assertThat(stops).isEmpty();
    }

    @Test
    void anInterruptWaitsUntilTheDiskIsDone() throws IOException {
        GroupLog log = found(open());
        Thread.currentThread().interrupt();
        log.term(1, Optional.empty());
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void unfinishedFilesAreDeleted() throws IOException {
        found(open());
        try (AppendFile file = folder.append(LOG + ".tmp")) {
            file.append(ByteBuffer.wrap(bytes(1)));
        }
        open();
        assertThat(folder.names()).containsExactlyInAnyOrder("identity", LOG);
    }
}
