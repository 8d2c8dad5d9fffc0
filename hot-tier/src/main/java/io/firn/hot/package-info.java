/**
 * The hot tier: one partition's log on local disk, in Kafka's own file formats.
 *
 * <p>This package is the module's public API, and so is {@code io.firn.hot.replication}; the other sub-packages are its implementation. It may import only the JDK, slf4j,
 * Micrometer and, of kafka-clients, {@code TopicPartition}, {@code TopicIdPartition} and {@code Uuid} (and the record classes in {@code segment.RecordSearch}). It knows neither the
 * network, nor the object store, nor membership.
 *
 * <p>Threading: a {@link io.firn.hot.HotLog} is confined to the event loop of its partition. Nothing that may wait for the
 * disk runs there; such work goes to the bounded pools given to {@link io.firn.hot.HotStore}, and comes back as a message.
 */
package io.firn.hot;
