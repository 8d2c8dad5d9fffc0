package io.firn.retention;

/** How the two tiers of a partition fit together when its cold log has been opened. {@link #of} is pure. */
sealed interface TierBorder {

    /** Every readable offset is in at least one tier. */
    record Sound() implements TierBorder {}

    /**
     * The cold tier begins above the log start, or has been emptied above it, and the local disk does not have what lies between: the log start has to follow. Only what lies below a log start is ever dropped, but where that was
     * another leader's this disk may not have heard of it.
     */
    record RaiseLogStart(long toOffset) implements TierBorder {}

    /** Readable records between the tiers are in neither. Local reads go on; offload stops; reads below the local start fail. */
    record Hole(String reason) implements TierBorder {}

    /** The cold tier knows records that the local log has not reached: another disk wrote them. Nothing may be served or appended. */
    record ColdAhead(String reason) implements TierBorder {}

    /** @param logEndOffset when the partition came into service: what was appended since may have the offsets of other records in the cold tier */
    static TierBorder of(long logStartOffset, long localStartOffset, long logEndOffset, ColdView cold) {
        if (cold.endOffset() > logEndOffset) {
            return new ColdAhead("the cold tier ends at offset " + cold.endOffset() + " but the local log at " + logEndOffset
                    + ": the local disk was lost or is another one");
        }
        if (logStartOffset >= localStartOffset) {
            return new Sound();
        }
        if (cold.endOffset() < localStartOffset) {
            return new Hole("offsets from " + Math.max(logStartOffset, cold.endOffset()) + " to " + localStartOffset + " are in neither tier");
        }
        return cold.startOffset() > logStartOffset ? new RaiseLogStart(cold.startOffset()) : new Sound();
    }
}
