package io.firn.membership;

import java.util.Arrays;

/**
 * What a server keeps of a user's password (RFC 5802): enough to check it, and to be worth stealing. Immutable.
 *
 * <p>{@link #toString} shows nothing of it: commands, entries and views that hold one may be logged.
 *
 * @param iterations 1 or more
 */
public record ScramCredential(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) {

    public ScramCredential {
        if (iterations < 1) {
            throw new IllegalArgumentException("a credential was hashed at least once");
        }
        salt = salt.clone();
        storedKey = storedKey.clone();
        serverKey = serverKey.clone();
    }

    @Override
    public byte[] salt() {
        return salt.clone();
    }

    @Override
    public byte[] storedKey() {
        return storedKey.clone();
    }

    @Override
    public byte[] serverKey() {
        return serverKey.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ScramCredential that && iterations == that.iterations && Arrays.equals(salt, that.salt) && Arrays.equals(storedKey, that.storedKey)
                && Arrays.equals(serverKey, that.serverKey);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(storedKey) + iterations;
    }

    @Override
    public String toString() {
        return "ScramCredential[hidden]";
    }
}
