package io.firn.gateway.peer;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.cluster.Heartbeat;
import io.firn.gateway.cluster.HeartbeatPort;
import io.firn.gateway.cluster.HeartbeatReply;
import io.firn.gateway.cluster.HeartbeatReply.Outcome;
import io.firn.gateway.wire.PeerReply;
import io.netty.channel.EventLoop;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.apache.kafka.common.message.BrokerHeartbeatRequestData;
import org.apache.kafka.common.message.BrokerHeartbeatResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.requests.BrokerHeartbeatRequest;
import org.apache.kafka.common.requests.BrokerHeartbeatResponse;

/**
 * Heartbeats as Kafka's BrokerHeartbeat on the brokers' own listener; those of a controller to itself stay in the process. What Kafka's answer has no field for, the version, is a tagged field of its own (8 bytes), with a tag far
 * from Kafka's; an answer without it is no answer of a controller.
 *
 * <p>Threading: thread-safe.
 */
public final class Heartbeats implements HeartbeatPort {

    private static final String CONNECTION = "heartbeats";
    private static final int VERSION_TAG = 10_000;

    private final int self;
    private final PeerTransport peers;
    private final EventLoop loop;
    private final Function<Heartbeat, CompletableFuture<HeartbeatReply>> ear;

    /**
     * @param peers on which nothing may hold up a heartbeat's answer
     * @param ear of this broker
     */
    public Heartbeats(int self, PeerTransport peers, EventLoop loop, Function<Heartbeat, CompletableFuture<HeartbeatReply>> ear) {
        this.self = self;
        this.peers = peers;
        this.loop = loop;
        this.ear = ear;
    }

    @Override
    public CompletableFuture<HeartbeatReply> send(int controller, Heartbeat heartbeat, long timeoutMs) {
        if (controller == self) {
            return ear.apply(heartbeat);
        }
        BrokerHeartbeatRequestData data = new BrokerHeartbeatRequestData().setBrokerId(heartbeat.broker()).setBrokerEpoch(heartbeat.epoch())
                .setCurrentMetadataOffset(heartbeat.appliedVersion()).setWantFence(heartbeat.wantsFence());
        return peers.send(controller, loop, new BrokerHeartbeatRequest.Builder(data), timeoutMs).thenApply(Heartbeats::reply);
    }

    private static HeartbeatReply reply(PeerReply answer) {
        BrokerHeartbeatResponseData data = ((BrokerHeartbeatResponse) answer.response()).data();
        answer.release().run();
        return switch (Errors.forCode(data.errorCode())) {
            case NONE -> heard(data);
            case STALE_BROKER_EPOCH -> HeartbeatReply.refused(Outcome.STALE);
            default -> HeartbeatReply.refused(Outcome.NOT_CONTROLLER);
        };
    }

    private static HeartbeatReply heard(BrokerHeartbeatResponseData data) {
        return data.unknownTaggedFields().stream().filter(field -> field.tag() == VERSION_TAG && field.size() == Long.BYTES).findFirst()
                .map(field -> new HeartbeatReply(Outcome.HEARD, data.isCaughtUp(), data.isFenced(), ByteBuffer.wrap(field.data()).getLong()))
                .orElseGet(() -> HeartbeatReply.refused(Outcome.NOT_CONTROLLER));
    }

    /**
     * Who serves BrokerHeartbeat.
     *
     * @param ended is told broker and epoch when the connection ends on which its heartbeats came
     */
    public static ApiHandler handler(Function<Heartbeat, CompletableFuture<HeartbeatReply>> ear, BiConsumer<Integer, Long> ended) {
        return request -> {
            BrokerHeartbeatRequestData data = ((BrokerHeartbeatRequest) request.body()).data();
            request.whenConnectionEnds(CONNECTION, () -> ended.accept(data.brokerId(), data.brokerEpoch()));
            ear.apply(new Heartbeat(data.brokerId(), data.brokerEpoch(), data.currentMetadataOffset(), data.wantFence())).whenComplete((reply, failed) -> answer(request, reply, failed));
        };
    }

    private static void answer(Request request, HeartbeatReply reply, Throwable failed) {
        if (failed != null) {
            request.fail(failed);
            return;
        }
        Errors error = switch (reply.outcome()) {
            case HEARD -> Errors.NONE;
            case NOT_CONTROLLER -> Errors.NOT_CONTROLLER;
            case STALE -> Errors.STALE_BROKER_EPOCH;
        };
        BrokerHeartbeatResponseData data = new BrokerHeartbeatResponseData().setErrorCode(error.code()).setIsCaughtUp(reply.caughtUp()).setIsFenced(reply.fenced());
        if (error == Errors.NONE) {
            data.unknownTaggedFields().add(new RawTaggedField(VERSION_TAG, ByteBuffer.allocate(Long.BYTES).putLong(reply.version()).array()));
        }
        request.respond(data);
    }
}
