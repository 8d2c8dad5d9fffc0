/**
 * Replication of one partition: what a leader and a follower decide, as code without I/O, and the one class ({@link io.firn.hot.replication.Replica}) that does what they decide to a
 * {@link io.firn.hot.HotLog}. Semantics are Kafka's (KIP-101, KIP-279, KIP-392, KIP-497, KIP-595's diverging epochs, KIP-903, KIP-966's rule for the high watermark), but that a replica counts
 * with what it has made durable.
 *
 * <p>Public API of the module, beside its top package. It knows no network: requests and replies come in as values, time as an argument. Everything here is confined to the loop of its partition where a class says
 * nothing else. May import {@code io.firn.hot}, {@code io.firn.hot.epoch}, slf4j and the JDK.
 */
package io.firn.hot.replication;
