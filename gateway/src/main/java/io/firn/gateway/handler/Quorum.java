package io.firn.gateway.handler;

import java.util.List;

/**
 * Who keeps the metadata, for those who ask. Immutable.
 *
 * @param voters brokers a majority of which has forced every change; one of a single broker
 * @param cluster whether there can be others
 */
public record Quorum(List<Integer> voters, boolean cluster) {

    public Quorum {
        voters = List.copyOf(voters);
    }

    public static Quorum single(int broker) {
        return new Quorum(List.of(broker), false);
    }

    /** @param voters {@code cluster.voters} */
    public static Quorum of(List<Integer> voters) {
        return new Quorum(voters, true);
    }
}
