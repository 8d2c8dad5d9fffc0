package io.firn.gateway.peer;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.NotSent;
import io.firn.gateway.wire.PeerLimits;
import io.firn.gateway.wire.PeerReply;
import io.firn.membership.Metadata;
import io.firn.membership.MetadataOutcomeUnknown;
import io.firn.membership.MetadataPeers;
import io.firn.membership.MetadataUnavailable;
import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.EnvelopeResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.EnvelopeRequest;
import org.apache.kafka.common.requests.EnvelopeResponse;

/**
 * Messages of the metadata, as Kafka's Envelope on the brokers' own listener. They have connections of their own, two to each broker: answers on a connection come in the order of the requests, and a command that waits for its commit must not
 * hold up the entries that are needed for it, nor may a fetch that is parked.
 *
 * <pre>
 *   request data        the message, as it is
 *   request principal   | format 1 | sender: broker 4, process 16 | receiver: process 16 |      big-endian
 *   answer              error NONE: the reply. BROKER_NOT_AVAILABLE: not handled. Anything else, or none in time: nobody knows
 * </pre>
 *
 * <p>A receiver checks that it is the process that is meant, since another one at its address might carry out what was sent to the former, and that the sender is the process the receiver knows as that broker.
 *
 * <p>Threading: thread-safe.
 */
public final class MetadataLinks implements MetadataPeers, AutoCloseable {

    /** Requests on one connection that may wait for their answers: all commands a broker forwards, and some more. */
    public static final int REQUESTS_IN_FLIGHT = 2 * Metadata.MAX_WAITING;

    /** Longest request, with what is around the message. */
    public static final int REQUEST_MAX_BYTES = MAX_MESSAGE_BYTES + 4096;

    private static final byte FORMAT = 1;
    private static final int PRINCIPAL_BYTES = 1 + Integer.BYTES + 2 * 16;
    private static final byte[] NO_ADDRESS = new byte[0];
    private static final PeerLimits LIMITS = new PeerLimits(REQUEST_MAX_BYTES, REQUESTS_IN_FLIGHT, PeerLimits.DEFAULT.connectMs());

    private final int self;
    private final Uuid process;
    private final Whereabouts whereabouts;
    private final EventLoop loop;
    private final PeerLinks news;
    private final PeerLinks commands;
    private volatile Handler handler = Handler.NONE;

    /** @param process of this broker */
    public MetadataLinks(Vertx vertx, EventLoops loops, int self, Uuid process, Whereabouts whereabouts) {
        this.self = self;
        this.process = process;
        this.whereabouts = whereabouts;
        this.loop = loops.first();
        this.news = links(vertx, loops);
        this.commands = links(vertx, loops);
    }

    private PeerLinks links(Vertx vertx, EventLoops loops) {
        return new PeerLinks(vertx, loops, broker -> whereabouts.of(broker).map(Whereabouts.Place::address), "broker-" + self + "-metadata", LIMITS, broker -> handler.lost(broker));
    }

    // ---- requests to others

    @Override
    public CompletableFuture<byte[]> request(int broker, Way way, byte[] message, long timeoutMs) {
        Optional<Whereabouts.Place> place = whereabouts.of(broker);
        if (place.isEmpty()) {
            return CompletableFuture.failedFuture(new MetadataUnavailable("broker " + broker + " is not there", null));
        }
        EnvelopeRequest.Builder envelope = new EnvelopeRequest.Builder(ByteBuffer.wrap(message), principal(place.get().process()), NO_ADDRESS);
        PeerLinks links = way == Way.COMMANDS ? commands : news;
        CompletableFuture<byte[]> reply = new CompletableFuture<>();
        links.send(broker, loop, envelope, timeoutMs).whenComplete((answer, failed) -> {
            if (failed == null) {
                take(broker, answer, reply);
            } else {
                reply.completeExceptionally(failure(broker, failed));
            }
        });
        return reply;
    }

    private byte[] principal(Uuid receiver) {
        return ByteBuffer.allocate(PRINCIPAL_BYTES).put(FORMAT).putInt(self).putLong(process.getMostSignificantBits()).putLong(process.getLeastSignificantBits())
                .putLong(receiver.getMostSignificantBits()).putLong(receiver.getLeastSignificantBits()).array();
    }

    private static void take(int broker, PeerReply answer, CompletableFuture<byte[]> reply) {
        EnvelopeResponse response = (EnvelopeResponse) answer.response();
        answer.release().run();
        if (response.error() == Errors.NONE && response.responseData() != null) {
            byte[] bytes = new byte[response.responseData().remaining()];
            response.responseData().duplicate().get(bytes);
            reply.complete(bytes);
        } else if (response.error() == Errors.BROKER_NOT_AVAILABLE) {
            reply.completeExceptionally(new MetadataUnavailable("broker " + broker + " did not take the message", null));
        } else {
            reply.completeExceptionally(new MetadataOutcomeUnknown("broker " + broker + " answered " + response.error(), null));
        }
    }

    private static RuntimeException failure(int broker, Throwable failed) {
        boolean certain = failed instanceof NotSent || failed instanceof UnsupportedVersionException;
        String message = "broker " + broker + ": " + failed.getMessage();
        return certain ? new MetadataUnavailable(message, failed) : new MetadataOutcomeUnknown(message, failed);
    }

    // ---- requests of others

    @Override
    public void serve(Handler newHandler) {
        handler = newHandler;
    }

    /** Who serves Envelope. */
    public ApiHandler envelopes() {
        return this::serve;
    }

    private void serve(Request request) {
        EnvelopeRequest envelope = (EnvelopeRequest) request.body();
        Optional<Integer> sender = sender(envelope.requestPrincipal());
        if (sender.isEmpty()) {
            request.respond(new EnvelopeResponseData().setErrorCode(Errors.BROKER_NOT_AVAILABLE.code()));
            return;
        }
        byte[] message = new byte[envelope.requestData().remaining()];
        envelope.requestData().duplicate().get(message);
        handler.handle(sender.get(), message).whenComplete((reply, failed) -> request.respond(failed == null ? new EnvelopeResponseData().setResponseData(ByteBuffer.wrap(reply))
                : new EnvelopeResponseData().setErrorCode((failed instanceof MetadataUnavailable ? Errors.BROKER_NOT_AVAILABLE : Errors.UNKNOWN_SERVER_ERROR).code())));
    }

    /** Whose message it is; empty when it is not for this process, or not of the process that is that broker. */
    private Optional<Integer> sender(byte[] principal) {
        if (principal == null || principal.length != PRINCIPAL_BYTES || principal[0] != FORMAT) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(principal, 1, PRINCIPAL_BYTES - 1);
        int broker = in.getInt();
        Uuid sender = new Uuid(in.getLong(), in.getLong());
        Uuid receiver = new Uuid(in.getLong(), in.getLong());
        return receiver.equals(process) && whereabouts.knows(broker, sender) ? Optional.of(broker) : Optional.empty();
    }

    /** Ends the connections; messages fail from here on. Blocks; not on a loop. */
    @Override
    public void close() {
        handler = Handler.NONE;
        news.close();
        commands.close();
    }
}
