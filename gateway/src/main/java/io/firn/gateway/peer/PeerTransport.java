package io.firn.gateway.peer;

import io.firn.gateway.wire.PeerReply;
import io.netty.channel.EventLoop;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.requests.AbstractRequest;

/**
 * Requests to other brokers of the cluster, by their ids.
 *
 * <p>Requests of one loop to one broker are carried out in the order they were sent, as far as they are carried out at all. Nothing is sent twice: whether to ask again is the caller's to
 * decide, who knows what asking twice does.
 *
 * <p>Threading: thread-safe.
 */
public interface PeerTransport {

    /** Of a broker without others. */
    PeerTransport ALONE = (brokerId, loop, request, timeoutMs) -> CompletableFuture.failedFuture(new DisconnectException("there is no broker " + brokerId));

    /**
     * Sends in the newest version both brokers know.
     *
     * @param loop where the answer is wanted: the future completes there
     * @param timeoutMs until the answer, connecting included
     * @return fails with {@link DisconnectException} when that broker cannot be reached, or not any more: the request may have been carried out;
     *     {@link org.apache.kafka.common.errors.TimeoutException}: the same, or too much is waiting for that broker;
     *     either as {@link io.firn.gateway.wire.NotSent}: it certainly was not;
     *     {@link org.apache.kafka.common.errors.UnsupportedVersionException}: not sent, that broker is too old or too new
     */
    CompletableFuture<PeerReply> send(int brokerId, EventLoop loop, AbstractRequest.Builder<?> request, long timeoutMs);
}
