package io.firn.retention.compaction;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;

/**
 * 128 bits that stand for a record's key: the first half of SHA-256 over a secret and the key.
 *
 * <p>Two different keys with the same 128 bits would make compaction drop a live record. The secret is drawn anew for each pass and never leaves it, so nobody can
 * look for such keys, and chance finds a pair among n keys with probability n²/2¹²⁹: for a hundred million keys 10⁻²³. Kafka takes MD5 without a secret, for which
 * colliding keys are made in seconds.
 *
 * <p>Threading: confined to one thread.
 */
final class KeyHash {
    private static final int SECRET_BYTES = 16;

    private final byte[] secret;
    private final MessageDigest digest;
    private final ByteBuffer result;

    KeyHash(SecureRandom random) {
        secret = new byte[SECRET_BYTES];
        random.nextBytes(secret);
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        result = ByteBuffer.allocate(digest.getDigestLength());
    }

    /** Begins a key; its bytes follow in any number of pieces. */
    void begin() {
        digest.reset();
        digest.update(secret);
    }

    void update(byte[] bytes, int from, int length) {
        digest.update(bytes, from, length);
    }

    /** The key is complete. */
    void end() {
        result.clear().put(digest.digest());
    }

    long high() {
        return result.getLong(0);
    }

    long low() {
        return result.getLong(Long.BYTES);
    }
}
