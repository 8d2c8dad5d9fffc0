package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.segment.PartitionKeys;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The pages that one attempt of a commit makes and retires. A page made is kept in memory until the change is whole, so that one that the same change makes anew is never sent.
 *
 * <pre>
 *   make, retire, make … ─▶ upload: create, read back, one after the other ─▶ the manifest names them
 *                               ├── failed, or the number is another manifest's ─▶ discard: delete what was created
 *                               └── the manifest may have counted ─▶ leave
 * </pre>
 *
 * <p><i>On crash</i> after an upload, before the manifest: orphan pages. Nobody reads them, as nothing names them.
 *
 * <p>Threading: handed from step to step of the commit.
 */
final class PageChanges {

    private final ObjectStore objects;
    private final PartitionKeys keys;
    private final TopicIdPartition partition;
    private final PageSource source;
    private final LongSupplier nonces;
    private final Runnable possibleOrphan;
    private final Map<PageReference, ByteBuffer> made = new LinkedHashMap<>();
    private final List<PendingPage> retired = new ArrayList<>();
    /** Sent, and there for certain. */
    private final List<String> created = new ArrayList<>();

    PageChanges(ObjectStore objects, PartitionKeys keys, TopicIdPartition partition, PageSource source, LongSupplier nonces, Runnable possibleOrphan) {
        this.objects = objects;
        this.keys = keys;
        this.partition = partition;
        this.source = source;
        this.nonces = nonces;
        this.possibleOrphan = possibleOrphan;
    }

    CompletableFuture<Page> load(PageReference reference) {
        ByteBuffer bytes = made.get(reference);
        return bytes == null ? source.page(reference) : CompletableFuture.completedFuture(PageCodec.decode(partition, reference, bytes));
    }

    PageReference make(int level, List<? extends Extent> entries) {
        ByteBuffer bytes = PageCodec.encode(partition, level, entries);
        PageReference reference = PageCodec.reference(nonces.getAsLong(), level, entries, bytes);
        made.put(reference, bytes);
        return reference;
    }

    boolean made(PageReference reference) {
        return made.containsKey(reference);
    }

    /** Nothing names the page any more. One made by this very change is forgotten; else its object goes, and what of it is not live ({@link PendingPage#goesBelow}). */
    void retire(PageReference reference, long goesBelow, long nowMs) {
        if (made.remove(reference) == null) {
            retired.add(new PendingPage(reference, goesBelow, nowMs));
        }
    }

    List<PendingPage> retired() {
        return List.copyOf(retired);
    }

    int madeCount() {
        return made.size();
    }

    /** When it succeeds all pages made are in the store, as they were sent. Fails with {@link ColdStoreException}, never with an uncertain outcome: nothing names them yet. */
    CompletableFuture<Void> upload() {
        return upload(List.copyOf(made.entrySet()).iterator()).exceptionallyCompose(failure -> {
            Throwable cause = ColdStoreException.unwrap(failure);
            ColdStoreException known = cause instanceof ColdStoreException.Uncertain ? new ColdStoreException.Unavailable("A page of " + partition + " was not written", cause)
                    : cause instanceof ColdStoreException cold ? cold : new ColdStoreException.Unavailable("A page of " + partition + " was not written", cause);
            return discard().thenCompose(nothing -> CompletableFuture.failedFuture(known));
        });
    }

    private CompletableFuture<Void> upload(Iterator<Map.Entry<PageReference, ByteBuffer>> left) {
        if (!left.hasNext()) {
            return CompletableFuture.completedFuture(null);
        }
        Map.Entry<PageReference, ByteBuffer> next = left.next();
        String key = keys.page(next.getKey().baseOffset(), next.getKey().level(), next.getKey().nonce());
        return objects.putIfAbsent(key, next.getValue().duplicate()).whenComplete((outcome, failure) -> sent(key, outcome, failure))
                .thenCompose(outcome -> outcome == PutOutcome.CREATED ? objects.getSmall(key) : CompletableFuture.failedFuture(new ColdStoreException.Unavailable("Page " + key + " is there already", null)))
                .thenCompose(stored -> {
                    if (!stored.equals(next.getValue())) {
                        throw new ColdStoreException.Corrupt("Page " + key + " is not what was written", null);
                    }
                    return upload(left);
                });
    }

    /** A name that was taken is another page's, which may be live: never one to be deleted here. Whether one that is uncertain is ours nobody knows, so it stays as well. */
    private void sent(String key, PutOutcome outcome, Throwable failure) {
        if (outcome == PutOutcome.CREATED) {
            created.add(key);
        } else if (failure != null && ColdStoreException.unwrap(failure) instanceof ColdStoreException.Uncertain) {
            possibleOrphan.run();
        }
    }

    /** What was sent stays, for it may be live: a manifest with it may have counted. Else they are orphans. */
    void leave() {
        created.forEach(possible -> possibleOrphan.run());
        created.clear();
    }

    /** Deletes what was created; for a manifest that does not count and never will. Never fails: what could not be deleted is an orphan. */
    CompletableFuture<Void> discard() {
        if (created.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        List<String> doomed = List.copyOf(created);
        created.clear();
        return objects.deleteAll(doomed).exceptionally(failure -> {
            doomed.forEach(orphan -> possibleOrphan.run());
            return null;
        });
    }
}
