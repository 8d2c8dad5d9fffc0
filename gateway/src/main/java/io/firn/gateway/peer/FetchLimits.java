package io.firn.gateway.peer;

/**
 * Kafka's settings of the same meaning.
 *
 * @param maxBytes {@code replica.fetch.response.max.bytes}: records in one answer; a first batch may be larger
 * @param partitionMaxBytes {@code replica.fetch.max.bytes}: records of one partition in one answer; the same
 * @param maxWaitMs {@code replica.fetch.wait.max.ms}: how long a leader keeps a request for which it has nothing
 */
public record FetchLimits(int maxBytes, int partitionMaxBytes, int maxWaitMs) {

    public static final FetchLimits DEFAULT = new FetchLimits(10 << 20, 1 << 20, 500);
}
