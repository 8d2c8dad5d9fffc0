package io.firn.membership.journal;

import io.firn.membership.storage.Folder;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** File names of the journal: a version in 20 digits and what the file is. Pure. */
final class Names {

    private static final Pattern JOURNAL = Pattern.compile("(\\d{20})\\.journal");
    private static final Pattern SNAPSHOT = Pattern.compile("(\\d{20})\\.snapshot");

    private Names() {}

    /** The file whose first entry is {@code firstVersion}. */
    static String journal(long firstVersion) {
        return String.format("%020d.journal", firstVersion);
    }

    /** The view as of entry {@code version}. */
    static String snapshot(long version) {
        return String.format("%020d.snapshot", version);
    }

    static TreeMap<Long, String> journals(Set<String> names) {
        return numbered(names, JOURNAL);
    }

    static TreeMap<Long, String> snapshots(Set<String> names) {
        return numbered(names, SNAPSHOT);
    }

    /** Whether the journal made this file, finished or not. */
    static boolean isOurs(String name) {
        String finished = name.endsWith(Folder.TEMPORARY) ? name.substring(0, name.length() - Folder.TEMPORARY.length()) : name;
        return JOURNAL.matcher(finished).matches() || SNAPSHOT.matcher(finished).matches();
    }

    private static TreeMap<Long, String> numbered(Set<String> names, Pattern pattern) {
        return names.stream().map(pattern::matcher).filter(Matcher::matches)
                .collect(Collectors.toMap(match -> Long.valueOf(match.group(1)), match -> match.group(), (a, b) -> a, TreeMap::new));
    }
}
