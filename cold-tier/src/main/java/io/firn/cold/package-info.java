/**
 * The cold tier: sealed segments as immutable objects in an object store, and the numbered manifests that say which of them count.
 *
 * <p>This package is the module's public API; sub-packages are its implementation. It may import the JDK, slf4j, Micrometer,
 * the object store clients, and of kafka-clients {@code TopicIdPartition} and {@code Uuid} (and the record classes in {@code read.RecordSearch}). It knows
 * neither the network of the broker, nor the hot tier, nor membership.
 *
 * <p>Threading: everything is asynchronous and thread-safe unless a class says otherwise; nothing here runs on an event loop.
 */
package io.firn.cold;
