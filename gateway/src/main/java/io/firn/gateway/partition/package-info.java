/**
 * The partitions this broker leads, each confined to one event loop, and the registry that finds them.
 *
 * <p>Used by {@code gateway.handler}, {@code gateway.share} and the coordinators, on any thread where a class says so, else by messages to the partition's loop; kept up to date by the metadata
 * thread. Of Firn it imports the tiers' API ({@code io.firn.retention}, {@code io.firn.hot}, {@code io.firn.cold}), the cluster view, the topics' settings, {@code gateway.codec}, and the event loops of {@code gateway.wire}.
 */
package io.firn.gateway.partition;
