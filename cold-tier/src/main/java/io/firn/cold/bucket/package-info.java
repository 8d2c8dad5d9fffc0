/**
 * A bucket seen by tools and readers that are no broker: which partitions it holds, the newest manifest of each, what a segment object says, and whether all of it is sound.
 *
 * <p>Nothing here writes to the store. Used by {@code io.firn.cold} only; imports the JDK, {@code io.firn.cold}, {@code segment}, {@code manifest}, {@code read}, and of kafka-clients
 * {@code TopicIdPartition} and {@code Uuid}. {@link io.firn.cold.bucket.NewestManifest} is the only place where these read a manifest.
 *
 * <p>Threading: what gives futures is asynchronous, what does not blocks on the store; each class says so.
 */
package io.firn.cold.bucket;
