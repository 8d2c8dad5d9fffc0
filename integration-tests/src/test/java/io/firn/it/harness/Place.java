package io.firn.it.harness;

import java.util.List;
import java.util.Map;

/**
 * Where a process runs, and what surrounds it there. Immutable.
 *
 * @param host its own address, which this JVM reaches too
 * @param entry a command that starts, in that place, the command that follows; empty for this JVM's own place
 * @param environment variables it is given beside this JVM's
 */
public record Place(String host, List<String> entry, Map<String, String> environment) {

    public static final Place LOOPBACK = new Place("127.0.0.1", List.of(), Map.of());

    public Place {
        entry = List.copyOf(entry);
        environment = Map.copyOf(environment);
    }
}
