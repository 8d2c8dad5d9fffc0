package io.firn.gateway.config;

import java.util.Collection;
import java.util.Optional;

/** "Did you mean": the known name nearest to a misspelt one. Pure. */
final class Suggestion {

    /** Longer inputs are no misspelling; it also bounds the work. */
    private static final int MAX_CHARS = 100;

    private Suggestion() {}

    /** The known name with the fewest edits, if it is near enough to be meant; a name that only lacks its group counts as near. */
    static Optional<String> nearest(String given, Collection<String> known) {
        if (given.length() > MAX_CHARS) {
            return Optional.empty();
        }
        String best = null;
        int bestEdits = Math.max(2, given.length() / 4) + 1;
        for (String name : known) {
            int edits = name.endsWith('.' + given) ? 1 : edits(given, name);
            if (edits < bestEdits) {
                bestEdits = edits;
                best = name;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Levenshtein distance. */
    static int edits(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, Math.min(previous[j], row[j - 1]) + 1);
            }
            previous = row;
        }
        return previous[b.length()];
    }
}
