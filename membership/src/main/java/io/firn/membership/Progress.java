package io.firn.membership;

import java.util.Map;

/**
 * How far the copies of the history are, as their controller knows. Immutable.
 *
 * @param controller the broker that decides; -1 for a single broker, which has no id here
 * @param lastVersion of the newest entry in the controller's journal; of those that follow nobody has a newer one
 * @param committed version of the newest entry that a head covers
 * @param nowMs the controller's wall clock
 * @param followers who has asked under this epoch, by broker
 */
public record Progress(int controller, int controllerEpoch, long lastVersion, long committed, long nowMs, Map<Integer, Follower> followers) {

    public static final int NO_CONTROLLER_ID = -1;

    /** Of what is not known. */
    public static final long UNKNOWN = -1;

    public Progress {
        followers = Map.copyOf(followers);
    }

    /**
     * @param version of the newest entry it has forced, as far as it has said; {@link #UNKNOWN} if none of the controller's history
     * @param askedMs when it asked last, by the controller's wall clock
     * @param caughtUpMs when it last had all that there was: at its last question, or at the one before if it has by now what there was then; {@link #UNKNOWN} if it never had
     */
    public record Follower(long version, long askedMs, long caughtUpMs) {

        public static final Follower UNHEARD = new Follower(UNKNOWN, UNKNOWN, UNKNOWN);

        /** It has asked again. @param forced what it has said; {@link #UNKNOWN} if nothing of this history @param before the newest version when it asked before */
        Follower asks(long forced, long before, long newest, long nowMs) {
            boolean now = forced >= newest;
            boolean then = askedMs != UNKNOWN && forced >= before;
            return new Follower(Math.max(version, forced), nowMs, now ? nowMs : then ? Math.max(caughtUpMs, askedMs) : caughtUpMs);
        }
    }
}
