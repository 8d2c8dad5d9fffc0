/**
 * What one partition knows about its idempotent and transactional producers: duplicates, sequences, epochs, open transactions,
 * the last stable offset, and Kafka's producer snapshot format.
 *
 * <p>Pure code: time comes in as an argument, snapshots as bytes. For the packages of this module only. Threading: confined to the loop of
 * the partition. May import {@code io.firn.hot}, {@code io.firn.hot.batch} and the JDK.
 */
package io.firn.hot.producer;
