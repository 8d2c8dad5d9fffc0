package io.firn.cold.cache;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * Chunks by address: one request for each, however many readers want it, and one for several neighbours ({@link RunFetches}); verified once, on arrival; evicted least recently used first.
 *
 * <p><b>Memory.</b> All buffers come from one {@link BufferPool}. Of its units, seven sixteenths less a few may be on their way ahead of readers (five of a small cache), the others may be pinned by reads ({@link PinBudget}: who wants more
 * waits), and one half hold, or await, chunks fetched ahead that nobody has read yet ({@link AheadBudget}: who wants more is refused, not queued). So whoever was let in finds a buffer: what is neither pinned nor on its way can be
 * evicted, unread chunks last.
 *
 * <p><b>Invariants.</b> A buffer is filled by one request at a time, and not read before its checksum was compared; a pinned chunk is
 * never evicted; a chunk that fails its checksum twice is {@link ColdStoreException.Corrupt} for those who wait and is not kept.
 *
 * <p><b>Local disk.</b> What is not in memory is looked for in the {@link DiskCache} before the store; a load takes no place among the requests, and if the disk takes too long the store is asked after all. A chunk goes there while it is in memory, when a reader has asked for it that had been asked
 * for before; meanwhile its units count as pinned, and if they are not to be had at once, or a read comes to want them before the write has begun, it does not go: a read never waits for a write that has not begun, nor for one that hangs.
 *
 * <p>Threading: confined to the reads thread.
 */
public final class ChunkCache {

    /** How a request ahead of readers ended. */
    public enum Ahead {
        /** The first chunks of the run are on their way, all of them if there is memory. */
        REQUESTED,
        /** It takes new buffers, and this task has made as many as it may: ask again in a further one. */
        LATER,
        /** The sequence has its share of the memory. */
        SHARE_USED,
        /** The memory is in use by others. */
        MEMORY_USED
    }

    private final ColdMeters meters;
    private final BufferPool pool;
    private final PinBudget pins;
    private final AheadBudget budget;
    private final RunFetches runs;
    private final DiskCache disk;
    /** In order of use, the least recent first. */
    private final Map<ChunkAddress.Key, Chunk> chunks = new LinkedHashMap<>(64, 0.75f, true);

    public ChunkCache(RangedGets gets, ColdThreads threads, ColdMeters meters, BufferPool pool, FetchQueue fetches, DiskCache disk) {
        this.meters = meters;
        this.pool = pool;
        int onTheWay = onTheWayLimit(pool.capacityUnits());
        this.pins = new PinBudget(Math.max(1, pool.capacityUnits() - onTheWay), disk::dropWaiting);
        this.budget = new AheadBudget(onTheWay, Math.max(1, pool.capacityUnits() / 2));
        this.runs = new RunFetches(gets, threads, meters, fetches, this::arrived);
        this.disk = disk;
    }

    /** Seven sixteenths less 8, and of small caches five: reads have to hold a whole batch. Grows without a step, and so does what is left for them. */
    private static int onTheWayLimit(int units) {
        return Math.max(1, Math.max(units / 4 + units / 16, units * 7 / 16 - 8));
    }

    public PinBudget pins() {
        return pins;
    }

    public BufferPool pool() {
        return pool;
    }

    /**
     * Chunks, each pinned for the caller when it is there, who holds enough of the budget and unpins it. Each fails with {@link ColdStoreException} by itself.
     *
     * @param addresses in order; of neighbours that are not there several come by one request
     * @param reader whose turn the requests take
     * @return one for each address; fewer, even none, if for the next one a further task has to make memory
     */
    public List<CompletableFuture<Chunk>> acquire(List<ChunkAddress> addresses, Object reader) {
        addresses.forEach(address -> chunks.get(address.key())); // in use from now on: not what makes room for its neighbours
        List<CompletableFuture<Chunk>> acquired = new ArrayList<>();
        List<Chunk> missing = new ArrayList<>();
        for (ChunkAddress address : addresses) {
            Optional<Chunk> present = find(address);
            if (present.isPresent()) {
                acquired.add(acquire(present.get()));
                continue;
            }
            if (!pool.affords(address.length())) {
                break;
            }
            Optional<Chunk> entered = buffer(address.length(), true).map(buffer -> enter(address, buffer));
            acquired.add(entered.map(this::await).orElseGet(() -> CompletableFuture.failedFuture(noMemory(address))));
            entered.ifPresent(this::ask);
            entered.filter(chunk -> !load(chunk)).ifPresent(missing::add);
        }
        missing.forEach(chunk -> meters.chunkMiss());
        runs.demand(missing, reader);
        return acquired;
    }

    private CompletableFuture<Chunk> acquire(Chunk present) {
        endUnread(present);
        endOnTheWay(present);
        ask(present);
        if (present.state == Chunk.State.READY) {
            present.pins++;
            keep(present);
            meters.chunkHit();
            return CompletableFuture.completedFuture(present);
        }
        meters.chunkJoined();
        if (present.state == Chunk.State.LOADING) {
            disk.promote(present.address);
        } else {
            runs.promote(present);
        }
        return await(present);
    }

    private CompletableFuture<Chunk> await(Chunk chunk) {
        CompletableFuture<Chunk> waiter = new CompletableFuture<>();
        chunk.waiters.add(waiter);
        return waiter;
    }

    /** Whether a chunk is there or on its way; it counts as used now. */
    public boolean holds(ChunkAddress address) {
        return find(address).isPresent();
    }

    /** Not what is on its way for somebody whose checksums came to nothing: nobody can tell any more whether it is sound. It ends by itself. */
    private Optional<Chunk> find(ChunkAddress address) {
        Chunk found = chunks.get(address.key());
        if (found != null && found.address.lacksChecksum()) {
            chunks.remove(address.key());
            return Optional.empty();
        }
        return Optional.ofNullable(found);
    }

    /** Whether a chunk is in memory, on its way, or on the local disk. */
    public boolean isNear(ChunkAddress address) {
        return chunks.containsKey(address.key()) || disk.holds(address);
    }

    /**
     * Fetches chunks that will be wanted, by one request: all of them, or the first ones as far as there is memory, but not much less than a sequence's share allows at once.
     *
     * @param run neighbours, none of which is there
     * @param sequence for whom, see {@link #abandon}
     * @param wantedBytes what it would like to have ahead in all
     */
    public Ahead ahead(List<ChunkAddress> run, Object sequence, long wantedBytes) {
        int chunkUnits = pool.units(run.get(0).length());
        int wantedUnits = (int) Math.min(pool.capacityUnits(), wantedBytes / pool.unitBytes() + 1);
        AheadBudget.Grant grant = budget.ask(sequence, wantedUnits, chunkUnits, chunkUnits * run.size());
        if (grant.answer() != Ahead.REQUESTED) {
            return grant.answer();
        }
        List<ChunkAddress> granted = run.subList(0, grant.units() / chunkUnits);
        if (!canMakeRoom(Math.max(chunkUnits, (grant.units() + 1) / 2))) {
            return Ahead.MEMORY_USED;
        }
        List<ByteBuffer> buffers = new ArrayList<>();
        boolean later = take(granted, buffers);
        boolean kept = chunkUnits == 1; // by the pool, for the further task
        if (later && kept || buffers.isEmpty()) {
            buffers.forEach(pool::give);
            return later ? Ahead.LATER : Ahead.MEMORY_USED;
        }
        request(granted.subList(0, buffers.size()), buffers, sequence);
        return Ahead.REQUESTED;
    }

    /** Whether so many units are free, or taken by chunks that may go for read-ahead: none goes for a run that would be too short in the end. */
    private boolean canMakeRoom(int units) {
        int room = pool.capacityUnits() - pool.usedUnits();
        for (Iterator<Chunk> eldest = chunks.values().iterator(); room < units && eldest.hasNext(); ) {
            Chunk chunk = eldest.next();
            room += mayGo(chunk, false) ? pool.units(chunk.length()) : 0;
        }
        return room >= units;
    }

    /** Takes buffers for these chunks, one after the other, as far as there are any; whether it ended because a further task has to make them. */
    private boolean take(List<ChunkAddress> addresses, List<ByteBuffer> buffers) {
        for (ChunkAddress address : addresses) {
            if (!pool.affords(address.length())) {
                return true;
            }
            Optional<ByteBuffer> buffer = buffer(address.length(), false);
            if (buffer.isEmpty()) {
                return false;
            }
            buffers.add(buffer.get());
        }
        return false;
    }

    private void request(List<ChunkAddress> addresses, List<ByteBuffer> buffers, Object sequence) {
        List<Chunk> together = new ArrayList<>();
        AheadBudget.Share share = budget.share(sequence);
        for (int i = 0; i < addresses.size(); i++) {
            Chunk chunk = enter(addresses.get(i), buffers.get(i));
            chunk.share = share;
            chunk.unread = true;
            chunk.onTheWayAhead = true;
            share.unread().add(chunk);
            budget.requested(share, pool.units(chunk.length()));
            meters.chunkAhead();
            if (!load(chunk)) {
                together.add(chunk);
            } else if (!together.isEmpty()) {
                runs.ahead(together, sequence);
                together.clear();
            }
        }
        if (!together.isEmpty()) {
            runs.ahead(together, sequence);
        }
    }

    /** The sequence has ahead what it would like to have: others need not leave anything for it. */
    public void content(Object sequence) {
        budget.content(sequence);
    }

    /** Nobody follows this sequence any more: what was fetched ahead for it loses its protection, what has not begun is cancelled. */
    public void abandon(Object sequence) {
        giveUpBehind(sequence, 0);
        budget.abandon(sequence);
    }

    /** The sequence gets to no more than {@code bytes} of what was fetched ahead for it soon: what lies behind them loses its protection as if it were abandoned. */
    public void keepAhead(Object sequence, long bytes) {
        if ((long) budget.unreadUnits(sequence) * pool.unitBytes() > bytes && giveUpBehind(sequence, bytes)) {
            budget.content(sequence);
        }
    }

    private boolean giveUpBehind(Object sequence, long bytes) {
        long nearer = 0;
        boolean any = false;
        for (Chunk chunk : budget.unread(sequence)) {
            if (chunk.unread && nearer >= bytes) {
                runs.cancel(chunk).forEach(this::withdraw);
                endUnread(chunk);
                any = true;
            }
            nearer += chunk.length();
        }
        return any;
    }

    private void withdraw(Chunk cancelled) {
        endUnread(cancelled);
        endOnTheWay(cancelled);
        drop(cancelled);
    }

    public void unpin(Chunk chunk) {
        if (--chunk.pins < 0) {
            throw new IllegalStateException("Chunk " + chunk.address + " was unpinned too often");
        }
    }

    /** Pins held now, for tests and metrics. */
    public int pinned() {
        return chunks.values().stream().mapToInt(chunk -> chunk.pins).sum();
    }

    /** Buffers with chunks fetched ahead that nobody has read. */
    public int unreadUnits() {
        return budget.unreadUnits();
    }

    private Chunk enter(ChunkAddress address, ByteBuffer buffer) {
        Chunk chunk = new Chunk(address, buffer);
        chunks.put(address.key(), chunk);
        return chunk;
    }

    /** The chunk is no longer one that was fetched ahead and waits for its reader. */
    private void endUnread(Chunk chunk) {
        if (chunk.unread) {
            chunk.unread = false;
            chunk.share.unread().remove(chunk);
            budget.notUnread(chunk.share, pool.units(chunk.length()));
        }
    }

    /** Its request is over, or somebody with reserved memory waits for it. */
    private void endOnTheWay(Chunk chunk) {
        if (chunk.onTheWayAhead) {
            chunk.onTheWayAhead = false;
            budget.notOnTheWay(chunk.share, pool.units(chunk.length()));
        }
    }

    private Optional<ByteBuffer> buffer(int bytes, boolean demanded) {
        Optional<ByteBuffer> buffer = pool.take(bytes);
        while (buffer.isEmpty() && (evict(false) || demanded && evict(true))) {
            buffer = pool.take(bytes);
        }
        return buffer;
    }

    private boolean evict(boolean unreadToo) {
        for (Iterator<Chunk> eldest = chunks.values().iterator(); eldest.hasNext(); ) {
            Chunk chunk = eldest.next();
            if (mayGo(chunk, unreadToo)) {
                eldest.remove();
                endUnread(chunk);
                pool.give(chunk.buffer);
                return true;
            }
        }
        return false;
    }

    private static boolean mayGo(Chunk chunk, boolean unreadToo) {
        return chunk.state == Chunk.State.READY && chunk.pins == 0 && (unreadToo || !chunk.unread);
    }

    // The local disk

    /** Whether it comes from there. */
    private boolean load(Chunk chunk) {
        boolean loading = chunk.address.hasChecksum() && disk.load(chunk.address, chunk.buffer, !chunk.waiters.isEmpty(), outcome -> loaded(chunk, outcome));
        if (loading) {
            chunk.state = Chunk.State.LOADING;
        }
        return loading;
    }

    private void loaded(Chunk chunk, DiskLoads.Outcome outcome) {
        if (outcome == DiskLoads.Outcome.SOUND) {
            arrived(chunk, Optional.empty());
            return;
        }
        if (outcome == DiskLoads.Outcome.LATE && !renew(chunk)) {
            return;
        }
        chunk.state = Chunk.State.QUEUED;
        if (!chunk.waiters.isEmpty()) {
            runs.demand(List.of(chunk), chunk);
        } else if (chunk.unread) {
            runs.ahead(List.of(chunk), chunk.share.sequence());
        } else {
            withdraw(chunk); // nobody follows its sequence any more
        }
    }

    /** Its buffer stays the disk's: another one is made in its place. If the JVM refuses that, the chunk is not to be had; whether it goes on. */
    private boolean renew(Chunk chunk) {
        pool.lose(chunk.buffer);
        Optional<ByteBuffer> other = buffer(chunk.length(), !chunk.waiters.isEmpty());
        other.ifPresent(buffer -> chunk.buffer = buffer);
        if (other.isEmpty()) {
            endOnTheWay(chunk);
            gone(chunk, noMemory(chunk.address));
        }
        return other.isPresent();
    }

    /** A reader wants it: the first one since it is in memory tells whether it should be on the disk. */
    private void ask(Chunk chunk) {
        if (!chunk.asked) {
            chunk.asked = true;
            chunk.keep = disk.wants(chunk.address);
        }
    }

    private void keep(Chunk chunk) {
        if (chunk.keep.isEmpty()) {
            return;
        }
        long askedBefore = chunk.keep.getAsLong();
        chunk.keep = OptionalLong.empty();
        Optional<PinBudget.Ticket> held = pins.now(pool.units(chunk.length()));
        if (held.isEmpty()) {
            disk.drop();
            return;
        }
        chunk.pins++;
        Runnable done = () -> {
            unpin(chunk);
            pins.giveBack(held.get());
        };
        if (!disk.keep(chunk.address, askedBefore, chunk.buffer, done)) {
            done.run();
        }
    }

    private void drop(Chunk chunk) {
        chunks.remove(chunk.address.key(), chunk);
        pool.give(chunk.buffer);
    }

    private void arrived(Chunk chunk, Optional<Throwable> failure) {
        endOnTheWay(chunk);
        chunk.state = Chunk.State.READY;
        if (failure.isPresent()) {
            pool.give(chunk.buffer);
            gone(chunk, failure.get());
            return;
        }
        chunk.address = chunk.address.compared();
        List<CompletableFuture<Chunk>> waiters = takeWaiters(chunk);
        chunk.pins += waiters.size();
        keep(chunk);
        waiters.forEach(waiter -> waiter.complete(chunk));
    }

    private void gone(Chunk chunk, Throwable why) {
        endUnread(chunk);
        chunks.remove(chunk.address.key(), chunk);
        takeWaiters(chunk).forEach(waiter -> waiter.completeExceptionally(why));
    }

    private static List<CompletableFuture<Chunk>> takeWaiters(Chunk chunk) {
        List<CompletableFuture<Chunk>> waiters = new ArrayList<>(chunk.waiters);
        chunk.waiters.clear();
        return waiters;
    }

    private static ColdStoreException noMemory(ChunkAddress address) {
        return new ColdStoreException.Unavailable("No memory for a chunk of " + address.length() + " bytes", null);
    }
}
