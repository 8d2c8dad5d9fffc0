package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.segment.PartitionKeys;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Deletes everything of a partition whose topic is gone; topic ids are never used again.
 *
 * <pre>
 *   fence (newest manifest's epoch) → tombstone: a boundary above all numbers → segments → manifests and boundaries → tombstone
 * </pre>
 *
 * <p>The tombstone is the commit point: from there every writer is fenced and every opener refused. <i>On crash</i> at any step the whole is repeated;
 * absence of anything is fine, and so is another who deletes the same. A zombie that slips in after the last step leaves orphans under a dead topic id, which {@code DeadTopics} finds.
 */
public final class LogDeletion {

    /** The boundary that no number can pass. */
    static final long TOMBSTONE = Long.MAX_VALUE;

    /** How often the newest manifest may vanish between listing and reading it. */
    private static final int FENCE_LIMIT = 8;

    private final ObjectStore objects;
    private final PartitionKeys keys;
    private final int leaderEpoch;

    private LogDeletion(ObjectStore objects, PartitionKeys keys, int leaderEpoch) {
        this.objects = objects;
        this.keys = keys;
        this.leaderEpoch = leaderEpoch;
    }

    /** Fails with {@link ColdStoreException.Fenced} if a newer leader wrote here. */
    public static CompletableFuture<Void> run(ObjectStore objects, PartitionKeys keys, int leaderEpoch, long writerId) {
        LogDeletion deletion = new LogDeletion(objects, keys, leaderEpoch);
        String tombstone = keys.boundary(TOMBSTONE);
        return deletion.fence(FENCE_LIMIT)
                .thenCompose(nothing -> objects.putIfAbsent(tombstone, ByteBuffer.allocate(12).putInt(leaderEpoch).putLong(writerId).flip()))
                .thenCompose(outcome -> deletion.deleteAll(keys.directory(), "", keys.manifestPrefix()))
                .thenCompose(nothing -> deletion.deleteAll(keys.manifestPrefix(), "", tombstone))
                .thenCompose(nothing -> objects.delete(tombstone));
    }

    /** Fails with {@link ColdStoreException.Fenced} if a leader of a greater epoch wrote here; deletes nothing. One request, two where anything was ever committed. */
    public static CompletableFuture<Void> fence(ObjectStore objects, PartitionKeys keys, int leaderEpoch) {
        return new LogDeletion(objects, keys, leaderEpoch).fence(FENCE_LIMIT);
    }

    private CompletableFuture<Void> fence(int attemptsLeft) {
        return ManifestListing.of(objects, keys).thenCompose(listing -> listing.deleted() || listing.newest() == 0 ? CompletableFuture.completedFuture(null) : fence(listing.newest())
                .exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing && attemptsLeft > 1 ? fence(attemptsLeft - 1) // trimmed, or deleted by another
                        : CompletableFuture.failedFuture(failure)));
    }

    private CompletableFuture<Void> fence(long newest) {
        return objects.getSmall(keys.manifest(newest)).thenAccept(bytes -> {
            int epoch = ManifestCodec.decode(bytes).writerEpoch();
            if (epoch > leaderEpoch) {
                throw new CompletionException(new ColdStoreException.Fenced("A leader of epoch " + epoch + " wrote " + keys.manifest(newest)
                        + "; a leader of epoch " + leaderEpoch + " may not delete it"));
            }
        });
    }

    /** Deletes page by page what begins with {@code prefix} but not with {@code spared}. */
    private CompletableFuture<Void> deleteAll(String prefix, String startAfter, String spared) {
        return objects.list(prefix, startAfter, ObjectStore.LIST_LIMIT_KEYS).thenCompose(page -> {
            List<String> doomed = page.objects().stream().map(StoredObject::key).filter(key -> !key.startsWith(spared)).toList();
            CompletableFuture<Void> done = doomed.isEmpty() ? CompletableFuture.completedFuture(null) : objects.deleteAll(doomed);
            return done.thenCompose(nothing -> page.more() ? deleteAll(prefix, last(page), spared) : CompletableFuture.completedFuture(null));
        });
    }

    private static String last(ObjectPage page) {
        return page.objects().get(page.objects().size() - 1).key();
    }
}
