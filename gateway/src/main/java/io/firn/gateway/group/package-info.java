/**
 * Consumer groups: Kafka's own group coordinator library over Firn's partitions. Only this package imports the library, but for
 * {@code gateway.share}, which takes a share group's configs from it, and {@code Broker}, which names its type.
 *
 * <p>{@code Groups} is what handlers call, {@code GroupCoordination} what the package {@code coordinator} starts and stops, on whose threads and terms everything here runs.
 */
package io.firn.gateway.group;
