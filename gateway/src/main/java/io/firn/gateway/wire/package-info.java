/**
 * Kafka's framing on Vert.x and Netty: connections, requests in, responses out, and the limits on bytes in flight.
 *
 * <p>Started by the composition root; {@code gateway.partition} takes its event loops from here. Each connection is confined to its event loop. Of Firn it imports
 * {@code gateway.api}, {@code gateway.quota}, the settings, and {@code io.firn.hot} for the bytes of records; of Kafka its message and request classes.
 */
package io.firn.gateway.wire;
