package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ObjectStore.PutOutcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What {@link ObjectStore} promises, as tests. Every store runs exactly these; a subclass says how one is opened, over a place that outlives the instance.
 */
public abstract class ObjectStoreContract {

    /** Longest wait for any future: a store that needs longer hangs. */
    protected static final long DEADLINE_S = 30;

    /** Larger than two parts of a multipart upload, and not a multiple of anything. */
    private static final int LARGE_BYTES = (41 << 20) + 12_345;

    /** The store under test; the same one during a test. */
    protected abstract ObjectStore store();

    /** Creates many one-byte objects; a subclass that has a faster way to its store's place may take it. */
    protected void fill(List<String> keys) throws IOException {
        for (int i = 0; i < keys.size(); i += 64) {
            keys.subList(i, Math.min(i + 64, keys.size())).stream().map(key -> store().putIfAbsent(key, utf8("x"))).toList()
                    .forEach(ObjectStoreContract::await);
        }
    }

    protected static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(DEADLINE_S, TimeUnit.SECONDS).join();
    }

    protected static <T extends Throwable> void assertFails(Class<T> expected, CompletableFuture<?> future) {
        assertThatThrownBy(() -> await(future)).isInstanceOf(CompletionException.class).cause().isInstanceOf(expected);
    }

    protected static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    protected static byte[] randomBytes(int count, long seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    protected static byte[] toArray(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private String small(String key) {
        return new String(toArray(await(store().getSmall(key))), StandardCharsets.UTF_8);
    }

    private void assertRange(String key, byte[] all, int from, int length) {
        ByteBuffer target = ByteBuffer.allocateDirect(length);
        await(store().get(key, from, target));
        assertThat(toArray(target)).as("%d+%d", from, length).isEqualTo(Arrays.copyOfRange(all, from, from + length));
    }

    // Conditional create

    @Test
    void putIfAbsentCreatesOnceAndLeavesTheFirstBytes() {
        assertThat(await(store().putIfAbsent("manifest/1", utf8("first")))).isEqualTo(PutOutcome.CREATED);
        assertThat(await(store().putIfAbsent("manifest/1", utf8("second")))).isEqualTo(PutOutcome.EXISTED);
        assertThat(small("manifest/1")).isEqualTo("first");
    }

    @Test
    void putIfAbsentTakesOnlyTheBytesBetweenPositionAndLimitAndLeavesThemAlone() {
        ByteBuffer bytes = utf8("__text__").position(2).limit(6);
        await(store().putIfAbsent("slice", bytes.asReadOnlyBuffer()));
        assertThat(small("slice")).isEqualTo("text");
        await(store().putIfAbsent("slice2", bytes));
        assertThat(bytes.position()).isEqualTo(2);
        assertThat(bytes.limit()).isEqualTo(6);
        ByteBuffer direct = ByteBuffer.allocateDirect(8).put(utf8("__text__")).position(2).limit(6);
        await(store().putIfAbsent("slice3", direct));
        assertThat(small("slice3")).isEqualTo("text");
    }

    @Test
    void ofSixteenWritersThatRaceExactlyOneCreates() {
        ExecutorService writers = Executors.newFixedThreadPool(16);
        try {
            for (int round = 0; round < 5; round++) {
                String key = "race/" + round;
                List<CompletableFuture<PutOutcome>> outcomes = IntStream.range(0, 16)
                        .mapToObj(i -> CompletableFuture.supplyAsync(() -> store().putIfAbsent(key, utf8("writer " + i)), writers).thenCompose(f -> f))
                        .toList();
                List<Integer> winners = IntStream.range(0, 16).filter(i -> await(outcomes.get(i)) == PutOutcome.CREATED).boxed().toList();
                assertThat(winners).hasSize(1);
                assertThat(small(key)).isEqualTo("writer " + winners.get(0));
            }
        } finally {
            writers.shutdownNow();
        }
    }

    @Test
    void anEmptyObjectIsAnObject() {
        assertThat(await(store().putIfAbsent("empty", ByteBuffer.allocate(0)))).isEqualTo(PutOutcome.CREATED);
        assertThat(await(store().getSmall("empty")).remaining()).isZero();
        assertThat(await(store().head("empty")).orElseThrow().sizeBytes()).isZero();
        await(store().put("empty2", UploadSource.of(ByteBuffer.allocate(0))));
        assertThat(await(store().head("empty2")).orElseThrow().sizeBytes()).isZero();
    }

    @Test
    void theLargestSmallObjectGoesThroughAndOneByteMoreIsRefused() {
        byte[] bytes = randomBytes(ObjectStore.SMALL_OBJECT_LIMIT_BYTES, 1);
        await(store().putIfAbsent("limit", ByteBuffer.wrap(bytes)));
        assertThat(toArray(await(store().getSmall("limit")))).isEqualTo(bytes);
        ByteBuffer larger = ByteBuffer.allocate(ObjectStore.SMALL_OBJECT_LIMIT_BYTES + 1);
        assertThatThrownBy(() -> store().putIfAbsent("larger", larger)).isInstanceOf(IllegalArgumentException.class);
        await(store().put("larger", UploadSource.of(larger)));
        assertFails(ColdStoreException.Corrupt.class, store().getSmall("larger"));
    }

    // Whole objects

    @Test
    void aLargeObjectComesBackIdenticalWholeAndInRanges() {
        byte[] bytes = randomBytes(LARGE_BYTES, 2);
        StoredObject stored = await(store().put("segments/large", UploadSource.of(ByteBuffer.wrap(bytes))));
        assertThat(stored.key()).isEqualTo("segments/large");
        assertThat(stored.sizeBytes()).isEqualTo(LARGE_BYTES);
        assertThat(await(store().head("segments/large")).orElseThrow().sizeBytes()).isEqualTo(LARGE_BYTES);
        assertRange("segments/large", bytes, 0, LARGE_BYTES);
        int part = 20 << 20;
        assertRange("segments/large", bytes, 0, 1);
        assertRange("segments/large", bytes, LARGE_BYTES - 1, 1);
        assertRange("segments/large", bytes, part - 1, 2);
        assertRange("segments/large", bytes, part, part);
        assertRange("segments/large", bytes, 2 * part - 5, (1 << 20) + 12_345 + 5);
    }

    @Test
    void putReplacesTheWholeObject() {
        await(store().put("replaced", UploadSource.of(utf8("a longer first text"))));
        await(store().put("replaced", UploadSource.of(utf8("second"))));
        assertThat(small("replaced")).isEqualTo("second");
    }

    @Test
    void aSourceThatFailsLeavesNothingVisible() {
        for (long size : new long[] {1000, LARGE_BYTES}) {
            CompletableFuture<StoredObject> put = store().put("abandoned/object", new FailingSource(size));
            assertFails(ColdStoreException.SourceFailed.class, put);
            assertThat(await(store().head("abandoned/object"))).isEmpty();
            assertThat(await(store().list("", "", 10)).objects()).isEmpty();
        }
    }

    /** Its last bytes cannot be read. */
    private record FailingSource(long sizeBytes) implements UploadSource {
        @Override
        public void read(long position, ByteBuffer target) throws IOException {
            if (position + target.remaining() == sizeBytes) {
                throw new IOException("bad sector");
            }
            target.position(target.limit());
        }
    }

    @Test
    void manyUploadsAtOnceDoNotMix() {
        List<CompletableFuture<StoredObject>> puts = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            puts.add(store().put("mix/" + i, UploadSource.of(ByteBuffer.wrap(randomBytes(100_000 + i, i)))));
        }
        puts.forEach(ObjectStoreContract::await);
        for (int i = 0; i < 20; i++) {
            assertThat(toArray(await(store().getSmall("mix/" + i)))).isEqualTo(randomBytes(100_000 + i, i));
        }
    }

    // Ranges

    @Test
    void aRangeIsSpreadOverItsTargetsAndTheirPositionsStay() {
        byte[] bytes = randomBytes(10_000, 3);
        await(store().put("spread", UploadSource.of(ByteBuffer.wrap(bytes))));
        ByteBuffer first = ByteBuffer.allocateDirect(1000).position(10).limit(110);
        ByteBuffer none = ByteBuffer.allocate(0);
        ByteBuffer second = ByteBuffer.allocate(5000);
        await(store().get("spread", 50, List.of(first, none, second)));
        assertThat(first.position()).isEqualTo(10);
        assertThat(first.limit()).isEqualTo(110);
        assertThat(toArray(first)).isEqualTo(Arrays.copyOfRange(bytes, 50, 150));
        assertThat(toArray(second)).isEqualTo(Arrays.copyOfRange(bytes, 150, 5150));
        assertThat(first.get(9)).isZero();
        assertThat(first.limit(1000).get(110)).isZero();
    }

    @Test
    void parallelRangesOfOneObjectAreAllRight() {
        byte[] bytes = randomBytes(3 << 20, 4);
        await(store().put("parallel", UploadSource.of(ByteBuffer.wrap(bytes))));
        int chunk = 100_000;
        List<ByteBuffer> targets = IntStream.range(0, 31).mapToObj(i -> ByteBuffer.allocateDirect(chunk)).toList();
        List<CompletableFuture<Void>> gets = IntStream.range(0, 31).mapToObj(i -> store().get("parallel", (long) i * chunk, targets.get(i))).toList();
        gets.forEach(ObjectStoreContract::await);
        for (int i = 0; i < 31; i++) {
            assertThat(toArray(targets.get(i))).isEqualTo(Arrays.copyOfRange(bytes, i * chunk, (i + 1) * chunk));
        }
    }

    @Test
    void targetsThatAreToldToBeFullHoldTheirBytesThenAndInTheEndAllDo() {
        byte[] bytes = randomBytes(200_000, 5);
        await(store().put("told", UploadSource.of(ByteBuffer.wrap(bytes))));
        List<ByteBuffer> targets = IntStream.range(0, 4).mapToObj(i -> ByteBuffer.allocate(i == 1 ? 0 : 60_000)).toList();
        List<String> wrong = new CopyOnWriteArrayList<>();
        await(store().get("told", 1_000, targets, full -> {
            for (int i = 0, at = 1_000; i < full; at += targets.get(i).remaining(), i++) {
                if (!Arrays.equals(toArray(targets.get(i)), Arrays.copyOfRange(bytes, at, at + targets.get(i).remaining()))) {
                    wrong.add("target " + i + " of " + full);
                }
            }
        }));
        assertThat(wrong).isEmpty();
        assertThat(toArray(targets.get(3))).isEqualTo(Arrays.copyOfRange(bytes, 121_000, 181_000));
    }

    @Test
    void aRangeOfNoBytesSucceedsWithoutAsking() {
        assertThat(store().get("never-there", 5, ByteBuffer.allocate(0))).isCompleted();
    }

    @Test
    void aRangeBeyondTheEndIsCorrupt() {
        await(store().put("short", UploadSource.of(utf8("0123456789"))));
        assertFails(ColdStoreException.Corrupt.class, store().get("short", 5, ByteBuffer.allocate(6)));
        assertFails(ColdStoreException.Corrupt.class, store().get("short", 10, ByteBuffer.allocate(1)));
        assertFails(ColdStoreException.Corrupt.class, store().get("short", 1000, ByteBuffer.allocate(1)));
    }

    // Absent and deleted objects

    @Test
    void anAbsentKeyIsMissing() {
        assertFails(ColdStoreException.Missing.class, store().get("absent/key", 0, ByteBuffer.allocate(1)));
        assertFails(ColdStoreException.Missing.class, store().getSmall("absent/key"));
        assertThat(await(store().head("absent/key"))).isEmpty();
    }

    @Test
    void aDirectoryOfKeysIsNotAnObject() {
        await(store().putIfAbsent("dir/sub/key", utf8("x")));
        assertFails(ColdStoreException.Missing.class, store().getSmall("dir/sub"));
        assertFails(ColdStoreException.Missing.class, store().get("dir", 0, ByteBuffer.allocate(1)));
        assertThat(await(store().head("dir/sub"))).isEmpty();
        await(store().delete("dir/sub"));
        assertThat(small("dir/sub/key")).isEqualTo("x");
    }

    @Test
    void deletionIsSeenAtOnceAndMayBeRepeated() {
        await(store().putIfAbsent("doomed/1", utf8("x")));
        await(store().delete("doomed/1"));
        assertThat(await(store().head("doomed/1"))).isEmpty();
        assertThat(await(store().list("doomed", "", 10)).objects()).isEmpty();
        await(store().delete("doomed/1"));
        await(store().delete("never/there"));
        assertThat(await(store().putIfAbsent("doomed/1", utf8("again")))).isEqualTo(PutOutcome.CREATED);
    }

    @Test
    void manyKeysAreDeletedTogetherPresentOrNot() {
        List<String> keys = IntStream.range(0, 25).mapToObj(i -> "bulk/" + i).toList();
        keys.subList(0, 15).stream().map(key -> store().putIfAbsent(key, utf8(key))).toList().forEach(ObjectStoreContract::await);
        await(store().putIfAbsent("kept", utf8("x")));
        await(store().deleteAll(keys));
        assertThat(keysOf(await(store().list("", "", 100)))).containsExactly("kept");
        await(store().deleteAll(List.of()));
    }

    // Lists

    private static List<String> keysOf(ObjectPage page) {
        return page.objects().stream().map(StoredObject::key).toList();
    }

    @Test
    void aListIsInByteOrderWithSizesAndOnlyOfThePrefix() {
        List<String> keys = List.of("t/a-b", "t/a.b", "t/a/c", "t/a0", "t/aB", "t/a_", "t/ab", "t/b/0/1", "u/x", "t-x");
        keys.forEach(key -> await(store().putIfAbsent(key, utf8(key))));
        List<String> sorted = new ArrayList<>(keys);
        Collections.sort(sorted);
        ObjectPage all = await(store().list("", "", 1000));
        assertThat(keysOf(all)).isEqualTo(sorted);
        assertThat(all.more()).isFalse();
        assertThat(all.objects()).allSatisfy(object -> assertThat(object.sizeBytes()).isEqualTo(object.key().length()));
        assertThat(keysOf(await(store().list("t/a", "", 1000)))).containsExactly("t/a-b", "t/a.b", "t/a/c", "t/a0", "t/aB", "t/a_", "t/ab");
        assertThat(keysOf(await(store().list("t/a/", "", 1000)))).containsExactly("t/a/c");
        assertThat(keysOf(await(store().list("t/", "t/a/c", 1000)))).containsExactly("t/a0", "t/aB", "t/a_", "t/ab", "t/b/0/1");
        assertThat(keysOf(await(store().list("t/", "t/a/b", 2)))).containsExactly("t/a/c", "t/a0");
        assertThat(keysOf(await(store().list("t/", "t/b/0", 1000)))).containsExactly("t/b/0/1");
        assertThat(keysOf(await(store().list("t/", "z", 1000)))).isEmpty();
        assertThat(keysOf(await(store().list("none", "", 1000)))).isEmpty();
    }

    @Test
    void aListOfMoreThanAThousandKeysComesInPagesWithoutGapOrRepetition() throws IOException {
        List<String> keys = IntStream.range(0, 1025).mapToObj(i -> String.format("pages/%d/%05d.segment", i / 600, i)).toList();
        fill(keys);
        ObjectPage first = await(store().list("pages/", "", 1000));
        assertThat(keysOf(first)).isEqualTo(keys.subList(0, 1000));
        assertThat(first.more()).isTrue();
        ObjectPage second = await(store().list("pages/", keys.get(999), 1000));
        assertThat(keysOf(second)).isEqualTo(keys.subList(1000, 1025));
        assertThat(second.more()).isFalse();
        ObjectPage exact = await(store().list("pages/", keys.get(999), 25));
        assertThat(exact.more()).isFalse();
        await(store().deleteAll(keys));
        assertThat(await(store().list("", "", 1000)).objects()).isEmpty();
    }

    // Keys

    @Test
    void everyCharacterThatKeysMayHaveGoesThrough() {
        String key = "ABCXYZabcxyz0189-._/..a/b../-/_/.hidden/__consumer_offsets-Ab3_-/00000000000000000000-7-x.segment";
        await(store().putIfAbsent(key, utf8("odd")));
        assertThat(small(key)).isEqualTo("odd");
        assertThat(keysOf(await(store().list("", "", 10)))).containsExactly(key);
        await(store().delete(key));
    }

    @Test
    void otherKeysAreRefusedBeforeAnythingHappens() {
        List<String> bad = List.of("", "/a", "a/", "a//b", ".", "..", "../a", "a/./b", "a/../../b", "a b", "a~", "ä", "a\\b", "a\u0000b", "a%2fb", "x".repeat(1025));
        for (String key : bad) {
            assertThatThrownBy(() -> store().putIfAbsent(key, utf8("x"))).as(key).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store().put(key, UploadSource.of(utf8("x")))).as(key).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store().get(key, 0, ByteBuffer.allocate(1))).as(key).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store().getSmall(key)).as(key).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store().head(key)).as(key).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store().delete(key)).as(key).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store().deleteAll(List.of("fine", key))).as(key).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> store().list("a", "", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().list("a", "", 1001)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().get("a", -1, ByteBuffer.allocate(1))).isInstanceOf(IllegalArgumentException.class);
    }

    // End

    @Test
    void aClosedStoreFailsEveryRequestInsteadOfHanging() {
        await(store().putIfAbsent("before", utf8("x")));
        store().close();
        store().close();
        assertFails(ColdStoreException.class, store().putIfAbsent("after", utf8("x")));
        assertFails(ColdStoreException.class, store().put("after", UploadSource.of(utf8("x"))));
        assertFails(ColdStoreException.class, store().getSmall("before"));
        assertFails(ColdStoreException.class, store().get("before", 0, ByteBuffer.allocate(1)));
        assertFails(ColdStoreException.class, store().head("before"));
        assertFails(ColdStoreException.class, store().list("", "", 1));
        assertFails(ColdStoreException.class, store().delete("before"));
    }
}
