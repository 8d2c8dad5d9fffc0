package io.firn.hot.producer;

import io.firn.hot.ProducerView;
import io.firn.hot.batch.BatchHeader;

/**
 * One producer in one partition: its newest epoch, its last batches, its open transaction.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class ProducerState {

    /** Batches remembered for the detection of duplicates: as many as a producer may have in flight (KIP-98). */
    static final int BATCHES = 5;

    static final long NO_TRANSACTION = -1;
    static final int NO_COORDINATOR_EPOCH = -1;

    private static final int FIELDS = 3;

    final long producerId;

    short epoch = BatchHeader.NO_PRODUCER_EPOCH;
    int coordinatorEpoch = NO_COORDINATOR_EPOCH;
    long lastTimestampMs = BatchHeader.NO_TIMESTAMP;

    /** Offset of the first record of the open transaction, or {@link #NO_TRANSACTION}. */
    long transactionStart = NO_TRANSACTION;

    /** This broker's clock when the last batch was applied or the snapshot loaded, for expiry. */
    long lastSeenMs;

    /** Neighbours in the order of use, kept by {@link ProducerTable}. */
    ProducerState earlier;
    ProducerState later;

    /** The last batches of the epoch as a ring; per batch: last offset, timestamp, last sequence and offset delta. */
    private final long[] ring = new long[BATCHES * FIELDS];
    private int next;
    private int batches;

    ProducerState(long producerId) {
        this.producerId = producerId;
    }

    boolean hasOpenTransaction() {
        return transactionStart != NO_TRANSACTION;
    }

    /** Moves to {@code newEpoch}; batches of another epoch are forgotten. */
    void enterEpoch(short newEpoch) {
        if (newEpoch != epoch) {
            epoch = newEpoch;
            batches = 0;
        }
    }

    void addBatch(int lastSequence, long lastOffset, int offsetDelta, long timestampMs) {
        int at = next * FIELDS;
        ring[at] = lastOffset;
        ring[at + 1] = timestampMs;
        ring[at + 2] = (long) lastSequence << Integer.SIZE | offsetDelta & 0xFFFF_FFFFL;
        next = (next + 1) % BATCHES;
        batches = Math.min(BATCHES, batches + 1);
        lastTimestampMs = timestampMs;
    }

    /** Sequence of the last record of this epoch, or {@link BatchHeader#NO_SEQUENCE}. */
    int lastSequence() {
        return batches == 0 ? BatchHeader.NO_SEQUENCE : lastSequence(newest());
    }

    /** Offset of the last data record of this epoch, or -1. */
    long lastOffset() {
        return batches == 0 ? -1 : lastOffset(newest());
    }

    /** Offsets between the first and the last record of the last batch, 0 without one. */
    int lastOffsetDelta() {
        return batches == 0 ? 0 : offsetDelta(newest());
    }

    /** How many are remembered. */
    int batches() {
        return batches;
    }

    /** Slot of the remembered batch that so many others followed. */
    int slotOfAge(int followers) {
        return Math.floorMod(next - 1 - followers, BATCHES);
    }

    /** Slot of the remembered batch with exactly these sequences, or -1. */
    int slotOf(int firstSequence, int lastSequence) {
        for (int age = batches; age > 0; age--) {
            int slot = Math.floorMod(next - age, BATCHES);
            if (lastSequence(slot) == lastSequence && firstSequence(slot) == firstSequence) {
                return slot;
            }
        }
        return -1;
    }

    long lastOffset(int slot) {
        return ring[slot * FIELDS];
    }

    long firstOffset(int slot) {
        return lastOffset(slot) - offsetDelta(slot);
    }

    long timestampMs(int slot) {
        return ring[slot * FIELDS + 1];
    }

    ProducerView view() {
        return new ProducerView(producerId, epoch, lastSequence(), lastTimestampMs, coordinatorEpoch, transactionStart);
    }

    private int newest() {
        return Math.floorMod(next - 1, BATCHES);
    }

    int lastSequence(int slot) {
        return (int) (ring[slot * FIELDS + 2] >>> Integer.SIZE);
    }

    int offsetDelta(int slot) {
        return (int) ring[slot * FIELDS + 2];
    }

    /** Sequences count modulo 2^31. Of a batch without sequences it is none that a client could send together with its last one. */
    private int firstSequence(int slot) {
        return (lastSequence(slot) - offsetDelta(slot)) & Integer.MAX_VALUE;
    }
}
