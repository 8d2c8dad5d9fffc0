package io.firn.gateway.share;

/** What became of a record in a share partition, with the number it has in {@code __share_group_state} and in the state APIs (KIP-932). */
enum DeliveryState {
    AVAILABLE(0),
    ACQUIRED(1),
    ACKNOWLEDGED(2),
    /** Rejected, delivered too often, aborted, or no longer in the log. */
    ARCHIVED(4);

    private final byte id;

    DeliveryState(int id) {
        this.id = (byte) id;
    }

    byte id() {
        return id;
    }

    /** Whether nothing can happen to the record any more. */
    boolean terminal() {
        return this == ACKNOWLEDGED || this == ARCHIVED;
    }

    /** @throws IllegalStateException for a number nobody has */
    static DeliveryState of(byte id) {
        for (DeliveryState state : values()) {
            if (state.id == id) {
                return state;
            }
        }
        throw new IllegalStateException("no delivery state has the number " + id);
    }
}
