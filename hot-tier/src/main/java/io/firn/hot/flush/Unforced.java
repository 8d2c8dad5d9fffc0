package io.firn.hot.flush;

import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SegmentFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What of one log may have to be forced before its newest bytes count as durable: files in the order of their offsets, and whether
 * the directory has names that were never forced.
 *
 * <p>Threading: immutable.
 */
public record Unforced(LogDirectory directory, List<SegmentFile> files, boolean names) {

    public Unforced {
        files = List.copyOf(files);
        if (files.isEmpty()) {
            throw new IllegalArgumentException("a log has at least one file");
        }
    }

    /** The same and a file just created. */
    Unforced with(SegmentFile created) {
        List<SegmentFile> more = new ArrayList<>(files);
        more.add(created);
        return new Unforced(directory, more, true);
    }

    /** What is left after {@code forced}, an earlier state of this one, was forced: its last file may have got more bytes since. */
    Unforced without(Unforced forced) {
        int first = files.indexOf(forced.files.get(forced.files.size() - 1));
        boolean newNames = files.size() - first > 1;
        return new Unforced(directory, files.subList(first, files.size()), newNames);
    }

    /** Forces all of it; blocks. Files that have left the log are passed over: nothing of them counts any more. */
    void force() throws IOException {
        for (SegmentFile file : files) {
            if (file.tryRetain()) {
                try {
                    file.force();
                } finally {
                    file.release();
                }
            }
        }
        if (names) {
            directory.force();
        }
    }
}
