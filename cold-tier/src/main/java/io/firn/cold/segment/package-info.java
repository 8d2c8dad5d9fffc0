/**
 * The segment object: its keys, its bytes, how it is written from a sealed segment and how its indexes are searched.
 *
 * <p>Pure code but for reading the {@link io.firn.cold.SegmentSource}. Used by {@code io.firn.cold}, {@code manifest}, {@code cache} and {@code read} only; imports
 * the JDK, {@code io.firn.cold}, and of kafka-clients {@code TopicIdPartition} and {@code Uuid}. Types are immutable unless they say otherwise.
 */
package io.firn.cold.segment;
