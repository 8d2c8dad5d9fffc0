package io.firn.membership;

import java.util.Map;
import java.util.Optional;

/**
 * Whose quota it is: a user, a client id, both together, or an address. Immutable; a key of maps.
 *
 * @param parts name by kind ({@code user}, {@code client-id}, {@code ip}); an empty name is the default for all that have none of their own
 */
public record QuotaEntity(Map<String, Optional<String>> parts) {

    public static final String USER = "user";
    public static final String CLIENT_ID = "client-id";
    public static final String IP = "ip";

    public QuotaEntity {
        parts = Map.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("a quota belongs to somebody");
        }
    }
}
