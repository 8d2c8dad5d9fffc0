package io.firn.gateway.api;

import org.apache.kafka.common.protocol.ApiKeys;

/**
 * One row of the API table: an API, the versions served, and who serves it.
 *
 * @param minVersion lowest version served, inclusive
 * @param maxVersion highest version served, inclusive
 */
public record ServedApi(ApiKeys key, short minVersion, short maxVersion, ApiHandler handler) {

    public ServedApi {
        if (minVersion < key.oldestVersion() || maxVersion > key.latestVersion() || minVersion > maxVersion) {
            throw new IllegalArgumentException("no such versions of " + key + ": " + minVersion + " to " + maxVersion);
        }
    }

    /** All stable versions that the message classes know. */
    public static ServedApi of(ApiKeys key, ApiHandler handler) {
        return new ServedApi(key, key.oldestVersion(), key.latestVersion(false), handler);
    }

    boolean serves(short version) {
        return version >= minVersion && version <= maxVersion;
    }
}
