/**
 * The manifests of a partition: which segments count, since when, and who said so.
 *
 * <p>Used by {@code io.firn.cold}, {@code read} and {@code bucket} only; imports the JDK, slf4j, {@code io.firn.cold}, {@code segment}, and of kafka-clients {@code TopicIdPartition}
 * and {@code Uuid}. Everything is asynchronous over the {@code ObjectStore} and runs on whatever thread completes its futures; it never blocks.
 */
package io.firn.cold.manifest;
