package io.firn.hot.log;

import io.firn.hot.segment.SegmentFile;
import java.util.ArrayDeque;
import java.util.Iterator;

/**
 * Which parts of the log are probably in the page cache: what was appended lately, and what was lately read ahead. A guess that
 * costs no system call; being wrong costs an event loop one wait for the disk, or the pool one needless read.
 *
 * <p>Parts that touch are kept as one window. Bounded by {@link #MAX_WINDOWS} of at most {@link #TAIL_BYTES} each; the oldest window, and the
 * beginning of one that grows, is forgotten.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class Residency {

    /** Bytes behind the end of the active segment that are taken as resident. */
    static final int TAIL_BYTES = 32 << 20;

    static final int MAX_WINDOWS = 32;

    private final ArrayDeque<Window> windows = new ArrayDeque<>();
    private SegmentFile active;
    private int appendedFrom;
    private int appendedTo;

    /** A new active segment whose bytes from {@code position} on were or will be written by this process; the one before keeps its tail. */
    void onActive(SegmentFile file, int position) {
        if (active != null && appendedTo > tailFrom()) {
            add(active, tailFrom(), appendedTo);
        }
        active = file;
        appendedFrom = position;
        appendedTo = position;
    }

    void onAppended(int endPosition) {
        appendedTo = endPosition;
    }

    void add(SegmentFile file, int from, int to) {
        int first = from;
        int end = to;
        for (Iterator<Window> each = windows.iterator(); each.hasNext();) {
            Window window = each.next();
            if (window.file == file && window.from <= end && first <= window.to) {
                first = Math.min(first, window.from);
                end = Math.max(end, window.to);
                each.remove();
            }
        }
        if (windows.size() == MAX_WINDOWS) {
            windows.removeLast();
        }
        windows.addFirst(new Window(file, Math.max(first, end - TAIL_BYTES), end));
    }

    /** Bytes from {@code position} on that are probably resident; the largest int in the tail of the active segment. */
    int runway(SegmentFile file, int position) {
        if (file == active && position >= tailFrom()) {
            return Integer.MAX_VALUE;
        }
        for (Window window : windows) {
            if (window.file == file && window.from <= position && position <= window.to) {
                return window.to - position;
            }
        }
        return 0;
    }

    boolean covers(SegmentFile file, int from, int to) {
        if (file == active && from >= tailFrom()) {
            return true;
        }
        for (Window window : windows) {
            if (window.file == file && window.from <= from && to <= window.to) {
                return true;
            }
        }
        return false;
    }

    private int tailFrom() {
        return Math.max(appendedFrom, appendedTo - TAIL_BYTES);
    }

    private record Window(SegmentFile file, int from, int to) {}
}
