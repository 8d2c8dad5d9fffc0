package io.firn.gateway.handler;

import java.util.List;
import java.util.function.IntSupplier;

/**
 * Who keeps the metadata, for those who ask. Thread-safe, as {@code controller} is.
 *
 * @param voters brokers a majority of which has forced every change; one of a single broker
 * @param controller the one that decides, as far as this broker knows; -1 when it knows of none
 * @param cluster whether there can be others
 */
public record Quorum(List<Integer> voters, IntSupplier controller, boolean cluster) {

    public Quorum {
        voters = List.copyOf(voters);
    }

    public static Quorum single(int broker) {
        return new Quorum(List.of(broker), () -> broker, false);
    }

    /** @param voters {@code cluster.voters} */
    public static Quorum of(List<Integer> voters, IntSupplier controller) {
        return new Quorum(voters, controller, true);
    }
}
