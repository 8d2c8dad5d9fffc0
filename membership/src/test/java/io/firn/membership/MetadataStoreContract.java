package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** What every {@link MetadataStore} does. Subclasses say how one is opened and how everything crashes. */
public abstract class MetadataStoreContract {

    private static final long TIMEOUT_MS = 5_000;

    /** Connects one broker. */
    protected abstract MetadataStore open() throws Exception;

    /** Crashes all processes and cuts the power of all machines; what was opened is gone. The next {@link #open()} is after that. */
    protected abstract void crashEverything() throws Exception;

    protected static Head head(long version, int epoch) {
        return new Head(version, epoch, new EntryHash(version, epoch, 3, 4));
    }

    protected static <T> T get(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(2 * TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw (Exception) e.getCause();
        } catch (TimeoutException e) {
            throw new AssertionError("the store did not keep its time limit", e);
        }
    }

    protected static int acquire(MetadataStore store) throws Exception {
        return get(store.acquireController(TIMEOUT_MS)).orElseThrow();
    }

    protected static boolean set(MetadataStore store, Optional<Head> expected, Head update) throws Exception {
        return get(store.compareAndSetHead(expected, update, TIMEOUT_MS));
    }

    protected static Optional<Head> read(MetadataStore store) throws Exception {
        return get(store.readHead(TIMEOUT_MS));
    }

    @Test
    void aNewStoreHasNoHead() throws Exception {
        try (MetadataStore store = open()) {
            assertThat(read(store)).isEmpty();
        }
    }

    @Test
    void headIsSetOnlyOverTheExpectedValue() throws Exception {
        try (MetadataStore store = open()) {
            assertThat(set(store, Optional.of(head(1, 1)), head(2, 1))).isFalse();
            assertThat(set(store, Optional.empty(), head(1, 1))).isTrue();
            assertThat(set(store, Optional.empty(), head(2, 1))).isFalse();
            assertThat(set(store, Optional.of(head(1, 2)), head(2, 2))).isFalse();
            assertThat(set(store, Optional.of(new Head(1, 1, EntryHash.NONE)), head(2, 1))).isFalse();
            assertThat(read(store)).contains(head(1, 1));
            assertThat(set(store, Optional.of(head(1, 1)), head(2, 1))).isTrue();
            assertThat(set(store, Optional.of(head(1, 1)), head(2, 1))).isFalse();
            assertThat(read(store)).contains(head(2, 1));
        }
    }

    @Test
    void headSurvivesTheCrashOfEverything() throws Exception {
        set(open(), Optional.empty(), head(1, 1));
        crashEverything();
        MetadataStore store = open();
        assertThat(read(store)).contains(head(1, 1));
        assertThat(set(store, Optional.of(head(1, 1)), head(9, 3))).isTrue();
        crashEverything();
        assertThat(read(open())).contains(head(9, 3));
    }

    @Test
    void controllerEpochsGrowAlsoOverCrashesOfEverything() throws Exception {
        int last = 0;
        for (int restart = 0; restart < 4; restart++) {
            MetadataStore store = open();
            int epoch = acquire(store);
            assertThat(epoch).isGreaterThan(last);
            assertThat(acquire(store)).isGreaterThan(epoch);
            last = epoch + 1;
            crashEverything();
        }
    }

    @Test
    void onlyTheNewestEpochOfTheHolderIsConfirmed() throws Exception {
        try (MetadataStore store = open()) {
            assertThat(get(store.confirmController(1, TIMEOUT_MS))).isFalse();
            int first = acquire(store);
            assertThat(get(store.confirmController(first, TIMEOUT_MS))).isTrue();
            int second = acquire(store);
            assertThat(get(store.confirmController(first, TIMEOUT_MS))).isFalse();
            assertThat(get(store.confirmController(second, TIMEOUT_MS))).isTrue();
            get(store.releaseController(first, TIMEOUT_MS));
            assertThat(get(store.confirmController(second, TIMEOUT_MS))).isTrue();
            get(store.releaseController(second, TIMEOUT_MS));
            assertThat(get(store.confirmController(second, TIMEOUT_MS))).isFalse();
        }
    }

    @Test
    void acquiringTheLockLeavesTheHeadAlone() throws Exception {
        MetadataStore store = open();
        acquire(store);
        set(store, Optional.empty(), head(1, 1));
        acquire(store);
        assertThat(read(store)).contains(head(1, 1));
        crashEverything();
        store = open();
        acquire(store);
        assertThat(read(store)).contains(head(1, 1));
    }

    @Test
    void afterClosingEveryCallFails() throws Exception {
        MetadataStore store = open();
        store.close();
        store.close();
        assertUnavailable(store.acquireController(TIMEOUT_MS));
        assertUnavailable(store.confirmController(1, TIMEOUT_MS));
        assertUnavailable(store.releaseController(1, TIMEOUT_MS));
        assertUnavailable(store.readHead(TIMEOUT_MS));
        assertUnavailable(store.compareAndSetHead(Optional.empty(), head(1, 1), TIMEOUT_MS));
    }

    protected static void assertUnavailable(CompletableFuture<?> future) {
        assertThat(future).failsWithin(2 * TIMEOUT_MS, TimeUnit.MILLISECONDS).withThrowableThat().withCauseInstanceOf(MetadataUnavailable.class);
    }

    protected static void assertUnknown(CompletableFuture<?> future) {
        assertThat(future).failsWithin(2 * TIMEOUT_MS, TimeUnit.MILLISECONDS).withThrowableThat().withCauseInstanceOf(MetadataOutcomeUnknown.class);
    }
}
