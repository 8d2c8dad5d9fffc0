package io.firn.hot;

/**
 * When a log is forced to disk beside what {@link Durability} asks for; Kafka's names and meanings.
 *
 * @param messages {@code flush.messages}: the append that makes so many records un-forced is committed only after it was forced; {@link Long#MAX_VALUE} never
 * @param ms {@code flush.ms}: records are forced when the oldest un-forced one is this old, looked at by {@link HotLog#tick}; {@link Long#MAX_VALUE} never
 */
public record FlushRule(long messages, long ms) {

    /** Forcing is left to {@link Durability}. */
    public static final FlushRule NONE = new FlushRule(Long.MAX_VALUE, Long.MAX_VALUE);

    public FlushRule {
        if (messages < 1 || ms < 0) {
            throw new IllegalArgumentException("flush.messages=" + messages + " flush.ms=" + ms);
        }
    }
}
