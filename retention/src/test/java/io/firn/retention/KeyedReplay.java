package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdRead;
import io.firn.hot.AbortedTransaction;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Utils;

/** Reads a rig's compacted log as a consumer does: which records are left, each as it was written, in order and without a hole that a reader could stand in. */
final class KeyedReplay {

    /** One record; the value is null for a tombstone. */
    record Rec(long offset, String key, String value) {}

    final List<Rec> records = new ArrayList<>();
    int coldReads;
    int emptyBatches;

    private final TieredRig rig;
    private final boolean committedOnly;

    private KeyedReplay(TieredRig rig, boolean committedOnly) {
        this.rig = rig;
        this.committedOnly = committedOnly;
    }

    static KeyedReplay of(TieredRig rig) {
        return of(rig, 100_000);
    }

    static KeyedReplay of(TieredRig rig, int maxBytes) {
        return from(rig, rig.onLoop(rig.log::logStartOffset), maxBytes);
    }

    /** As a consumer with {@code read_committed}, of a log in which every transaction has ended. */
    static KeyedReplay committed(TieredRig rig, int maxBytes) {
        return read(rig, rig.onLoop(rig.log::logStartOffset), maxBytes, true);
    }

    static KeyedReplay from(TieredRig rig, long offset, int maxBytes) {
        return read(rig, offset, maxBytes, false);
    }

    private static KeyedReplay read(TieredRig rig, long offset, int maxBytes, boolean committedOnly) {
        KeyedReplay replay = new KeyedReplay(rig, committedOnly);
        long end = rig.onLoop(rig.hot::logEndOffset);
        for (long next = offset; next < end; ) {
            next = replay.one(next, maxBytes, end);
        }
        return replay;
    }

    private long one(long offset, int maxBytes, long end) {
        TieredRead read = rig.onLoop(() -> rig.log.read(offset, maxBytes, end, true));
        ByteBuffer bytes;
        Callable<CompletableFuture<List<AbortedTransaction>>> abortedOnes;
        if (read instanceof TieredRead.Hot hot) {
            long to = hot.range().upperBoundOffset();
            abortedOnes = () -> rig.log.abortedTransactions(offset, to);
            bytes = Replay.bytes(hot.range());
        } else if (read instanceof TieredRead.Cold cold) {
            coldReads++;
            ColdRead arrived = rig.get(cold.read());
            abortedOnes = () -> rig.log.abortedTransactions(arrived);
            bytes = Replay.bytes(arrived);
        } else {
            throw new AssertionError("read at " + offset + ": " + read);
        }
        List<RecordBatch> batches = new ArrayList<>();
        MemoryRecords.readableRecords(bytes).batches().forEach(batches::add);
        Deque<AbortedTransaction> toCome = committedOnly ? aborted(abortedOnes) : new ArrayDeque<>();
        Set<Long> aborting = new HashSet<>();
        long next = offset;
        for (RecordBatch batch : batches) {
            while (!toCome.isEmpty() && toCome.peek().firstOffset() <= batch.lastOffset()) {
                aborting.add(toCome.remove().producerId());
            }
            batch.ensureValid();
            if (batch.isControlBatch()) {
                aborting.remove(batch.producerId());
            }
            if (batch.lastOffset() < offset) {
                continue; // a local read may begin somewhat earlier
            }
            assertThat(batch.lastOffset()).isGreaterThanOrEqualTo(next);
            next = batch.nextOffset();
            if (batch.isControlBatch()) {
                continue;
            }
            if (!batch.isTransactional() || !aborting.contains(batch.producerId())) {
                take(batch, offset);
            }
        }
        assertThat(next).as("a read at %s makes progress", offset).isGreaterThan(offset);
        return next;
    }

    private Deque<AbortedTransaction> aborted(Callable<CompletableFuture<List<AbortedTransaction>>> question) {
        List<AbortedTransaction> aborted = new ArrayList<>(rig.get(rig.onLoop(question)));
        aborted.sort(Comparator.comparingLong(AbortedTransaction::firstOffset));
        return new ArrayDeque<>(aborted);
    }

    private void take(RecordBatch batch, long from) {
        emptyBatches += batch.iterator().hasNext() ? 0 : 1;
        for (Record record : batch) {
            if (record.offset() >= from) {
                records.add(new Rec(record.offset(), Utils.utf8(record.key()), record.hasValue() ? Utils.utf8(record.value()) : null));
            }
        }
    }

    /** The newest value of each key, tombstones applied: what an application knows that has read everything. */
    Map<String, String> table() {
        Map<String, String> table = new HashMap<>();
        for (Rec record : records) {
            if (record.value() == null) {
                table.remove(record.key());
            } else {
                table.put(record.key(), record.value());
            }
        }
        return table;
    }

    /** Records of the same key as a later one, below {@code offset}: what compaction up to there must not have left. */
    long supersededBelow(long offset) {
        TreeMap<String, Long> newest = new TreeMap<>();
        records.stream().filter(record -> record.offset() < offset).forEach(record -> newest.put(record.key(), record.offset()));
        return records.stream().filter(record -> record.offset() < offset && newest.get(record.key()) > record.offset()).count();
    }
}
