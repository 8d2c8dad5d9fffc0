package io.firn.cold.cache;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Shares the memory for read-ahead among those who read ahead: what they want as long as there is enough for all, else nobody more than the <em>level</em> up to which all of them can be served. Who wants less
 * than that leaves the rest to the others; who alone reads ahead may have all of it.
 *
 * <p><b>Two limits.</b> Of the units, some may be on their way: nobody can take those back, so they are what reads can never have. More may hold, or await, chunks that nobody has read: under pressure reads can have those.
 * The first is shared by those who have something on its way or lack something: who has its window full and reads slowly needs none of it.
 *
 * <p><b>Runs.</b> Memory comes back chunk by chunk as it is read, and is given out by whole runs, since a request a chunk would be many times the requests. So who has used its share up waits until it has room for a run,
 * which is a quarter of what it may have on its way, or half of it where that is a few chunks, and never more than half of what it may hold: one is read while the next is on its way. Who finds the memory of its share in use by others takes half a run or nothing.
 *
 * <p>Bounded: a sequence is known while it holds something, or lacks what it has asked for. Threading: confined to the reads thread.
 */
final class AheadBudget {

    private static final int UNBOUNDED = Integer.MAX_VALUE;

    /** So many runs of a sequence fit into what it may have on its way. As one goes out only when there is room for all of it, an eighth of that is empty on the average. */
    private static final int RUNS_ON_THE_WAY = 4;

    /** Shorter ones would be many requests for little: then two fit. */
    private static final int SHORT_RUN_UNITS = 4;

    /** What one sequence holds. */
    static final class Share {
        private final Object sequence;
        private int wantedUnits;
        private int onTheWayUnits;
        private int unreadUnits;
        /** The chunks of these units, the nearest first. */
        private final Set<Chunk> unread = new LinkedHashSet<>();
        /** Whether it has asked for what it did not get. */
        private boolean lacking;

        private Share(Object sequence) {
            this.sequence = sequence;
        }

        private boolean fetches() {
            return lacking || onTheWayUnits > 0;
        }

        private boolean holdsAnything() {
            return unreadUnits > 0 || onTheWayUnits > 0;
        }

        Set<Chunk> unread() {
            return unread;
        }

        Object sequence() {
            return sequence;
        }
    }

    /** Why a run may not go, or how much of it. */
    record Grant(ChunkCache.Ahead answer, int units) {}

    private static final Grant OWN_SHARE_USED = new Grant(ChunkCache.Ahead.SHARE_USED, 0);
    private static final Grant IN_USE_BY_OTHERS = new Grant(ChunkCache.Ahead.MEMORY_USED, 0);

    private final int onTheWayLimit;
    private final int unreadLimit;
    private final Map<Object, Share> shares = new LinkedHashMap<>();
    private int onTheWayUnits;
    private int unreadUnits;
    private int onTheWayLevel = UNBOUNDED;
    private int unreadLevel = UNBOUNDED;
    private boolean levelsStale;

    AheadBudget(int onTheWayLimit, int unreadLimit) {
        this.onTheWayLimit = onTheWayLimit;
        this.unreadLimit = unreadLimit;
    }

    /**
     * How much of a run a sequence may request.
     *
     * @param wantedUnits what it would like to have in all
     * @param chunkUnits of the first chunk, the least that is of any use
     */
    Grant ask(Object sequence, int wantedUnits, int chunkUnits, int runUnits) {
        Share share = share(sequence);
        levelsStale |= share.wantedUnits != wantedUnits || !share.fetches();
        share.wantedUnits = wantedUnits;
        share.lacking = true; // until it is requested
        refreshLevels();
        int ofOnTheWay = Math.max(onTheWayLevel / RUNS_ON_THE_WAY, Math.min(SHORT_RUN_UNITS, half(onTheWayLevel)));
        int run = Math.min(runUnits, Math.max(chunkUnits, Math.min(ofOnTheWay, half(unreadLevel))));
        int own = Math.min(unreadLevel - share.unreadUnits, onTheWayLevel - share.onTheWayUnits);
        int free = Math.min(unreadLimit - unreadUnits, onTheWayLimit - onTheWayUnits);
        if (own < run && share.holdsAnything()) {
            return OWN_SHARE_USED;
        }
        return free < Math.max(chunkUnits, half(run)) ? IN_USE_BY_OTHERS : new Grant(ChunkCache.Ahead.REQUESTED, Math.min(run, free));
    }

    /** Rounded up. */
    private static int half(int units) {
        return units / 2 + units % 2;
    }

    /** The sequence has all it wants, which is what it holds: the rest of its share is for the others, and if it holds nothing, it need not be reckoned with. */
    void content(Object sequence) {
        Share share = shares.get(sequence);
        if (share != null) {
            levelsStale |= share.fetches() || share.wantedUnits != share.unreadUnits;
            share.wantedUnits = share.unreadUnits;
            share.lacking = false;
            forgetIfIdle(share);
        }
    }

    /** Nobody follows it any more. What it has on the way still takes memory until it is there. */
    void abandon(Object sequence) {
        Share share = shares.get(sequence);
        if (share != null) {
            share.wantedUnits = 0;
            share.lacking = false;
            levelsStale = true;
            forgetIfIdle(share);
        }
    }

    /** The sequence's share; it has asked before. */
    Share share(Object sequence) {
        return shares.computeIfAbsent(sequence, unknown -> {
            levelsStale = true;
            return new Share(sequence);
        });
    }

    /** What was fetched ahead for the sequence and not read, the nearest first. */
    List<Chunk> unread(Object sequence) {
        Share share = shares.get(sequence);
        return share == null ? List.of() : List.copyOf(share.unread);
    }

    void requested(Share share, int units) {
        share.lacking = false;
        share.onTheWayUnits += units;
        share.unreadUnits += units;
        onTheWayUnits += units;
        unreadUnits += units;
    }

    /** They are there, or will never be, or a read waits for them with memory of its own. */
    void notOnTheWay(Share share, int units) {
        share.onTheWayUnits -= units;
        onTheWayUnits -= units;
        levelsStale |= !share.fetches();
        forgetIfIdle(share);
    }

    /** They were read, or given up. */
    void notUnread(Share share, int units) {
        share.unreadUnits -= units;
        unreadUnits -= units;
        forgetIfIdle(share);
    }

    int unreadUnits(Object sequence) {
        Share share = shares.get(sequence);
        return share == null ? 0 : share.unreadUnits;
    }

    int unreadUnits() {
        return unreadUnits;
    }

    /** Sequences that are reckoned with. */
    int shares() {
        return shares.size();
    }

    private void forgetIfIdle(Share share) {
        if (!share.holdsAnything() && !share.lacking && shares.remove(share.sequence, share)) {
            levelsStale = true;
        }
    }

    private void refreshLevels() {
        if (levelsStale) {
            onTheWayLevel = level(shares.values().stream().filter(Share::fetches), onTheWayLimit);
            unreadLevel = level(shares.values().stream(), unreadLimit);
            levelsStale = false;
        }
    }

    /** The greatest level to which all can be served with what they want of {@code limit}; at least 1, first come, first served then. */
    private static int level(Stream<Share> sharers, int limit) {
        int[] ascending = sharers.mapToInt(share -> share.wantedUnits).sorted().toArray();
        int left = limit;
        for (int i = 0; i < ascending.length; i++) {
            int sharing = ascending.length - i;
            if ((long) ascending[i] * sharing > left) {
                return Math.max(1, left / sharing);
            }
            left -= ascending[i];
        }
        return UNBOUNDED;
    }
}
