package io.firn.gateway.transaction;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;

/**
 * The way to the leaders of partitions whose transaction ends. A port: leaders on this broker are reached by message, those elsewhere by request.
 *
 * <p>Thread-safe; returns at once.
 */
public interface MarkerSender {

    /**
     * Has the marker written into each of its partitions; the answer is given when it is committed there, or refused, or not known to be written in a limited time. Sending the same again is
     * allowed after any answer. Never fails: an error is one of the partition it concerns.
     */
    CompletableFuture<Map<TopicPartition, Errors>> send(EndMarker marker);
}
