package io.firn.membership;

import org.apache.kafka.common.Uuid;

/**
 * Which life of a broker id it is. Immutable.
 *
 * @param process made anew by every start of the broker: the same one twice is a registration asked for again, another one a restart. One of {@link #numbered} also says which start of its data directory it is
 * @param directory made when the data directory is, and kept in it: another one is a broker that lost everything, however much its id looks familiar
 */
public record Incarnation(Uuid process, Uuid directory) {

    /** Of a broker that did not say, as single brokers and journals before clusters do not. */
    public static final Incarnation UNKNOWN = new Incarnation(Uuid.ZERO_UUID, Uuid.ZERO_UUID);

    private static final int NUMBER_SHIFT = 16;
    private static final long MAX_NUMBER = (1L << 48) - 1;
    private static final long VERSION_MASK = 0xF000;
    private static final long VERSION_8 = 0x8000;
    private static final long VARIANT_MASK = 0xC000_0000_0000_0000L;
    private static final long VARIANT = 0x8000_0000_0000_0000L;

    /**
     * The process of the given start of a data directory: a UUID of version 8 (RFC 9562), so that brokers which draw one by chance (version 4) are told from those that count.
     *
     * <pre>
     *   start: 48 bits | 8: 4 bits | by chance: 12 bits | variant: 2 bits | by chance: 62 bits
     * </pre>
     *
     * @param start counted from 1, kept in the directory before it is used
     * @param chance a random one
     */
    public static Incarnation numbered(long start, Uuid chance, Uuid directory) {
        if (start < 1 || start > MAX_NUMBER) {
            throw new IllegalArgumentException("no start has the number " + start);
        }
        long most = start << NUMBER_SHIFT | VERSION_8 | chance.getMostSignificantBits() & ~VERSION_MASK & 0xFFFF;
        return new Incarnation(new Uuid(most, chance.getLeastSignificantBits() & ~VARIANT_MASK | VARIANT), directory);
    }

    public boolean known() {
        return !process.equals(Uuid.ZERO_UUID) && !directory.equals(Uuid.ZERO_UUID);
    }

    /** Whether what {@code former} stored is not there any more. Someone who did not say is believed to have it still. */
    public boolean lost(Incarnation former) {
        return known() && former.known() && !directory.equals(former.directory);
    }

    /** Whether both are known to have had the same data directory, this one first. */
    public boolean precedes(Incarnation other) {
        return isNumbered() && other.isNumbered() && directory.equals(other.directory) && start() < other.start();
    }

    private boolean isNumbered() {
        return (process.getMostSignificantBits() & VERSION_MASK) == VERSION_8 && (process.getLeastSignificantBits() & VARIANT_MASK) == VARIANT;
    }

    private long start() {
        return process.getMostSignificantBits() >>> NUMBER_SHIFT;
    }
}
