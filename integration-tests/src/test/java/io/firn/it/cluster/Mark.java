package io.firn.it.cluster;

import java.nio.ByteBuffer;

/**
 * What makes a record of the load unique in its partition.
 *
 * @param producer who sent it
 * @param sequence as which of its records of that partition, from 0
 */
record Mark(int producer, long sequence) {

    private static final int SEQUENCE_BITS = 44;

    Mark {
        if (producer < 0 || producer >= 1 << (Long.SIZE - 1 - SEQUENCE_BITS) || sequence < 0 || sequence >= 1L << SEQUENCE_BITS) {
            throw new IllegalArgumentException("producer " + producer + ", sequence " + sequence);
        }
    }

    static Mark of(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        return new Mark(in.getInt(), in.getLong());
    }

    static Mark of(long code) {
        return new Mark((int) (code >>> SEQUENCE_BITS), code & (1L << SEQUENCE_BITS) - 1);
    }

    /** The same as one number, never negative. */
    long code() {
        return (long) producer << SEQUENCE_BITS | sequence;
    }

    /** A record's value, filled up with zeros to {@code valueBytes}. */
    byte[] value(int valueBytes) {
        return ByteBuffer.allocate(valueBytes).putInt(producer).putLong(sequence).array();
    }

    @Override
    public String toString() {
        return "record " + sequence + " of producer " + producer;
    }
}
