/**
 * Reading the log out of segment objects: positions, walks over batch headers, sequences of reads and what is fetched ahead for them, searches by time.
 *
 * <p>Used by {@code io.firn.cold} and {@code bucket} only; imports the JDK, {@code io.firn.cold}, {@code segment}, {@code manifest}, {@code cache}, of kafka-clients {@code TopicIdPartition}, and the
 * record classes in {@link io.firn.cold.read.RecordSearch} alone.
 *
 * <p>Threading: confined to the reads thread ({@code ColdThreads.reads}: one task at a time, on the caller's own thread where that is possible), except the entry points of {@link
 * io.firn.cold.read.ColdReads}, which bring tasks there, and what runs on {@code ColdThreads.work}: requests to the store, parsing, decompression, and the completion of callers' futures.
 */
package io.firn.cold.read;
