package io.firn.membership.journal;

/**
 * When the journal is cut short by a snapshot. Whichever comes first.
 *
 * @param snapshotEntries entries since the last snapshot; larger means a longer start-up (each entry is hashed and applied)
 * @param snapshotBytes bytes since the last snapshot; smaller means the view is written more often
 */
public record JournalLimits(int snapshotEntries, long snapshotBytes) {

    public static final JournalLimits DEFAULT = new JournalLimits(10_000, 8 << 20);

    public JournalLimits {
        if (snapshotEntries < 1 || snapshotBytes < 1) {
            throw new IllegalArgumentException("snapshot limits must be positive");
        }
    }
}
