package io.firn.cold.sim;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectKeys;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimFault.Kind;
import io.firn.cold.sim.SimFault.Operation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.Supplier;

/**
 * An object store in memory that keeps the port's contract to the letter, and breaks it only as a {@link SimFault} says.
 *
 * <p>Deterministic: no thread, clock or random number of its own. Every request is one task on the given executor; with {@code Runnable::run}
 * futures are complete when the call returns, with a simulator's queue the simulator decides when each happens. With a pool it is thread-safe and truly concurrent.
 *
 * <p>The state outlives {@link #close()}: {@link #reopened} gives a new store over the same objects, as after a restart.
 */
public final class SimObjectStore implements ObjectStore {

    private record Blob(byte[] bytes, long modifiedAtMs) {}

    private final ConcurrentSkipListMap<String, Blob> objects;
    private final Executor executor;
    private final InstantSource clock;
    private final List<SimFault> faults = new CopyOnWriteArrayList<>();
    /** What listings show under a fault that makes them lag. */
    private final Map<SimFault, ConcurrentSkipListMap<String, Blob>> listed = new ConcurrentHashMap<>();
    private final AtomicIntegerArray requests = new AtomicIntegerArray(Operation.values().length);
    private volatile boolean closed;

    /** Everything on the caller's thread, at time zero. */
    public SimObjectStore() {
        this(Runnable::run, () -> Instant.EPOCH);
    }

    /** Requests run on {@code executor}; objects are dated by {@code clock}. */
    public SimObjectStore(Executor executor, InstantSource clock) {
        this(new ConcurrentSkipListMap<>(), executor, clock);
    }

    private SimObjectStore(ConcurrentSkipListMap<String, Blob> objects, Executor executor, InstantSource clock) {
        this.objects = objects;
        this.executor = executor;
        this.clock = clock;
    }

    /** A fresh store, without faults and counts, over the same objects. */
    public SimObjectStore reopened() {
        return new SimObjectStore(objects, executor, clock);
    }

    // Faults and questions of the test

    /** Begins a fault; earlier ones are asked first. */
    public SimFault inject(SimFault fault) {
        if (fault.kind == Kind.LAG) {
            listed.put(fault, new ConcurrentSkipListMap<>(objects));
        }
        faults.add(fault);
        return fault;
    }

    /** Ends all faults; what they hold goes on. */
    public void clearFaults() {
        List<SimFault> ended = List.copyOf(faults);
        faults.clear();
        ended.forEach(SimFault::release);
    }

    /** Requests of this kind so far, failed ones too. */
    public int requests(Operation operation) {
        return requests.get(operation.ordinal());
    }

    public int requests() {
        int sum = 0;
        for (Operation operation : Operation.values()) {
            sum += requests(operation);
        }
        return sum;
    }

    /** All keys, in order. */
    public List<String> keys() {
        return List.copyOf(objects.keySet());
    }

    /** A copy of an object's bytes; fails the test if there is none. */
    public byte[] bytes(String key) {
        Blob blob = objects.get(key);
        if (blob == null) {
            throw new AssertionError("No object " + key);
        }
        return blob.bytes().clone();
    }

    /** Turns one bit of a stored object over, as rotten storage does. */
    public void flipBit(String key, long position) {
        objects.computeIfPresent(key, (k, blob) -> {
            byte[] bytes = blob.bytes().clone();
            bytes[Math.toIntExact(position)] ^= 1;
            return new Blob(bytes, blob.modifiedAtMs());
        });
    }

    /** Cuts a stored object, as no honest store does. */
    public void truncate(String key, int sizeBytes) {
        objects.computeIfPresent(key, (k, blob) -> new Blob(java.util.Arrays.copyOf(blob.bytes(), sizeBytes), blob.modifiedAtMs()));
    }

    // The port

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        ObjectKeys.checked(key);
        if (bytes.remaining() > SMALL_OBJECT_LIMIT_BYTES) {
            throw new IllegalArgumentException("Small object of " + bytes.remaining() + " bytes: " + key);
        }
        ByteBuffer view = bytes.duplicate();
        return submit(Operation.PUT_IF_ABSENT, key, fault -> {
            byte[] copy = new byte[view.remaining()];
            view.get(copy);
            return objects.putIfAbsent(key, new Blob(copy, clock.millis())) == null ? PutOutcome.CREATED : PutOutcome.EXISTED;
        });
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        ObjectKeys.checked(key);
        if (source.sizeBytes() > OBJECT_LIMIT_BYTES) {
            throw new IllegalArgumentException("Object of " + source.sizeBytes() + " bytes: " + key);
        }
        return submit(Operation.PUT, key, fault -> {
            Blob blob = new Blob(readAll(source), clock.millis());
            objects.put(key, blob);
            return describe(key, blob);
        });
    }

    private static byte[] readAll(UploadSource source) {
        ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(source.sizeBytes()));
        try {
            source.read(0, all);
        } catch (IOException | RuntimeException e) {
            throw new ColdStoreException.SourceFailed("Cannot read the bytes to be stored: " + e, e);
        }
        if (all.hasRemaining()) {
            throw new ColdStoreException.SourceFailed("The source left " + all.remaining() + " bytes unfilled", null);
        }
        return all.array();
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets) {
        return get(key, from, targets, full -> {});
    }

    /** Tells of each target as it is filled. A body that is cut has filled those before the cut. */
    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets, Progress progress) {
        ObjectKeys.checked(key);
        if (from < 0) {
            throw new IllegalArgumentException("Range from " + from);
        }
        List<ByteBuffer> views = targets.stream().map(ByteBuffer::duplicate).toList();
        if (views.stream().noneMatch(ByteBuffer::hasRemaining)) {
            return CompletableFuture.completedFuture(null);
        }
        return submit(Operation.GET, key, fault -> {
            read(key, from, views, progress, fault.isPresent());
            return null;
        });
    }

    private void read(String key, long from, List<ByteBuffer> targets, Progress progress, boolean cut) {
        Blob blob = existing(key);
        long wanted = targets.stream().mapToLong(ByteBuffer::remaining).sum();
        if (wanted > blob.bytes().length - from) {
            throw new ColdStoreException.Corrupt("Range " + from + "+" + wanted + " beyond the end of " + key, null);
        }
        int length = (int) (cut ? wanted / 2 : wanted);
        ByteBuffer source = ByteBuffer.wrap(blob.bytes(), (int) from, length);
        for (int i = 0; i < targets.size(); i++) {
            ByteBuffer target = targets.get(i);
            int count = Math.min(target.remaining(), source.remaining());
            target.put(source.slice(source.position(), count));
            source.position(source.position() + count);
            if (target.hasRemaining()) {
                break;
            }
            progress.full(i + 1);
        }
        requireWhole(cut, key);
    }

    private static void requireWhole(boolean cut, String key) {
        if (cut) {
            throw new ColdStoreException.Unavailable("Body cut short: " + key, null);
        }
    }

    @Override
    public CompletableFuture<ByteBuffer> getSmall(String key) {
        ObjectKeys.checked(key);
        return submit(Operation.GET_SMALL, key, fault -> {
            Blob blob = existing(key);
            requireWhole(fault.isPresent(), key);
            if (blob.bytes().length > SMALL_OBJECT_LIMIT_BYTES) {
                throw new ColdStoreException.Corrupt("Not a small object: " + key, null);
            }
            return ByteBuffer.wrap(blob.bytes()).asReadOnlyBuffer();
        });
    }

    private Blob existing(String key) {
        Blob blob = objects.get(key);
        if (blob == null) {
            throw new ColdStoreException.Missing("No object " + key);
        }
        return blob;
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        ObjectKeys.checked(key);
        return submit(Operation.HEAD, key, fault -> Optional.ofNullable(objects.get(key)).map(blob -> describe(key, blob)));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        ObjectKeys.checkedPrefix(prefix);
        ObjectKeys.checkedPrefix(startAfter);
        if (maxKeys < 1 || maxKeys > LIST_LIMIT_KEYS) {
            throw new IllegalArgumentException("maxKeys " + maxKeys);
        }
        return submit(Operation.LIST, prefix, fault -> page(fault.map(listed::get).orElse(objects), prefix, startAfter, maxKeys));
    }

    private static ObjectPage page(ConcurrentSkipListMap<String, Blob> objects, String prefix, String startAfter, int maxKeys) {
        List<StoredObject> found = new ArrayList<>();
        boolean fromPrefix = startAfter.compareTo(prefix) < 0;
        for (Map.Entry<String, Blob> entry : objects.tailMap(fromPrefix ? prefix : startAfter, fromPrefix).entrySet()) {
            if (!entry.getKey().startsWith(prefix)) {
                break;
            }
            if (found.size() == maxKeys) {
                return new ObjectPage(found, true);
            }
            found.add(describe(entry.getKey(), entry.getValue()));
        }
        return new ObjectPage(found, false);
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return deleteAll(List.of(key));
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        List<String> doomed = keys.stream().map(ObjectKeys::checked).toList();
        if (doomed.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        return submit(Operation.DELETE, doomed.get(0), fault -> {
            doomed.forEach(objects::remove);
            return null;
        });
    }

    @Override
    public String location() {
        return "sim:";
    }

    @Override
    public void close() {
        closed = true;
    }

    private static StoredObject describe(String key, Blob blob) {
        return new StoredObject(key, blob.bytes().length, blob.modifiedAtMs());
    }

    // How a request goes

    /** The effect of a request; is given the fault that cuts its body or makes its listing lag, if there is one. */
    private interface Effect<T> {
        T perform(Optional<SimFault> cut);
    }

    private <T> CompletableFuture<T> submit(Operation operation, String key, Effect<T> effect) {
        requests.incrementAndGet(operation.ordinal());
        CompletableFuture<T> result = new CompletableFuture<>();
        Optional<SimFault> fault = faults.stream().filter(candidate -> candidate.takes(operation, key)).findFirst();
        Runnable start = () -> executor.execute(() -> run(operation, key, effect, fault, result));
        if (fault.isPresent() && fault.get().kind == Kind.HOLD_REQUEST) {
            fault.get().hold(start);
        } else {
            start.run();
        }
        return result;
    }

    private <T> void run(Operation operation, String key, Effect<T> effect, Optional<SimFault> fault, CompletableFuture<T> result) {
        Supplier<T> performed;
        try {
            performed = perform(operation, key, effect, fault);
        } catch (RuntimeException e) {
            performed = () -> {
                throw e;
            };
        }
        Supplier<T> outcome = performed;
        if (fault.isPresent() && fault.get().kind == Kind.HOLD_REPLY) {
            fault.get().hold(() -> executor.execute(() -> settle(outcome, result)));
        } else {
            settle(outcome, result);
        }
    }

    private static <T> void settle(Supplier<T> outcome, CompletableFuture<T> result) {
        T value;
        try {
            value = outcome.get();
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
            return;
        }
        result.complete(value);
    }

    private <T> Supplier<T> perform(Operation operation, String key, Effect<T> effect, Optional<SimFault> fault) {
        String about = operation + " " + key;
        if (closed) {
            throw new ColdStoreException.Unavailable("Closed: " + about, null);
        }
        Kind kind = fault.map(f -> f.kind).orElse(Kind.HOLD_REPLY);
        switch (kind) {
            case FAIL -> throw new ColdStoreException.Unavailable("Outage: " + about, null);
            case REFUSE -> throw new ColdStoreException.Misconfigured("Refused: " + about, null);
            case LOSE_REQUEST -> throw lost(operation, about);
            case LOSE_REPLY -> {
                effect.perform(Optional.empty());
                throw lost(operation, about);
            }
            case CUT_BODY, LAG, HOLD_REQUEST, HOLD_REPLY -> {
                T value = effect.perform(fault.filter(f -> f.kind == Kind.CUT_BODY || f.kind == Kind.LAG));
                return () -> value;
            }
        }
        throw new IllegalStateException("Unknown fault " + kind);
    }

    private static ColdStoreException lost(Operation operation, String about) {
        boolean write = operation == Operation.PUT || operation == Operation.PUT_IF_ABSENT || operation == Operation.DELETE;
        return write ? new ColdStoreException.Uncertain("Reply lost: " + about, null) : new ColdStoreException.Unavailable("Reply lost: " + about, null);
    }
}
