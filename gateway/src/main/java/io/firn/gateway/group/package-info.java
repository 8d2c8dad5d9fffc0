/**
 * Consumer groups: Kafka's own group coordinator library over Firn's partitions. Only this package imports the library, and
 * {@code gateway.share} what it says about a share group's configs.
 *
 * <p>{@code Groups} is what handlers call, {@code GroupCoordination} what the package {@code coordinator} starts and stops, on whose threads and terms everything here runs.
 */
package io.firn.gateway.group;
