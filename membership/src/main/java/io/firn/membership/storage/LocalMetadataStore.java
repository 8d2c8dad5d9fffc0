package io.firn.membership.storage;

import io.firn.membership.Head;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.MetadataOutcomeUnknown;
import io.firn.membership.MetadataStore;
import io.firn.membership.MetadataUnavailable;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata store of a single broker: one small file in its metadata directory.
 *
 * <p>The lock {@code controller} is the folder's own: who has the folder open is the only client there is. A change writes the whole file anew beside the old one,
 * forces it, renames it into place and forces the directory.
 *
 * <p><b>Fail-stop.</b> After an I/O error, nothing is known about the file, so this store says {@link MetadataOutcomeUnknown} for that change and refuses every
 * later call; what holds is found out by the next opening. A force is never tried again.
 *
 * <p><b>On crash</b> the file has its whole old or its whole new content ({@link Folder#replace}). In memory the new content counts only when it is on disk.
 *
 * <p>Threading: calls come from one thread at a time (the metadata thread) and do their work before they return. The time limit is not enforced: a local disk call
 * cannot be taken back, it ends or fails.
 */
public final class LocalMetadataStore implements MetadataStore {

    private static final Logger LOGGER = LoggerFactory.getLogger(LocalMetadataStore.class);
    private static final String NAME = "store";

    private final Folder folder;
    private StoreFile content;
    private int heldEpoch;
    private Optional<String> refusal = Optional.empty();

    private LocalMetadataStore(Folder folder, StoreFile content) {
        this.folder = folder;
        this.content = content;
    }

    /** Opens the store in a folder, which stays the caller's to close. @throws MetadataOpenFailed if the file is damaged or too new */
    public static LocalMetadataStore open(Folder folder) {
        try {
            boolean fresh = !folder.names().contains(NAME);
            return new LocalMetadataStore(folder, fresh ? StoreFile.FRESH : StoreFile.decode(folder.read(NAME)));
        } catch (IOException e) {
            throw new MetadataOpenFailed(Reason.UNAVAILABLE, "metadata store file cannot be read", e);
        }
    }

    @Override
    public CompletableFuture<OptionalInt> acquireController(long timeoutMs) {
        return answer(() -> {
            int epoch = Math.addExact(content.fence(), 1);
            write(new StoreFile(epoch, content.head()));
            heldEpoch = epoch;
            return OptionalInt.of(epoch);
        });
    }

    @Override
    public CompletableFuture<Boolean> confirmController(int epoch, long timeoutMs) {
        return answer(() -> heldEpoch == epoch);
    }

    @Override
    public CompletableFuture<Void> releaseController(int epoch, long timeoutMs) {
        return answer(() -> {
            heldEpoch = heldEpoch == epoch ? 0 : heldEpoch;
            return null;
        });
    }

    @Override
    public CompletableFuture<Optional<Head>> readHead(long timeoutMs) {
        return answer(content::head);
    }

    @Override
    public CompletableFuture<Boolean> compareAndSetHead(Optional<Head> expected, Head update, long timeoutMs) {
        return answer(() -> {
            if (!content.head().equals(expected)) {
                return false;
            }
            write(new StoreFile(content.fence(), Optional.of(update)));
            return true;
        });
    }

    @Override
    public void close() {
        heldEpoch = 0;
        refusal = refusal.or(() -> Optional.of("metadata store is closed"));
    }

    private <T> CompletableFuture<T> answer(Supplier<T> operation) {
        if (refusal.isPresent()) {
            return CompletableFuture.failedFuture(new MetadataUnavailable(refusal.get(), null));
        }
        try {
            return CompletableFuture.completedFuture(operation.get());
        } catch (MetadataOutcomeUnknown e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void write(StoreFile changed) {
        try {
            folder.replace(NAME, changed.encode());
            content = changed;
        } catch (IOException e) {
            refusal = Optional.of("metadata store has failed: " + e.getMessage());
            LOGGER.atError().setCause(e).log("Metadata store failed and takes no more changes; restart the broker when its disk works again");
            throw new MetadataOutcomeUnknown("metadata store could not be written", e);
        }
    }
}
