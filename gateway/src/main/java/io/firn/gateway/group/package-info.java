/**
 * Consumer groups: Kafka's own group coordinator library over Firn's partitions. The only package that imports the library (and the KRaft metadata classes it takes), so that a new
 * Kafka release is a change here alone.
 *
 * <p>{@code Groups} is what handlers call, {@code GroupCoordination} what the broker starts and stops. The library runs on threads of its own; it reaches partitions by messages to their
 * loops, and nothing here is called on a loop except high watermark listeners, which only enqueue.
 */
package io.firn.gateway.group;
