package io.firn.membership;

import java.util.List;
import java.util.Map;

/** How a broker finds the others. Immutable. */
public sealed interface CpSeeds {

    /**
     * Known addresses.
     *
     * @param hostPorts {@code host:port} each; a name that resolves to several addresses means all of them, and is resolved again with each attempt to join
     */
    record Listed(List<String> hostPorts) implements CpSeeds {
        public Listed {
            hostPorts = List.copyOf(hostPorts);
            for (String hostPort : hostPorts) {
                if (!hostPort.matches("[^\\s,]+:\\d{1,5}")) {
                    throw new IllegalArgumentException("a seed is host:port, not \"" + hostPort + "\"");
                }
            }
        }
    }

    /** Hazelcast's AWS discovery. @param properties as its documentation names them: region, tag-key, tag-value, hz-port … */
    record Aws(Map<String, String> properties) implements CpSeeds {
        public Aws {
            properties = Map.copyOf(properties);
        }
    }

    /** Hazelcast's Kubernetes discovery. @param properties as its documentation names them: service-dns, service-name, namespace, service-port … */
    record Kubernetes(Map<String, String> properties) implements CpSeeds {
        public Kubernetes {
            properties = Map.copyOf(properties);
        }
    }
}
