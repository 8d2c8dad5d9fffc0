package io.firn.membership;

import java.util.concurrent.CompletableFuture;

/**
 * The port to the other brokers: requests and replies of bytes, which this module alone understands. Whoever implements it owns connections, addresses and who may connect.
 *
 * <p>Contract:
 * <ul>
 *   <li>{@link #request} completes with the reply, or fails at the latest about {@code timeoutMs} after the call: with {@link MetadataUnavailable} when the request certainly was not and
 *       will not be handled, with {@link MetadataOutcomeUnknown} when it may have been, or still may.
 *   <li>Messages may be lost, late, handled twice or out of order, but a request is handled only by the process it was sent to, not by one that was started there later. Their bytes are whole, and come from the broker the handler is told: the implementation checks both.
 *   <li>A reply may wait for a message of the other {@link Way}: replies of one way must not be held up by those of the other. Within a way, order is harmless.
 *   <li>At most {@link #MAX_MESSAGE_BYTES} a message.
 *   <li>A broker is never asked by itself.
 * </ul>
 *
 * <p>Threading: thread-safe and never blocking. Futures complete on any thread.
 */
public interface MetadataPeers {

    /** Longest request or reply: one journal record of the largest size, or a batch of smaller ones, and its frame. */
    int MAX_MESSAGE_BYTES = 5 << 20;

    /** The two kinds of messages between two brokers, which must not wait for each other. */
    enum Way {
        /** Entries and who the controller is. Asking for entries acknowledges those before. */
        NEWS,
        /** A command to be decided: replied when it is committed, for which the same brokers' {@link #NEWS} may be needed. At most {@link Metadata#MAX_WAITING} at a time. */
        COMMANDS
    }

    CompletableFuture<byte[]> request(int broker, Way way, byte[] message, long timeoutMs);

    /** Where requests of others go from now on; before, and after {@link Handler#NONE} was set, they fail as not handled. */
    void serve(Handler handler);

    /** Called on any thread, event loops included; never blocks. */
    interface Handler {

        Handler NONE = new Handler() {
            @Override
            public CompletableFuture<byte[]> handle(int broker, byte[] message) {
                return CompletableFuture.failedFuture(new MetadataUnavailable("the metadata is closed", null));
            }

            @Override
            public void lost(int broker) {
                // Nobody is interested.
            }
        };

        /** Completes with the reply, or fails when the request was not handled. A reply may take as long as the request may wait. */
        CompletableFuture<byte[]> handle(int broker, byte[] message);

        /** The connection to a broker has ended, or it cannot be connected to: a hint that saves waiting for a time limit. */
        void lost(int broker);
    }
}
