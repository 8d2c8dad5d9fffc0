/**
 * How much clients may do per second: which of the quotas the cluster keeps applies to a client, and for how long one that went over it has to be left waiting.
 *
 * <p>Used by {@code gateway.wire}, which counts and mutes; knows no protocol. Of Kafka it imports only the sliding-window rate.
 */
package io.firn.gateway.quota;
