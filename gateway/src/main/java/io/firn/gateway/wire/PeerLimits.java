package io.firn.gateway.wire;

/**
 * Bounds of one connection to another broker.
 *
 * @param replyMaxBytes a longer answer ends the connection
 * @param requestsInFlight requests not answered yet; a further one fails at once
 * @param connectMs longest time until the connection stands and the other broker has said what it serves
 */
public record PeerLimits(int replyMaxBytes, int requestsInFlight, int connectMs) {

    /** A fetch answer of 55 MiB records and one batch over that, as the handlers bound it. */
    public static final PeerLimits DEFAULT = new PeerLimits(100 << 20, 64, 2_000);
}
