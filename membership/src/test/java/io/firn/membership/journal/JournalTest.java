package io.firn.membership.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.ClusterView;
import io.firn.membership.Head;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.Seeds;
import io.firn.membership.entry.Entry;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Opening a journal at a head: what is above it is cut, what is at or below it is proven or refused. */
class JournalTest {

    private static final JournalLimits NEVER = new JournalLimits(Integer.MAX_VALUE, Long.MAX_VALUE);
    private static final String FIRST = "00000000000000000001.journal";

    private SimFolder folder = new SimFolder(Seeds.random(0));
    private final List<JournalRecord> written = new ArrayList<>();
    private ClusterView view = ClusterView.EMPTY;

    /** Appends entries that allocate producer ids, one record each, and commits them all at once. */
    private void append(Journal journal, int count, boolean commit) throws IOException {
        List<JournalRecord> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            var previous = written.isEmpty() ? journal.lastHash() : written.get(written.size() - 1).hash();
            Entry entry = written.isEmpty() ? new Entry.ClusterFormed("c") : new Entry.ProducerIdsAllocated(written.size() * 10L);
            JournalRecord record = JournalRecord.of(view.version() + 1, 1, 5, previous, entry);
            records.add(record);
            written.add(record);
            view = record.applyTo(view);
        }
        journal.append(records);
        if (commit) {
            journal.committed(view);
        }
    }

    private Optional<Head> head(int version) {
        return version == 0 ? Optional.empty() : Optional.of(written.get(version - 1).head());
    }

    private Journal open(int version) throws IOException {
        return Journal.open(folder, head(version), NEVER);
    }

    private void assertRefused(int version, Reason reason) {
        SimFolder before = folder.afterCrash(Loss.NOTHING);
        int operations = folder.operations();
        assertThatThrownBy(() -> open(version)).isInstanceOfSatisfying(MetadataOpenFailed.class, error -> {
            assertThat(error.reason()).isEqualTo(reason);
            assertThat(error.getMessage()).doesNotContain("\n");
        });
        assertThat(folder.operations()).as("a refused opening changes nothing").isEqualTo(operations);
        assertThat(before.operations()).isZero();
    }

    @Test
    void entriesUpToTheHeadAreThereAndThoseAboveAreCut() throws Exception {
        append(open(0), 6, true);
        for (int head = 6; head >= 1; head--) {
            Journal journal = open(head);
            assertThat(journal.openedView().version()).isEqualTo(head);
            assertThat(journal.lastHash()).isEqualTo(written.get(head - 1).hash());
            assertThat(folder.read(FIRST)).hasSize(sizeUpTo(head));
        }
    }

    @Test
    void aJournalCutAtEveryByteKeepsTheCommittedEntriesOrIsRefused() throws Exception {
        append(open(0), 6, true);
        byte[] whole = folder.read(FIRST);
        for (int head = 3; head <= 6; head++) {
            for (int size = 0; size <= whole.length; size++) {
                folder = new SimFolder(Seeds.random(0));
                folder.put(FIRST, Arrays.copyOf(whole, size));
                if (size >= sizeUpTo(head)) {
                    assertThat(open(head).openedView().version()).isEqualTo(head);
                    assertThat(folder.read(FIRST)).isEqualTo(Arrays.copyOf(whole, sizeUpTo(head)));
                } else {
                    assertRefused(head, Reason.DAMAGED);
                }
            }
        }
    }

    @Test
    void everyFlippedBitIsHarmlessAboveTheHeadAndRefusedAtOrBelowIt() throws Exception {
        append(open(0), 5, true);
        byte[] whole = folder.read(FIRST);
        int head = 3;
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] bad = whole.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            folder = new SimFolder(Seeds.random(0));
            folder.put(FIRST, bad);
            if (bit / 8 >= sizeUpTo(head)) {
                assertThat(open(head).openedView().version()).isEqualTo(head);
            } else {
                assertRefused(head, Reason.DAMAGED);
            }
        }
    }

    @Test
    void aTornTailIsCutDurablySoThatNewEntriesCannotMeetOldOnes() throws Exception {
        append(open(0), 3, true);
        append(open(3), 2, false);
        List<JournalRecord> lost = List.copyOf(written.subList(3, 5));
        written.subList(3, 5).clear();
        Journal journal = open(3);
        view = journal.openedView();
        folder = folder.afterCrash(Loss.EVERYTHING);
        assertThat(folder.read(FIRST)).hasSize(sizeUpTo(3));
        append(open(3), 1, true);
        assertThat(open(4).openedView().version()).isEqualTo(4);
        assertThat(lost).hasSize(2);
    }

    @Test
    void anEntryFromAnotherHistoryIsRefusedAlthoughItIsSound() throws Exception {
        append(open(0), 3, true);
        JournalRecord other = JournalRecord.of(3, 1, 6, written.get(1).hash(), new Entry.ProducerIdsAllocated(999));
        byte[] whole = folder.read(FIRST);
        folder.put(FIRST, concat(Arrays.copyOf(whole, sizeUpTo(2)), other.bytes()));
        assertRefused(3, Reason.DAMAGED);
        JournalRecord unchained = JournalRecord.of(3, 1, 5, written.get(0).hash(), new Entry.ProducerIdsAllocated(20));
        folder.put(FIRST, concat(Arrays.copyOf(whole, sizeUpTo(2)), unchained.bytes()));
        assertRefused(3, Reason.DAMAGED);
    }

    @Test
    void anEntryThatDoesNotFitTheViewIsRefused() throws Exception {
        append(open(0), 2, true);
        JournalRecord twice = JournalRecord.of(3, 1, 5, written.get(1).hash(), new Entry.ProducerIdsAllocated(1));
        folder.put(FIRST, concat(folder.read(FIRST), twice.bytes()));
        written.add(twice);
        assertRefused(3, Reason.DAMAGED);
    }

    @Test
    void anEntryOfANewerFirnIsRefusedAsSuch() throws Exception {
        append(open(0), 2, true);
        for (int[] place : new int[][] {{61, 99}, {62, 9}, {8, 2}}) {
            byte[] bytes = JournalRecord.of(3, 1, 5, written.get(1).hash(), new Entry.ControllerElected()).bytes().clone();
            bytes[place[0]] = (byte) place[1];
            java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
            crc.update(bytes, 8, bytes.length - 8);
            ByteBuffer.wrap(bytes).putInt(4, (int) crc.getValue());
            folder.put(FIRST, concat(Arrays.copyOf(folder.read(FIRST), sizeUpTo(2)), bytes));
            written.add(JournalRecord.of(3, 1, 5, written.get(1).hash(), new Entry.ControllerElected()));
            assertRefused(3, Reason.TOO_NEW);
            written.remove(2);
        }
    }

    @Test
    void aStoreThatLostItsHeadIsNotTakenForAnEmptyCluster() throws Exception {
        append(open(0), 3, true);
        assertRefused(0, Reason.DAMAGED);
    }

    @Test
    void anInterruptedFormingOfTheClusterIsBegunAgain() throws Exception {
        append(open(0), 2, true);
        Journal journal = open(0);
        assertThat(journal.openedView()).isEqualTo(ClusterView.EMPTY);
        assertThat(folder.read(FIRST)).hasSize(JournalFile.HEADER_BYTES);
    }

    @Test
    void aLostJournalOrSnapshotIsRefused() throws Exception {
        append(open(0), 3, true);
        SimFolder full = folder;
        folder = new SimFolder(Seeds.random(0));
        assertRefused(3, Reason.DAMAGED);
        folder = full;
        append(Journal.open(folder, head(3), new JournalLimits(2, Long.MAX_VALUE)), 1, true);
        assertThat(folder.names()).containsExactlyInAnyOrder("00000000000000000004.snapshot", "00000000000000000005.journal");
        folder.delete("00000000000000000004.snapshot");
        assertRefused(4, Reason.DAMAGED);
    }

    @Test
    void aSnapshotNewerThanTheHeadIsRefused() throws Exception {
        append(Journal.open(folder, Optional.empty(), new JournalLimits(2, Long.MAX_VALUE)), 2, true);
        assertRefused(1, Reason.DAMAGED);
        assertRefused(0, Reason.DAMAGED);
    }

    @Test
    void everyFlippedBitOfASnapshotIsRefused() throws Exception {
        append(Journal.open(folder, Optional.empty(), new JournalLimits(2, Long.MAX_VALUE)), 2, true);
        String name = "00000000000000000002.snapshot";
        byte[] good = folder.read(name);
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            folder.put(name, bad);
            assertThatThrownBy(() -> open(2)).isInstanceOf(MetadataOpenFailed.class);
        }
        folder.put(name, good);
        assertThat(open(2).openedView()).isEqualTo(view);
    }

    @Test
    void snapshotsBoundTheJournalByEntriesAndByBytes() throws Exception {
        Journal journal = Journal.open(folder, Optional.empty(), new JournalLimits(10, Long.MAX_VALUE));
        for (int i = 0; i < 95; i++) {
            append(journal, 1, true);
            assertThat(folder.names()).hasSizeLessThanOrEqualTo(2);
        }
        assertThat(folder.names()).containsExactlyInAnyOrder("00000000000000000090.snapshot", "00000000000000000091.journal");
        assertThat(open(95).openedView()).isEqualTo(view);
        journal = Journal.open(folder, head(95), new JournalLimits(1000, 500));
        append(journal, 5, true);
        assertThat(folder.names()).contains("00000000000000000100.snapshot");
    }

    @Test
    void filesLeftOverFromAnInterruptedSnapshotAreIgnoredAndRemoved() throws Exception {
        append(open(0), 3, true);
        SimFolder old = folder.afterCrash(Loss.NOTHING);
        append(Journal.open(folder, head(3), new JournalLimits(4, Long.MAX_VALUE)), 1, true);
        folder.put(FIRST, old.read(FIRST));
        folder.put("00000000000000000001.snapshot", new byte[] {1});
        folder.put("00000000000000000009.snapshot.tmp", new byte[] {1});
        assertThat(open(4).openedView()).isEqualTo(view);
        assertThat(folder.names()).containsExactlyInAnyOrder("00000000000000000004.snapshot", "00000000000000000005.journal");
    }

    @Test
    void aCrashBetweenSnapshotAndNewFileGoesOnInTheOldFile() throws Exception {
        append(open(0), 4, true);
        folder.put("00000000000000000004.snapshot", new Snapshot(view, written.get(3).hash()).encode());
        append(open(4), 2, true);
        assertThat(folder.names()).containsExactlyInAnyOrder("00000000000000000004.snapshot", FIRST);
        assertThat(open(6).openedView()).isEqualTo(view);
        folder.put("00000000000000000004.snapshot", new Snapshot(view.at(4, 1), written.get(2).hash()).encode());
        assertRefused(6, Reason.DAMAGED);
    }

    @Test
    void aRenamedFileIsRefused() throws Exception {
        append(open(0), 4, true);
        folder.put("00000000000000000002.journal", folder.read(FIRST));
        folder.delete(FIRST);
        assertRefused(4, Reason.DAMAGED);
    }

    private int sizeUpTo(int version) {
        return JournalFile.HEADER_BYTES + written.subList(0, version).stream().mapToInt(record -> record.bytes().length).sum();
    }

    private static byte[] concat(byte[] a, byte[] b) {
        return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
    }

    @Test
    void withoutAHeadEverySoundEntryAfterTheSnapshotIsThereAndTheRestIsCut() throws Exception {
        append(open(0), 6, true);
        for (int sizeBytes = folder.read(FIRST).length; sizeBytes >= 0; sizeBytes--) {
            SimFolder cut = new SimFolder(Seeds.random(0));
            cut.put(FIRST, Arrays.copyOf(folder.read(FIRST), sizeBytes));
            Journal journal = Journal.openUnproven(cut, NEVER);
            int whole = 0;
            while (whole < 6 && sizeUpTo(whole + 1) <= sizeBytes) {
                whole++;
            }
            assertThat(journal.openedView()).isEqualTo(ClusterView.EMPTY);
            assertThat(journal.openedTail()).isEqualTo(written.subList(0, whole));
            assertThat(Journal.openUnproven(cut, NEVER).openedTail()).hasSize(whole);
        }
    }

    @Test
    void whatAKilledProcessHadNotForcedIsForcedBeforeItCountsAsThere() throws Exception {
        append(open(0), 2, true);
        JournalRecord unforced = JournalRecord.of(3, 1, 5, written.get(1).hash(), new Entry.ControllerElected());
        folder.append(FIRST).append(ByteBuffer.wrap(unforced.bytes()));
        folder = folder.afterCrash(Loss.NOTHING);
        assertThat(Journal.openUnproven(folder, NEVER).openedTail()).hasSize(3).endsWith(unforced);
        folder = folder.afterCrash(Loss.EVERYTHING);
        assertThat(Journal.openUnproven(folder, NEVER).openedTail()).hasSize(3).endsWith(unforced);
    }

    @Test
    void entriesThatLostAreCutDurablyAndOthersTakeTheirPlace() throws Exception {
        append(open(0), 6, true);
        Journal journal = Journal.openUnproven(folder, NEVER);
        journal.cut(written.subList(4, 6));
        folder = folder.afterCrash(Loss.EVERYTHING);
        Journal reopened = Journal.openUnproven(folder, NEVER);
        assertThat(reopened.openedTail()).isEqualTo(written.subList(0, 4));
        assertThat(reopened.lastHash()).isEqualTo(written.get(3).hash());
        JournalRecord other = JournalRecord.of(5, 2, 5, written.get(3).hash(), new Entry.ControllerElected());
        reopened.append(List.of(other));
        assertThat(Journal.openUnproven(folder, NEVER).openedTail()).hasSize(5).endsWith(other);
        assertThatThrownBy(() -> reopened.cut(written.subList(3, 4))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aSnapshotInstalledOverALaggingJournalIsWholeOrNotThereAfterACrashAtEveryOperation() throws Exception {
        append(open(0), 12, true);
        ClusterView later = view;
        Snapshot snapshot = new Snapshot(later, written.get(11).hash());
        JournalRecord next = JournalRecord.of(13, 1, 5, written.get(11).hash(), new Entry.ControllerElected());
        byte[] lagging = Arrays.copyOf(folder.read(FIRST), (int) sizeUpTo(7));
        for (Loss loss : Loss.values()) {
            for (int at = 1; at < 20; at++) {
                SimFolder disk = new SimFolder(Seeds.random(at));
                disk.put(FIRST, lagging);
                disk.crashAt(at);
                try {
                    Journal journal = Journal.openUnproven(disk, NEVER);
                    journal.install(snapshot);
                    journal.append(List.of(next));
                } catch (IOException e) {
                    assertThat(disk.crashed()).isTrue();
                }
                Journal reopened = Journal.openUnproven(disk.afterCrash(loss), NEVER);
                if (reopened.openedView().version() == 0) {
                    assertThat(reopened.openedTail()).isEqualTo(written.subList(0, 7));
                } else {
                    assertThat(reopened.openedView()).isEqualTo(later);
                    assertThat(reopened.openedTail()).isIn(List.of(), List.of(next));
                    assertThat(reopened.lastVersion()).isEqualTo(12 + reopened.openedTail().size());
                }
            }
        }
    }

    @Test
    void aSnapshotBelowTheNewestEntryKeepsWhatLiesAboveIt() throws Exception {
        Journal journal = Journal.open(folder, head(0), new JournalLimits(1, 1 << 20));
        append(journal, 4, false);
        ClusterView two = ClusterView.EMPTY;
        for (JournalRecord record : written.subList(0, 2)) {
            two = record.applyTo(two);
        }
        journal.committed(two, written.get(1).hash(), written.subList(2, 4));
        Journal reopened = Journal.openUnproven(folder.afterCrash(Loss.EVERYTHING), NEVER);
        assertThat(reopened.openedView()).isEqualTo(two);
        assertThat(reopened.openedTail()).isEqualTo(written.subList(2, 4));
    }
}
