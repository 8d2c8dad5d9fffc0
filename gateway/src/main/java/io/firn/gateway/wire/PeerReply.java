package io.firn.gateway.wire;

import org.apache.kafka.common.requests.AbstractResponse;

/**
 * Another broker's answer. Records in it ({@code ProducedRecords}) lie in the receive buffers and are valid until {@link #release}, which is called once by whoever took the reply, on any thread.
 */
public record PeerReply(AbstractResponse response, Runnable release) {}
