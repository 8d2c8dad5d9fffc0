package io.firn.gateway.share;

import io.firn.gateway.api.Request;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * One share fetch under way, from the first look at its partitions to the records it is answered with.
 *
 * <p>States: giving (each loop's partitions in turn, within the records left) → something given, or an error? then gathering (bytes that come from the disk or the bucket) → done;
 * else waiting for a high watermark to move, for records to be given back, or for {@code maxWait} to end → giving again. No thread is held in any state. With more than one byte as
 * minimum, giving begins when that much is there, or at the end of {@code maxWait}. A wait looks every {@value #LOOK_FOR_MEMBER_MS} ms whether the member is still there.
 *
 * <p><b>Gathering</b> may outlast {@code maxWait}: then what is there by then is the answer, and bytes that come later give nothing to anybody. They fill the cache, where the next
 * fetch finds them.
 *
 * <p>Threading: confined to the connection's loop; a partition of another loop is tried there, by a message that carries the records left, and one back.
 */
final class ShareFetchOperation {
    /** Least time given to reads from the cold tier, also when the client would rather have an empty answer at once. */
    private static final long GATHER_MIN_MS = 500;
    /** Pause before looking again for records that are there, but whose place in the file is still being read; and how often one fetch does so. */
    private static final long LOOK_AGAIN_MS = 5;
    private static final int MOST_LOOKS = 100;
    private static final long LOOK_FOR_MEMBER_MS = 10_000;
    /** Most bytes of records in one answer, as for any fetch. */
    private static final int MAX_BYTES = 55 << 20;

    private final Request request;
    private final EventLoop loop;
    private final Wish wish;
    private final InstantSource clock;
    private final long deadlineMs;
    private final List<ShareFetchPart> parts;
    private final List<List<ShareFetchPart>> byLoop;
    private final List<Runnable> watches = new ArrayList<>();
    private final CompletableFuture<List<ShareFetchPart>> done = new CompletableFuture<>();

    private Future<?> timer;
    private boolean measured;
    private boolean wakeQueued;
    private boolean waiting;
    private boolean expired;
    private int looks;
    private boolean ended;

    /** What the member asks for. */
    record Wish(Delivery.Ask ask, int maxWaitMs, int minBytes, int maxBytes) {}

    ShareFetchOperation(Request request, Wish wish, List<ShareFetchPart> parts, InstantSource clock) {
        this.request = request;
        this.loop = request.loop();
        this.wish = wish;
        this.parts = parts;
        this.clock = clock;
        this.deadlineMs = clock.millis() + Math.max(0, wish.maxWaitMs());
        Map<Executor, List<ShareFetchPart>> grouped = new LinkedHashMap<>();
        parts.stream().filter(ShareFetchPart::located).forEach(part -> grouped.computeIfAbsent(part.partition().loop(), any -> new ArrayList<>()).add(part));
        this.byLoop = List.copyOf(grouped.values());
    }

    /** Completes on the connection's loop with all parts, whose answers are then fixed and whose bytes are the receiver's. Never fails. */
    CompletableFuture<List<ShareFetchPart>> start() {
        if (wish.ask().maxRecords() <= 0 || wish.maxBytes() <= 0) {
            finish();
        } else {
            round();
        }
        return done;
    }

    private int bytesEach() {
        return Math.max(1, Math.min(wish.maxBytes(), MAX_BYTES) / Math.max(1, parts.size()));
    }

    // Giving

    private void round() {
        measured = expired || wish.minBytes() <= 1;
        over(0, 0);
    }

    /** Goes over the groups of parts from {@code group} on, one loop after the other; {@code sum} is what the earlier ones came to, in records or bytes. */
    private void over(int group, long sum) {
        if (group == byLoop.size()) {
            evaluate(sum);
            return;
        }
        List<ShareFetchPart> mine = byLoop.get(group);
        Executor owner = mine.get(0).partition().loop();
        boolean give = measured;
        if (owner == loop) {
            over(group + 1, sum + work(mine, give, sum));
        } else {
            owner.execute(() -> {
                long all = sum + work(mine, give, sum);
                loop.execute(() -> over(group + 1, all));
            });
        }
    }

    private long work(List<ShareFetchPart> mine, boolean give, long before) {
        long sum = 0;
        for (ShareFetchPart part : mine) {
            sum += give ? part.attempt(left(before + sum), bytesEach()) : part.available(bytesEach());
        }
        return sum;
    }

    private Delivery.Ask left(long used) {
        Delivery.Ask all = wish.ask();
        return new Delivery.Ask(all.member(), all.exactly(), (int) Math.max(0, all.maxRecords() - used), all.batchSize());
    }

    private void evaluate(long sum) {
        if (!measured && sum >= wish.minBytes()) {
            measured = true;
            over(0, 0);
            return;
        }
        boolean failed = parts.isEmpty() || parts.stream().anyMatch(ShareFetchPart::failed);
        boolean something = parts.stream().anyMatch(part -> part.hasRecords() || part.reading().isPresent());
        long leftMs = deadlineMs - clock.millis();
        if (failed || something || expired || leftMs <= 0) {
            gather();
        } else if (request.abandoned()) {
            finish();
        } else if (parts.stream().anyMatch(ShareFetchPart::lookAtOnce)) {
            loop.execute(this::round);
        } else {
            await(Math.min(leftMs, wish.maxWaitMs()));
        }
    }

    // Waiting

    private void await(long waitMs) {
        waiting = true;
        boolean lookAgain = LOOK_AGAIN_MS < waitMs && looks < MOST_LOOKS && parts.stream().anyMatch(ShareFetchPart::notFoundYet);
        looks += lookAgain ? 1 : 0;
        timer = lookAgain ? loop.schedule(this::wake, LOOK_AGAIN_MS, TimeUnit.MILLISECONDS)
                : waitMs > LOOK_FOR_MEMBER_MS ? loop.schedule(this::wake, LOOK_FOR_MEMBER_MS, TimeUnit.MILLISECONDS) : loop.schedule(this::expire, waitMs, TimeUnit.MILLISECONDS);
        for (List<ShareFetchPart> mine : byLoop) {
            Executor owner = mine.get(0).partition().loop();
            if (owner == loop) {
                watches.add(watch(mine));
            } else {
                owner.execute(() -> {
                    Runnable unwatch = watch(mine);
                    loop.execute(() -> registered(() -> owner.execute(unwatch)));
                });
            }
        }
    }

    /** On the partitions' loop. What came since the attempt wakes at once. */
    private Runnable watch(List<ShareFetchPart> mine) {
        Runnable listener = this::wakeSoon;
        LongConsumer watermarkListener = watermark -> wakeSoon();
        List<Runnable> ends = mine.stream().map(part -> part.watch(listener, watermarkListener)).toList();
        if (mine.stream().anyMatch(ShareFetchPart::changedSinceAttempt)) {
            wakeSoon();
        }
        return () -> ends.forEach(Runnable::run);
    }

    private void registered(Runnable unwatch) {
        if (waiting) {
            watches.add(unwatch);
        } else {
            unwatch.run();
        }
    }

    /** From any loop. The task runs after what is queued already, so that one wake sees a whole burst. */
    private void wakeSoon() {
        loop.execute(() -> {
            if (waiting && !wakeQueued) {
                wakeQueued = true;
                loop.execute(this::wake);
            }
        });
    }

    /** The wait is over whatever the wall clock says by now: it may have been set back. */
    private void expire() {
        expired = true;
        wake();
    }

    private void wake() {
        wakeQueued = false;
        if (!waiting) {
            return;
        }
        waiting = false;
        timer.cancel(false);
        watches.forEach(Runnable::run);
        watches.clear();
        if (request.abandoned()) {
            finish();
        } else {
            round();
        }
    }

    // Gathering

    private void gather() {
        List<CompletableFuture<Void>> pending = parts.stream().flatMap(part -> part.reading().stream()).toList();
        if (pending.isEmpty()) {
            finish();
            return;
        }
        CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new)).whenCompleteAsync((all, failed) -> finish(), loop);
        timer = loop.schedule(this::closeAll, Math.max(GATHER_MIN_MS, deadlineMs - clock.millis()), TimeUnit.MILLISECONDS);
    }

    /** Where a part gives is decided on its partition's loop, and so is that it does not any more. */
    private void closeAll() {
        CompletableFuture<?>[] closed = parts.stream().filter(ShareFetchPart::located)
                .map(part -> CompletableFuture.runAsync(part::close, part.partition().loop())).toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(closed).whenCompleteAsync((all, failed) -> finish(), loop);
    }

    private void finish() {
        if (ended) {
            return;
        }
        ended = true;
        if (timer != null) {
            timer.cancel(false);
        }
        done.complete(parts);
    }
}
