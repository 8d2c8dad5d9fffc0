/**
 * What the bucket says of a topic as a whole: its name, number of partitions and configs, so that it can be brought back from the bucket alone.
 *
 * <p>Used by {@code io.firn.cold} only; imports the JDK, slf4j, {@code io.firn.cold}, {@code segment}, and of kafka-clients {@code Uuid}. Asynchronous; futures complete where the store completes its own.
 */
package io.firn.cold.topic;
