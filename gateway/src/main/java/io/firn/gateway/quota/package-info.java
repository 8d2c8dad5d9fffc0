/**
 * How much clients may do per second, and how many connections addresses may open: which of the quotas the cluster keeps applies, and for how long one that went over it has to be left waiting.
 *
 * <p>Used by {@code gateway.wire}, which counts, mutes and turns away, and by the handlers that change topics; knows no protocol. Of Kafka it imports only the sliding-window rate and the token
 * bucket.
 */
package io.firn.gateway.quota;
