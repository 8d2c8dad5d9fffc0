package io.firn.it.simulation;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimObjectStore;
import io.firn.membership.SimThread;
import io.firn.membership.SimTime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The object store that all brokers share, and each one's way to it: requests take a while; some are answered with "not now", some answers are lost; and a write may arrive long after its writer has given it up, or died.
 */
final class Bucket {

    /** After which the writer of a request that got no answer gives it up. */
    private static final long TIMEOUT_MS = 1_500;
    private static final long LONGEST_STALL_MS = 12_000;

    private final SimTime time;
    final SimObjectStore objects;
    private final Consumer<String> changed;
    private long downUntilMs;
    private long delayMs = 20;
    private int faultOneIn = Integer.MAX_VALUE;

    /** @param changed told of each key that was written or deleted */
    Bucket(SimTime time, Consumer<String> changed) {
        this.time = time;
        this.objects = new SimObjectStore(Runnable::run, () -> Instant.ofEpochMilli(time.nowMs()));
        this.changed = changed;
    }

    void down(long ms) {
        downUntilMs = Math.max(downUntilMs, time.nowMs() + ms);
    }

    /** How long a request may take one way. */
    void delayMs(long ms) {
        delayMs = ms;
    }

    /** One of so many requests is refused, one gets lost, the answer of one, and one is stalled. */
    void faultOneIn(int requests) {
        faultOneIn = requests;
    }

    void heal() {
        downUntilMs = 0;
        delayMs = 20;
        faultOneIn = Integer.MAX_VALUE;
    }

    ObjectStore of(SimThread process) {
        return new Link(process);
    }

    /** The way of one process. What it has sent goes on when it is dead; nothing comes back to it. */
    private final class Link implements ObjectStore {
        private final SimThread process;
        private boolean closed;

        Link(SimThread process) {
            this.process = process;
        }

        private <T> CompletableFuture<T> request(boolean write, String key, Supplier<CompletableFuture<T>> effect) {
            CompletableFuture<T> result = new CompletableFuture<>();
            if (closed || time.nowMs() < downUntilMs || time.chance(faultOneIn)) {
                answer(result, () -> result.completeExceptionally(new ColdStoreException.Unavailable("503 for " + key, null)), time.random().nextLong(delayMs + 1));
                return result;
            }
            boolean lost = time.chance(faultOneIn);
            boolean mute = time.chance(faultOneIn);
            boolean late = write && time.chance(faultOneIn);
            if (!lost) {
                time.after(late ? time.random().nextLong(LONGEST_STALL_MS) : time.random().nextLong(delayMs + 1), () -> arrive(write, key, effect, result, mute || late));
            }
            answer(result, () -> result.completeExceptionally(
                    write ? new ColdStoreException.Uncertain("no answer for " + key, null) : new ColdStoreException.Unavailable("no answer for " + key, null)), TIMEOUT_MS);
            return result;
        }

        /** A read that nobody waits for any more must not touch its targets. */
        private <T> void arrive(boolean write, String key, Supplier<CompletableFuture<T>> effect, CompletableFuture<T> result, boolean mute) {
            if (!write && (result.isDone() || !process.alive())) {
                return;
            }
            CompletableFuture<T> done = effect.get();
            if (write) {
                changed.accept(key);
            }
            if (!mute) {
                answer(result, () -> done.whenComplete((value, failure) -> {
                    if (failure == null) {
                        result.complete(value);
                    } else {
                        result.completeExceptionally(failure);
                    }
                }), time.random().nextLong(delayMs + 1));
            }
        }

        private void answer(CompletableFuture<?> result, Runnable answer, long delay) {
            time.after(delay, () -> {
                if (!result.isDone() && process.alive()) {
                    process.execute(answer);
                }
            });
        }

        @Override
        public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
            ByteBuffer copy = ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
            return request(true, key, () -> objects.putIfAbsent(key, copy));
        }

        @Override
        public CompletableFuture<StoredObject> put(String key, UploadSource source) {
            ByteBuffer copy = ByteBuffer.allocate(Math.toIntExact(source.sizeBytes()));
            try {
                source.read(0, copy);
            } catch (IOException | RuntimeException e) {
                return CompletableFuture.failedFuture(new ColdStoreException.SourceFailed("cannot be read: " + e, e));
            }
            ByteBuffer bytes = copy.flip();
            return request(true, key, () -> objects.put(key, UploadSource.of(bytes)));
        }

        @Override
        public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets) {
            return targets.stream().noneMatch(ByteBuffer::hasRemaining) ? CompletableFuture.completedFuture(null) : request(false, key, () -> objects.get(key, from, targets));
        }

        @Override
        public CompletableFuture<ByteBuffer> getSmall(String key) {
            return request(false, key, () -> objects.getSmall(key));
        }

        @Override
        public CompletableFuture<Optional<StoredObject>> head(String key) {
            return request(false, key, () -> objects.head(key));
        }

        @Override
        public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
            return request(false, prefix, () -> objects.list(prefix, startAfter, maxKeys));
        }

        @Override
        public CompletableFuture<Void> delete(String key) {
            return request(true, key, () -> objects.delete(key));
        }

        @Override
        public CompletableFuture<Void> deleteAll(Collection<String> keys) {
            return keys.isEmpty() ? CompletableFuture.completedFuture(null) : request(true, keys.iterator().next(), () -> objects.deleteAll(keys));
        }

        @Override
        public String location() {
            return "sim:";
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
