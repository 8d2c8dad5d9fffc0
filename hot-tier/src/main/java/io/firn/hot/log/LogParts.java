package io.firn.hot.log;

import io.firn.hot.HotLogConfig;
import io.firn.hot.recovery.RecoveredLog;
import io.firn.hot.segment.SealedPart;
import java.util.List;

/**
 * The collaborators of one open log, wired.
 *
 * <p>Threading: confined to the loop of the partition.
 */
public final class LogParts {

    public final LogState state;
    public final Appender appender;
    public final Roller roller;
    public final RangeFinder finder;
    public final Prefetcher prefetcher;
    public final TimeSearch times;
    public final AbortSearch aborts;
    public final Shrinker shrinker;
    public final Replacer replacer;
    public final CleanClose closer;

    public LogParts(LogContext context, HotLogConfig config, RecoveredLog recovered) {
        state = new LogState(context, config, recovered);
        Checkpoints checkpoints = new Checkpoints(context.directory(), recovered.checkpoint());
        Settler settler = new Settler(state, checkpoints);
        Background background = new Background(state);
        roller = new Roller(state, settler);
        prefetcher = new Prefetcher(state);
        finder = new RangeFinder(state, prefetcher);
        times = new TimeSearch(state, background);
        aborts = new AbortSearch(state, background);
        shrinker = new Shrinker(state, settler, checkpoints, finder);
        replacer = new Replacer(state, checkpoints, finder);
        appender = new Appender(state, roller, replacer);
        closer = new CleanClose(state, settler, checkpoints);
    }

    /** Sealed segments whose files are complete and that end at or below {@code limitOffset}, oldest first. */
    public List<SealedPart> settledBelow(long limitOffset) {
        return state.sealed().stream().takeWhile(part -> part.isSettled() && part.nextOffset() <= limitOffset).toList();
    }
}
