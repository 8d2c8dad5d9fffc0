package io.firn.gateway.http;

/**
 * Whether this broker can do its work now.
 *
 * @param reason what is missing, for people; empty when ready
 */
public record Readiness(boolean ready, String reason) {

    public static final Readiness READY = new Readiness(true, "");

    public Readiness {
        if (ready != reason.isEmpty()) {
            throw new IllegalArgumentException("a reason is given exactly when not ready");
        }
    }

    public static Readiness notReady(String reason) {
        return new Readiness(false, reason);
    }
}
