package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One process's way to the store: requests and replies take time, some very long; some are lost, and a request given up as lost may still arrive later.
 * It tells the test of every create that wins, and of every deletion. After {@link #crash} nothing comes back any more, though what was sent may arrive.
 */
final class UnreliableNetwork implements ObjectStore {

    private final SimObjectStore store;
    private final SimThreads sim;
    private final Random random;
    private final int lossPercent;
    private final int stallPercent;
    private final BiConsumer<String, byte[]> created;
    private final Consumer<Collection<String>> deleting;
    private boolean crashed;

    /**
     * @param created is told key and bytes, at the moment a create wins; the store must perform requests at once
     * @param deleting is told the keys, at the moment before they go
     */
    UnreliableNetwork(SimObjectStore store, SimThreads sim, Random random, int lossPercent, int stallPercent, BiConsumer<String, byte[]> created, Consumer<Collection<String>> deleting) {
        this.store = store;
        this.sim = sim;
        this.random = random;
        this.lossPercent = lossPercent;
        this.stallPercent = stallPercent;
        this.created = created;
        this.deleting = deleting;
    }

    void crash() {
        crashed = true;
    }

    private long delayMs() {
        return random.nextInt(100) < stallPercent ? random.nextInt(4_000) : random.nextInt(4);
    }

    private <T> CompletableFuture<T> send(boolean write, Supplier<CompletableFuture<T>> request) {
        CompletableFuture<T> reply = new CompletableFuture<>();
        boolean lost = random.nextInt(100) < lossPercent;
        if (lost) {
            fail(write, reply, request);
        } else {
            sim.executeAfter(delayMs(), () -> request.get().whenComplete((value, failure) -> answer(() -> {
                if (failure != null) {
                    reply.completeExceptionally(failure);
                } else {
                    reply.complete(value);
                }
            })));
        }
        return reply;
    }

    /** The sender gives up; the request never arrives, has arrived, or arrives much later. */
    private <T> void fail(boolean write, CompletableFuture<T> reply, Supplier<CompletableFuture<T>> request) {
        boolean neverSent = random.nextBoolean();
        if (!neverSent) {
            sim.executeAfter(delayMs(), request::get);
        }
        answer(() -> reply.completeExceptionally(write && (!neverSent || random.nextBoolean()) ? new ColdStoreException.Uncertain("lost", null)
                : new ColdStoreException.Unavailable("unreachable", null)));
    }

    private void answer(Runnable delivery) {
        sim.executeAfter(delayMs(), () -> {
            if (!crashed) {
                delivery.run();
            }
        });
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        return send(true, () -> store.putIfAbsent(key, bytes).thenApply(outcome -> {
            if (outcome == PutOutcome.CREATED) {
                created.accept(key, store.bytes(key));
            }
            return outcome;
        }));
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        return send(true, () -> store.put(key, source));
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets) {
        return send(false, () -> store.get(key, from, targets));
    }

    @Override
    public CompletableFuture<ByteBuffer> getSmall(String key) {
        return send(false, () -> store.getSmall(key));
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        return send(false, () -> store.head(key));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        return send(false, () -> store.list(prefix, startAfter, maxKeys));
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return deleteAll(List.of(key));
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        return send(true, () -> {
            deleting.accept(keys);
            return store.deleteAll(keys);
        });
    }

    @Override
    public String location() {
        return store.location();
    }

    @Override
    public void close() {
        crash();
    }
}
