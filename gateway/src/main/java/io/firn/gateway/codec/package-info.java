/**
 * Changes the compression of produced batches, for topics whose {@code compression.type} is not {@code producer}.
 *
 * <p>For {@code partition} and {@code config}. The work is done on the pool's threads, never on an event loop; everything else is immutable. May import Kafka's
 * {@code common.compress} and the buffers it needs, {@code io.firn.hot} and the JDK.
 */
package io.firn.gateway.codec;
