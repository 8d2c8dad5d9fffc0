package io.firn.membership;

import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.entry.Entry;
import io.firn.membership.journal.Journal;
import io.firn.membership.journal.JournalLimits;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/**
 * Becomes the controller: takes the lock, opens the journal at the head, and commits a first entry of its own, after which no predecessor can commit. In an
 * empty cluster that first group also gives the cluster its identity.
 *
 * <p><b>On crash</b> between any two steps the next opening begins again; epochs that were taken and never committed are skipped numbers, entries that were not committed are cut.
 *
 * <p>Blocks the opening thread, on the disk and on the store.
 */
final class Opening {

    private static final long TIMEOUT_MS = 10_000;

    private final Folder folder;
    private final MetadataStore store;

    Opening(Folder folder, MetadataStore store) {
        this.folder = folder;
        this.store = store;
    }

    /** The controller's state at the beginning. @param head names the entry {@code view} is as of */
    record Opened(Journal journal, int epoch, Head head, ClusterView view) {}

    Opened run(JournalLimits limits, long nowMs, RandomGenerator random) {
        int epoch = await(store.acquireController(TIMEOUT_MS))
                .orElseThrow(() -> new MetadataOpenFailed(Reason.IN_USE, "another broker is the controller of this metadata"));
        Optional<Head> head = await(store.readHead(TIMEOUT_MS));
        try {
            Journal journal = Journal.open(folder, head, limits);
            try {
                return begin(journal, epoch, head, nowMs, random);
            } catch (IOException | RuntimeException e) {
                journal.close();
                throw e;
            }
        } catch (IOException e) {
            throw new MetadataOpenFailed(Reason.UNAVAILABLE, "the metadata journal cannot be read or written: " + e.getMessage(), e);
        }
    }

    private Opened begin(Journal journal, int epoch, Optional<Head> head, long nowMs, RandomGenerator random) throws IOException {
        CommandGroup first = new CommandGroup(journal.openedView(), journal.lastHash(), epoch, nowMs);
        List<Entry> entries = new ArrayList<>();
        if (head.isEmpty()) {
            entries.add(new Entry.ClusterFormed(clusterId(random)));
        }
        entries.add(new Entry.ControllerElected());
        first.add(entries);
        journal.append(first.records());
        if (await(new HeadCommit(store).commit(head, first.head())) == HeadCommit.Result.DEPOSED) {
            throw new MetadataOpenFailed(Reason.IN_USE, "another broker became the controller of this metadata");
        }
        journal.committed(first.view());
        return new Opened(journal, epoch, first.head(), first.view());
    }

    /** 128 random bits in Kafka's form, base64 for URLs without padding. The first bit is 0, so that no id begins with '-', which command lines take for an option. */
    static String clusterId(RandomGenerator random) {
        byte[] bytes = ByteBuffer.allocate(16).putLong(random.nextLong() & Long.MAX_VALUE).putLong(random.nextLong()).array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Waits longer than the store may take with all its attempts, so that a store which breaks its contract cannot hold up the start for ever. */
    private static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get(TIMEOUT_MS + 2 * HeadCommit.MAX_ATTEMPTS * HeadCommit.TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new MetadataOpenFailed(Reason.UNAVAILABLE, "the metadata store does not work: " + e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new MetadataOpenFailed(Reason.UNAVAILABLE, "the metadata store does not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MetadataOpenFailed(Reason.UNAVAILABLE, "interrupted while opening the metadata", e);
        }
    }
}
