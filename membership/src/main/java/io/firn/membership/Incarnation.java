package io.firn.membership;

import org.apache.kafka.common.Uuid;

/**
 * Which life of a broker id it is. Immutable.
 *
 * @param process made anew by every start of the broker: the same one twice is a registration asked for again, another one a restart
 * @param directory made when the data directory is, and kept in it: another one is a broker that lost everything, however much its id looks familiar
 */
public record Incarnation(Uuid process, Uuid directory) {

    /** Of a broker that did not say, as single brokers and journals before clusters do not. */
    public static final Incarnation UNKNOWN = new Incarnation(Uuid.ZERO_UUID, Uuid.ZERO_UUID);

    public boolean known() {
        return !process.equals(Uuid.ZERO_UUID) && !directory.equals(Uuid.ZERO_UUID);
    }

    /** Whether what {@code former} stored is not there any more. Someone who did not say is believed to have it still. */
    public boolean lost(Incarnation former) {
        return known() && former.known() && !directory.equals(former.directory);
    }
}
